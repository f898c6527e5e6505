import { mkdir, rm, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { type GitRepo, gitRepo } from "@paks/git/testing";
import { beforeEach, expect, onTestFinished, test } from "vitest";
import { type Project, makeProject } from "../life/testing/project.ts";
import { serveNpm } from "../testing/index.ts";

let project: Project;
beforeEach(async () => {
  project = await makeProject();
});
const skill = (body: string) => `---\nname: csv\ndescription: Reads CSV files.\n---\n${body}\n`;

/** `csv` in two versions, in a folder of a repository that has another pak as well. */
async function repository(): Promise<GitRepo> {
  const other = { "skills/pdf/SKILL.md": skill("pdf").replace("csv", "pdf") };
  const repo = await gitRepo({ ...other, "skills/csv/SKILL.md": skill("one") }, ["v1.0.0"]);
  onTestFinished(() => repo.remove());
  await repo.write({ "skills/csv/SKILL.md": skill("two") });
  await repo.commit("Second");
  await repo.tag("v1.1.0");
  return repo;
}

/** The same as a package. */
async function npmPackage(): Promise<void> {
  const npm = await serveNpm();
  await writeFile(join(project.home, ".npmrc"), `registry=${npm.url}/\n`);
  npm.add("1.0.0", { "skills/csv/SKILL.md": skill("one") });
  npm.add("1.1.0", { "skills/csv/SKILL.md": skill("two") });
}

const fromOneToTwo = { exit: 0, before: { version: "1.0.0" }, after: { version: "1.1.0" } };
const fromTwoToOne = { exit: 0, before: { version: "1.1.0" }, after: { version: "1.0.0" } };

test("of a git repository: a source and another version, whichever way the first says its folder", async () => {
  const { url } = await repository();
  for (const first of [`${url}#tag=v1.0.0&path=skills/csv`, `${url}#ref=v1.0.0&path=skills/csv`])
    expect(await project.json("diff", first, "1.1.0")).toMatchObject(fromOneToTwo);
  const { stdout } = await project.ok("diff", `${url}#tag=v1.0.0&path=skills/csv`, "^1");
  expect(stdout).toContain("-one\n+two");
});

test("of git: what is installed and another version, and two that are not installed", async () => {
  const { url } = await repository();
  await project.ok("install", `${url}#path=skills/csv`, "--as", "tables");
  expect(await project.json("diff", "tables", "1.0.0")).toMatchObject(fromTwoToOne);
  expect(await project.json("diff", "csv", "1.0.0")).toMatchObject(fromTwoToOne);
  expect(await project.json("diff", "tables@1.0.0", "1.1.0")).toMatchObject(fromOneToTwo);
  expect(await project.json("diff", "tables", `${url}#tag=v1.0.0&path=skills/csv`)).toMatchObject(fromTwoToOne);
  expect(await project.json("diff", "tables", "9.0.0")).toMatchObject({
    exit: 3,
    error: { code: "VERSION_NOT_FOUND" },
  });
});

test("of npm: a source and another version, and what is installed", async () => {
  await npmPackage();
  expect(await project.json("diff", "npm:skills@1.0.0", "1.1.0")).toMatchObject(fromOneToTwo);
  await project.ok("install", "npm:skills");
  expect(await project.json("diff", "csv", "1.0.0")).toMatchObject(fromTwoToOne);
  expect(await project.json("diff", "csv@1.0.0", "1.1.0")).toMatchObject(fromOneToTwo);
});

test("an edited pak is compared as it was released", async () => {
  const { url } = await repository();
  await project.ok("install", `${url}#path=skills/csv`);
  await writeFile(project.skill("csv", "SKILL.md"), skill("mine"));
  expect((await project.ok("diff", "csv", "1.0.0")).stdout).toContain("-two\n+one");
});

test("a repository of this machine that only a lock names is not read, whichever way the pak is named", async () => {
  const { url } = await repository();
  await project.ok("install", `${url}#path=skills/csv`);
  await writeFile(project.skill("csv", "SKILL.md"), skill("mine"));
  await rm(join(project.home, ".local", "state"), { recursive: true });
  await project.ok("cache", "clean");
  const refused = { exit: 5, error: { code: "PROTOCOL_NOT_ALLOWED", details: { repository: url } } };
  for (const asked of [["csv"], ["csv", "1.0.0"], ["csv@1.0.0", "1.1.0"], ["csv@1.0.0", "./.agents/skills/csv"]])
    expect(await project.json("diff", ...asked), asked.join(" ")).toMatchObject(refused);
  // Whoever names it himself may.
  expect(await project.json("diff", `${url}#tag=v1.0.0&path=skills/csv`, "1.1.0")).toMatchObject(fromOneToTwo);
});

test("what stands behind the @ of an installed pak is a version as a whole, or refused", async () => {
  const { url } = await repository();
  await project.ok("install", `${url}#path=skills/csv`);
  expect(await project.json("diff", "csv@v1.0.0", "1.1.0")).toMatchObject(fromOneToTwo);
  for (const selector of ["", "1.0.0@2"])
    expect(await project.json("diff", `csv@${selector}`, "1.1.0")).toMatchObject({
      exit: 5,
      error: { code: "INVALID_PARAMETER", message: `"${selector}" is not a version, range or channel.` },
    });
});

test("a folder has no versions, and that is said", async () => {
  await repository();
  for (const first of ["./csv", "../csv"])
    expect(await project.json("diff", first, "1.0.0")).toMatchObject({ exit: 2, error: { code: "USAGE" } });
});

test("what is installed counts, also where another version is locked", async () => {
  await project.registry.add("acme/text", "1.0.0");
  await project.registry.add("acme/text", "1.1.0");
  await project.registry.add("acme/text", "2.0.0");
  await project.ok("install", "acme/text");
  await project.ok("install", "acme/text@1.0.0", "--no-save");
  expect(await project.json("diff", "text", "1.1.0")).toMatchObject(fromOneToTwo);
  expect(await project.json("diff", "text")).toMatchObject({ exit: 0, before: { version: "1.0.0" }, files: [] });
});

/** `csv` in a folder that is in no project. */
async function outsideFolder(): Promise<string> {
  const path = join(dirname(project.cwd), "csv");
  await mkdir(path);
  await writeFile(join(path, "SKILL.md"), skill("one"));
  return path;
}

test("what the user installed from a folder outside the project is compared with it, in every kind of place", async () => {
  const path = await outsideFolder();
  const places = [
    { where: [], folder: project.skill("csv") },
    { where: ["--dir", "own"], folder: join(project.cwd, "own", "csv") },
    { where: ["--global"], folder: join(project.home, ".agents", "skills", "csv") },
  ];
  for (const { where, folder } of places) {
    await project.ok("install", path, ...where);
    expect(await project.json("diff", "csv", ...where), where[0]).toMatchObject({ exit: 0, files: [] });
    await writeFile(join(folder, "SKILL.md"), skill("mine"));
    expect((await project.ok("diff", "csv", ...where)).stdout, where[0]).toContain("-one\n+mine");
    expect((await project.ok("diff", "csv", path, ...where)).stdout, where[0]).toContain("hold the same files");
  }
});

test("what a folder outside does not hold any more is said with a command that works", async () => {
  const path = await outsideFolder();
  await project.ok("install", path);
  await writeFile(join(path, "SKILL.md"), skill("two"));
  expect(await project.json("diff", "csv")).toMatchObject({ exit: 0, files: [] });
  await writeFile(project.skill("csv", "SKILL.md"), skill("mine"));
  const run = await project.json<{ error: { hint: string } }>("diff", "csv");
  expect(run).toMatchObject({ exit: 3, error: { code: "VERSION_NOT_FOUND", details: { path } } });
  const [, command = ""] = /: paks (.*)$/.exec(run.error.hint) ?? [];
  expect((await project.ok(...command.split(" "))).stdout).toContain("-mine\n+two");
});

test("a folder outside that only a record names is not read", async () => {
  const path = await outsideFolder();
  await project.ok("install", path);
  await rm(join(project.home, ".local", "state"), { recursive: true });
  expect(await project.json("diff", "csv")).toMatchObject({ exit: 0, files: [] });
  await writeFile(project.skill("csv", "SKILL.md"), skill("mine"));
  const refused = { exit: 5, error: { code: "PROTOCOL_NOT_ALLOWED", details: { path } } };
  for (const asked of [["csv"], ["csv", "./.agents/skills/csv"]])
    expect(await project.json("diff", ...asked), asked.join(" ")).toMatchObject(refused);
  await project.ok("install", path, "--force");
  expect(await project.json("diff", "csv")).toMatchObject({ exit: 0, files: [] });
});
