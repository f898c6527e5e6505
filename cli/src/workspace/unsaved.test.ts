import { mkdir, readdir, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { beforeEach, expect, test } from "vitest";
import { type Project, addVersions, makeProject } from "../life/testing/project.ts";

/** What is installed without being written down: folders of this machine, and `--no-save`. */
let project: Project;
beforeEach(async () => {
  project = await makeProject();
  const { registry } = project;
  await addVersions(project, "acme/text", ["1.0.0", "1.1.0", "2.0.0"]);
  await registry.add("acme/pdf", "1.0.0", { dependencies: { "acme/text": "^1.0" } });
  await registry.add("acme/csv", "1.0.0", { dependencies: { "acme/text": "^2" } });
});
const there = async () => (await readdir(project.skill())).filter((name) => !name.startsWith(".")).sort();
const folders = async () => Object.keys((await project.lock()).paks);
const installedVersion = async () => (await project.read(".agents/skills/text/notes.md")).trim();

async function makeOutside(): Promise<void> {
  const out = join(project.cwd, "..", "out");
  await mkdir(out);
  await writeFile(
    join(out, "SKILL.md"),
    '---\nname: out\ndescription: Comes from elsewhere.\ndependencies: ["acme/text@^1"]\n---\n',
  );
}

test("what only a folder outside the project needs is installed and not locked", async () => {
  await makeOutside();
  await project.ok("install", "acme/csv@1.0.0", "--no-save");
  await rm(join(project.cwd, ".agents"), { recursive: true });
  const run = await project.ok("install", "../out");
  expect(run.stdout).toContain("do not name it");
  expect(await there()).toEqual(["out", "text"]);
  await expect(project.lock()).rejects.toThrow("ENOENT");
  await project.write("paks.jsonc", "{}");
  await project.ok("install");
  expect(await there()).toEqual(["out", "text"]);
});

test("a lock stays what the project asks for, and ci and --frozen agree with it", async () => {
  await makeOutside();
  await project.registry.add("acme/own", "1.0.0");
  await project.ok("install", "acme/own");
  await project.ok("install", "../out");
  expect(await folders()).toEqual(["own"]);
  await project.ok("ci");
  await project.ok("install", "--frozen");
  expect(await there()).toEqual(["out", "own", "text"]);
});

test("what the project needs as well stays locked", async () => {
  await makeOutside();
  await project.ok("install", "acme/pdf");
  const before = await project.read("paks.lock");
  await project.ok("install", "../out");
  expect(await project.read("paks.lock")).toBe(before);
  await project.ok("ci");
});

test("--no-save heeds what the project asks for", async () => {
  await project.ok("install", "acme/text@1.0.0");
  const refused = await project.json<{ error: { code: string; message: string } }>("install", "--no-save", "acme/csv");
  expect(refused).toMatchObject({ exit: 6, error: { code: "DEPENDENCY_CONFLICT" } });
  expect(refused.error.message).toContain("acme/csv@1.0.0 → acme/text@^2");
  expect(await there()).toEqual(["text"]);
  expect(await installedVersion()).toBe("1.0.0");
  await project.ok("install", "--no-save", "acme/pdf");
  expect(await installedVersion()).toBe("1.0.0");
  expect(await there()).toEqual(["pdf", "text"]);
});

test("--no-save tries another version of what the project has, and places nothing else of the project", async () => {
  await project.registry.add("acme/own", "1.0.0");
  await project.ok("install", "acme/text@1.0.0", "acme/own");
  const before = await project.read("paks.lock");
  await rm(project.skill("own"), { recursive: true });
  await project.ok("install", "--no-save", "acme/text@2.0.0");
  expect([await installedVersion(), await there()]).toEqual(["2.0.0", ["text"]]);
  await rm(project.skill("text"), { recursive: true });
  await project.ok("install", "--no-save", "acme/pdf");
  expect([await installedVersion(), await there()]).toEqual(["1.0.0", ["pdf", "text"]]);
  expect(await project.read("paks.lock")).toBe(before);
});

test("a lock that has what only an unsaved folder needs loses it, and the folder keeps it", async () => {
  await makeOutside();
  await project.registry.add("acme/own", "1.0.0");
  await project.ok("install", "acme/pdf@1.0.0", "acme/own");
  await project.write("paks.jsonc", '{ "paks": ["acme/own"] }');
  await project.editLock((paks) => delete paks["pdf"]);
  expect(await project.json("install", "../out", "--frozen")).toMatchObject({ exit: 7 });
  await project.ok("install", "../out");
  expect([await folders(), await there()]).toEqual([["own"], ["out", "own", "pdf", "text"]]);
  await project.ok("ci");
  await project.ok("install");
  expect(await there()).toContain("text");
});

test("a dependency of what is not saved leaves a locked pak as it is, or is refused", async () => {
  const { registry } = project;
  await registry.add("acme/old", "1.0.0", { dependencies: { "acme/text": "^1.0" } });
  await registry.add("acme/old", "0.9.0", { dependencies: { "acme/text": ">=1" } });
  await project.ok("install", "acme/text");
  await project.ok("pin", "text");
  const before = await project.read("paks.lock");
  const refused = await project.json<{ error: { message: string } }>("install", "--no-save", "acme/old@1.0.0");
  expect(refused).toMatchObject({ exit: 6, error: { code: "DEPENDENCY_CONFLICT" } });
  expect(refused.error.message).toContain("paks.lock → acme/text@2.0.0");
  // Another version of it will do.
  await project.ok("install", "--no-save", "acme/old");
  await expect(project.read(".agents/skills/old/SKILL.md")).resolves.toContain("0.9.0");
  expect([await installedVersion(), await project.read("paks.lock")]).toEqual(["2.0.0", before]);
});

test("what was locked before paks.jsonc was changed keeps nothing unsaved away", async () => {
  await project.ok("install", "acme/text@1.0.0");
  await project.write("paks.jsonc", '{ "paks": ["acme/text@^2"] }');
  await project.ok("install", "--no-save", "acme/csv");
  expect(await installedVersion()).toBe("2.0.0");
});
