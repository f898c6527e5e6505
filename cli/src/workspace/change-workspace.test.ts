import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { gitLab, gitRepo } from "@paks/git/testing";
import { beforeEach, expect, onTestFinished, test } from "vitest";
import { type Project, makeProject } from "../life/testing/project.ts";
import { runPaks } from "../testing/index.ts";
import { changeWorkspace } from "./change-workspace.ts";

let project: Project;
beforeEach(async () => {
  project = await makeProject();
});
const list = (...lines: string[]): string =>
  ["{", '  "paks": [', ...lines, "  ],", '  "features": 1', "}", ""].join("\n");

test("another range takes the place of the one before: its comment and its rank stay, and a rollback goes back there", async () => {
  for (const name of ["csv", "pdf", "text"])
    for (const version of ["0.3.0", "0.3.2"]) await project.registry.add(`acme/${name}`, version);
  const text = (pdf: string, other: string) =>
    list(
      '    "acme/csv@0.3.0",',
      "    // decided in March",
      `    "acme/pdf@${pdf}", // keep me: team decision 42`,
      `    { "source": "acme/text@${other}", /* renamed */ "as": "words" },`,
    );
  await project.write("paks.jsonc", text("0.3.0", "0.3.0"));
  await project.ok("install");
  const before = await project.read("paks.jsonc");
  await project.ok("install", "acme/pdf@0.3.2", "acme/text@0.3.2");
  expect(await project.read("paks.jsonc")).toBe(
    before.replace("acme/pdf@0.3.0", "acme/pdf@0.3.2").replace("acme/text@0.3.0", "acme/text@0.3.2"),
  );
  expect((await project.lock()).paks).toMatchObject({ pdf: { version: "0.3.2" }, words: { version: "0.3.2" } });
  await project.ok("rollback", "pdf");
  await project.ok("rollback", "words");
  expect(await project.read("paks.jsonc")).toBe(before);
});

test("a change that is made again, or after another one of its command, changes nothing more", async () => {
  await project.write("paks.jsonc", list('    "acme/csv", // a', '    "acme/pdf@^1", // b', '    "acme/text" // c'));
  const change = { folder: "pdf", entry: null, add: "acme/pdf@^2", drop: ["acme/pdf@^1"], replaces: ["acme/pdf@^1"] };
  const other = { folder: "text", entry: null, drop: ["acme/text"] };
  await changeWorkspace(project.cwd, [change, other]);
  const after = list('    "acme/csv", // a', '    "acme/pdf@^2" // b');
  expect(await project.read("paks.jsonc")).toBe(after);
  for (const one of [[change], [other], [change, other]]) await changeWorkspace(project.cwd, one);
  expect(await project.read("paks.jsonc")).toBe(after);
});

test("a pak of a repository keeps its place under another address, and one that takes its folder does not get it", async () => {
  const skill = (name: string) => `---\nname: ${name}\ndescription: Does ${name}.\n---\n`;
  const repo = await gitRepo({ "skills/pdf/SKILL.md": skill("pdf"), "other/pdf/SKILL.md": skill("pdf") });
  onTestFinished(() => repo.remove());
  await project.registry.add("acme/csv", "1.0.0");
  await project.ok("install", `${repo.url}#branch=main&path=skills/pdf`, "acme/csv");
  const before = (await project.read("paks.jsonc")).replace('skills/pdf",', 'skills/pdf", // why');
  expect(before).toContain("// why");
  await project.write("paks.jsonc", before);
  await project.ok("install", `${repo.url}#commit=${await repo.git("rev-parse", "HEAD")}&path=skills/pdf`);
  const after = await project.read("paks.jsonc");
  expect(after).toBe(before.replace(/#[^"]*skills\/pdf/, /#[^"]*/.exec(after)![0]));
  expect(after).toContain("commit=");
  await project.ok("install", `${repo.url}#branch=main&path=other/pdf`, "--force");
  const last = await project.read("paks.jsonc");
  expect(last).not.toContain("// why");
  expect(last.indexOf("acme/csv")).toBeLessThan(last.indexOf("other/pdf"));
});

test("of two pages of one repository each keeps its own place and comment, in whatever order they are named", async () => {
  const skill = (name: string) => `---\nname: ${name}\ndescription: Does ${name}.\n---\n`;
  const lab = await gitLab();
  onTestFinished(() => lab.close());
  const repo = await lab.repo("mono", { "a/pdf/SKILL.md": skill("pdf"), "a/csv/SKILL.md": skill("csv") });
  await repo.git("push", "-q", "origin", "main:refs/heads/dev");
  const page = (branch: string, name: string) => `${lab.server.url}/mono.git/tree/${branch}/a/${name}`;
  const environment = { ...project.options.environment, PAKS_GIT_PROTOCOLS: "http" };
  const install = async (...argv: string[]) => {
    const run = await runPaks(["install", ...argv], { ...project.options, environment });
    expect(run.exit, run.stdout + run.stderr).toBe(0);
  };
  await install(page("main", "pdf"), page("main", "csv"));
  const before = (await project.read("paks.jsonc")).replaceAll(/a\/(\w+)",/g, 'a/$1", // of $1');
  expect(before.match(/\/\/ of/g)).toHaveLength(2);
  await project.write("paks.jsonc", before);
  await install(page("dev", "csv"), page("dev", "pdf"));
  expect(await project.read("paks.jsonc")).toBe(before.replaceAll("tree=main", "tree=dev"));
});

test("a command that was killed between the files and the lock is ended with the new entry in its place", async () => {
  for (const version of ["1.0.0", "2.0.0"]) await project.registry.add("acme/pdf", version);
  await project.registry.add("acme/csv", "1.0.0");
  await project.ok("install", "acme/pdf@^1", "acme/csv");
  const before = (await project.read("paks.jsonc")).replace("^1", "^2");
  await project.ok("install", "acme/pdf@^2");
  const entry = (await project.lock()).paks["pdf"];
  const record: unknown = JSON.parse(await project.read(".agents", "skills", ".paks", "pdf.json"));
  await project.write("paks.jsonc", before.replace('^2",', '^1", // why'));
  const work = project.skill(".paks", "work", "left");
  await mkdir(work, { recursive: true });
  const old = ["acme/pdf@^1"];
  const workspace = { folder: "pdf", entry, add: "acme/pdf@^2", alias: false, drop: old, replaces: old };
  const intent = { folder: "pdf", aside: join(work, "old"), record, workspace };
  await writeFile(join(work, "intent.json"), JSON.stringify(intent));
  await project.ok("install");
  expect(await project.read("paks.jsonc")).toBe(before.replace('^2",', '^2", // why'));
});
