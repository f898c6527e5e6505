import { mkdir, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { type GitRepo, gitRepo } from "@paks/git/testing";
import { beforeEach, expect, onTestFinished, test } from "vitest";
import { type Project, makeProject } from "./testing/project.ts";

/** What git and folders no longer have, beside a pak that has a newer version. */
let project: Project;
beforeEach(async () => {
  project = await makeProject();
  await project.registry.add("acme/pdf", "1.0.0");
});
const skill = (body: string, name = "csv") => `---\nname: ${name}\ndescription: Reads CSV files.\n---\n${body}\n`;

async function repository(tags: readonly string[]): Promise<GitRepo> {
  const repo = await gitRepo({ "SKILL.md": skill("one") }, tags);
  onTestFinished(() => repo.remove());
  return repo;
}
async function change(repo: GitRepo, body: string): Promise<void> {
  await repo.write({ "SKILL.md": skill(body) });
  await repo.commit(body);
}
const release = () => project.registry.add("acme/pdf", "1.1.0");
const csv = async () => (await project.lock()).paks["csv"];
const pdf = async () => (await project.lock()).paks["pdf"]?.version;

test.each([
  ["without a selector", "", "TAG_NOT_FOUND"],
  ["a range", "#version=^1", "VERSION_NOT_FOUND"],
  ["the tag", "#tag=v1.0.0", "TAG_NOT_FOUND"],
])("a release whose tag was deleted stays as it is locked, and that is said: %s", async (_name, fragment, code) => {
  const repo = await repository(["v1.0.0"]);
  await project.ok("install", `${repo.url}${fragment}`, "acme/pdf");
  const before = await csv();
  await repo.git("tag", "-d", "v1.0.0");
  // Without a new commit, and with one.
  for (const body of [undefined, "two"]) {
    if (body !== undefined) await change(repo, body);
    const run = await project.paks("update", "csv", "--dry-run");
    expect([run.exit, run.stderr]).toEqual([3, expect.stringContaining(`error[${code}]`)]);
    const all = await project.paks("update");
    expect([all.exit, all.stderr]).toEqual([3, expect.stringContaining("csv stays as it is: ")]);
    expect(all.stderr).toContain(`[${code}]`);
    expect(all.stdout).toContain("✗ csv was not updated.");
    expect(await csv()).toEqual(before);
  }
  await release();
  expect(await project.json("update")).toMatchObject({ exit: 3, failed: { code }, updated: [{ name: "acme/pdf" }] });
  expect([await csv(), await pdf()]).toEqual([before, "1.1.0"]);
  await project.ok("ci");
});

test("outdated says that the tag is gone and offers no commit of the branch", async () => {
  const repo = await repository(["v1.0.0"]);
  await project.ok("install", repo.url, "acme/pdf");
  await repo.git("tag", "-d", "v1.0.0");
  await change(repo, "two");
  expect(await project.json("outdated")).toMatchObject({
    exit: 3,
    outdated: [],
    others: [{ name: "csv", state: "unknown", error: { code: "TAG_NOT_FOUND" } }, { name: "acme/pdf" }],
  });
  const { stdout, stderr } = await project.paks("outdated");
  expect(stdout).toContain("no longer has the tag v1.0.0 of csv");
  expect(stdout + stderr).toContain(`paks install ${repo.url}#branch=main`);
});

test("naming it says so as well, and naming the branch takes the branch", async () => {
  const repo = await repository(["v1.0.0"]);
  await project.ok("install", repo.url);
  await repo.git("tag", "-d", "v1.0.0");
  expect(await project.json("install", repo.url)).toMatchObject({ exit: 3, error: { code: "TAG_NOT_FOUND" } });
  await project.ok("install", `${repo.url}#branch=main`);
  expect(await csv()).toMatchObject({ resolved: { branch: "main" } });
});

test("a tag of a name that a branch has as well never becomes the branch", async () => {
  const repo = await repository(["stable"]);
  await project.ok("install", `${repo.url}#stable`);
  await repo.git("branch", "stable");
  await repo.git("tag", "-d", "stable");
  expect((await project.paks("update")).exit).toBe(3);
  expect(await csv()).toMatchObject({ resolved: { tag: "stable" } });
});

test("the next release is taken where the locked tag was deleted, and a pinned one is not looked at", async () => {
  const repo = await repository(["v1.0.0"]);
  await project.ok("install", repo.url);
  await repo.git("tag", "-d", "v1.0.0");
  await project.ok("pin", "csv");
  await project.ok("update");
  await project.ok("unpin", "csv");
  await change(repo, "two");
  await repo.tag("v1.1.0");
  await project.ok("update");
  expect(await csv()).toMatchObject({ version: "1.1.0", resolved: { tag: "v1.1.0" } });
});

test("outdated says of a tag that was moved what update says, and offers nothing", async () => {
  const repo = await repository(["v1.0.0"]);
  await project.ok("install", repo.url, "acme/pdf");
  await change(repo, "two");
  await repo.git("tag", "-f", "v1.0.0");
  expect(await project.json("outdated")).toMatchObject({
    exit: 7,
    outdated: [],
    others: [{ name: "csv", error: { code: "TAG_MOVED" } }, { name: "acme/pdf" }],
  });
  const run = await project.paks("update");
  expect([run.exit, run.stderr]).toEqual([7, expect.stringContaining("paks remove csv")]);
});

test("a folder that was deleted keeps no other pak back", async () => {
  await mkdir(join(project.cwd, "src", "csv"), { recursive: true });
  await project.write("src/csv/SKILL.md", skill("one"));
  await project.ok("install", "./src/csv", "acme/pdf");
  const before = await csv();
  await release();
  await rm(join(project.cwd, "src"), { recursive: true });
  expect(await project.json("outdated", "csv")).toMatchObject({ exit: 3, error: { code: "PAK_NOT_FOUND" } });
  await project.ok("update", "pdf");
  const run = await project.paks("update");
  expect([run.exit, run.stderr]).toEqual([
    3,
    expect.stringContaining("./src/csv, which csv was installed from, is gone"),
  ]);
  expect([await csv(), await pdf()]).toEqual([before, "1.1.0"]);
  expect((await project.paks("update", "csv")).exit).toBe(3);
});

test("for all projects: a tag that was deleted and a folder that is gone are said, and the others are updated", async () => {
  const repo = await repository(["v1.0.0"]);
  const source = join(project.home, "doc");
  await mkdir(source);
  await writeFile(join(source, "SKILL.md"), skill("doc", "doc"));
  await project.ok("install", repo.url, "acme/pdf", source, "-g");
  await release();
  await repo.git("tag", "-d", "v1.0.0");
  await rm(source, { recursive: true });
  expect(await project.json("outdated", "-g")).toMatchObject({
    outdated: [{ name: "acme/pdf" }],
    others: [
      { error: { code: "TAG_NOT_FOUND" } },
      { error: { code: "PAK_NOT_FOUND", hint: expect.stringContaining("paks remove doc -g") } },
    ],
  });
  expect(await project.json("outdated", "csv", "-g")).toMatchObject({ exit: 3 });
  expect(await project.json("update", "-g")).toMatchObject({ exit: 3, updated: [{ name: "acme/pdf" }] });
});
