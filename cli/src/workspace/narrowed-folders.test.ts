import { cp, mkdir, readdir, rm, symlink, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { beforeEach, expect, test } from "vitest";
import { type Project, makeProject } from "../life/testing/project.ts";
import { runPaks, tempFolder } from "../testing/index.ts";

const skill = (name: string, more = "") =>
  `---\nname: ${name}\ndescription: Does it. Use it for tests.\n---\n${more}\n`;

let project: Project;
beforeEach(async () => {
  project = await makeProject();
});

async function write(path: string, text: string): Promise<void> {
  await mkdir(dirname(join(project.cwd, path)), { recursive: true });
  await writeFile(join(project.cwd, path), text);
}
const fill = (folder: string, more?: string) => write(`${folder}/SKILL.md`, skill(folder.replace(/^.*\//, ""), more));
const sources = async () => [...(await project.read("paks.jsonc")).matchAll(/"(\.[^"]*)"/g)].map(([, text]) => text);
const resolved = async () => Object.values((await project.lock()).paks).map((entry) => [entry.source, entry.resolved]);
const skills = () => readdir(project.skill()).then((names) => names.filter((name) => name !== ".paks"));

/** What another machine has: the project without what was installed into it. */
async function clone() {
  const cwd = await tempFolder();
  await cp(project.cwd, cwd, { recursive: true, filter: (path) => !path.endsWith("/.agents") });
  return (...argv: string[]) => runPaks(argv, { ...project.options, cwd });
}

/** As versions before this one wrote it: the folder that was typed, and the one that was found in it. */
async function widen(from: string, to: string): Promise<void> {
  for (const file of ["paks.jsonc", "paks.lock"])
    await project.write(file, (await project.read(file)).replaceAll(`"${from}"`, `"${to}"`));
}

test.each([
  { typed: "./skills", folder: "skills/ours" },
  { typed: "./lib/", folder: "lib/skills/ours" },
  { typed: "./plugins", folder: "plugins/tools/skills/ours" },
  { typed: ".", folder: "ours" },
  { typed: "../project", folder: "ours" },
])("the only pak below $typed is written down as its own folder, which every command takes", async (of) => {
  const { typed, folder } = of;
  await fill(folder);
  await project.ok("install", typed);
  expect(await sources()).toEqual([`./${folder}`]);
  expect(await resolved()).toEqual([[`./${folder}`, { type: "local", path: folder }]]);
  for (const command of ["install", "ci", "outdated", "verify", "list"]) await project.ok(command);
  const there = await clone();
  for (const command of ["ci", "verify"]) expect(await there(command)).toMatchObject({ exit: 0 });
  await fill(folder, "more");
  await project.ok("update");
  expect(await project.read(".agents", "skills", "ours", "SKILL.md")).toContain("more");
  await project.ok("rollback", "ours");
  await project.ok("install", typed);
  await project.ok("remove", "ours");
  expect([await sources(), (await project.lock()).paks]).toEqual([[], {}]);
});

test("another pak beside it changes nothing for the one that was chosen", async () => {
  await fill("skills/ours");
  await project.ok("install", "./skills");
  await fill("skills/other");
  for (const command of ["install", "ci", "update"]) await project.ok(command);
  expect(await skills()).toEqual(["ours"]);
});

test("a person in a folder of the project chooses among several, and others are named as they are typed there", async () => {
  await fill("below/many/a");
  await fill("below/many/b");
  const options = { ...project.options, cwd: join(project.cwd, "below") };
  await project.write("paks.jsonc", "{}");
  const refused = await runPaks(["install", "./many", "./many/a", "--json"], options);
  expect(refused.json()).toMatchObject({
    error: { code: "AMBIGUOUS_MANIFEST", details: { source: "./many", sources: ["./many/a", "./many/b"] } },
  });
  const run = await runPaks(["install", "./many"], { ...options, terminal: true, stdin: [" \u001b[B \r"] });
  expect(run.exit, run.stderr).toBe(0);
  expect(await sources()).toEqual(["./below/many/a", "./below/many/b"]);
});

test("what an earlier version wrote of a folder above is taken, and narrowed when the pak is named again", async () => {
  await fill("skills/ours");
  await project.ok("install", "./skills");
  await widen("./skills/ours", "./skills");
  for (const command of ["install", "ci", "outdated", "verify", "list"]) await project.ok(command);
  expect(await (await clone())("ci")).toMatchObject({ exit: 0 });
  await fill("skills/ours", "more");
  await project.ok("update");
  await project.ok("rollback", "ours");
  expect(await sources()).toEqual(["./skills"]);
  await project.ok("install", "./skills");
  expect(await sources()).toEqual(["./skills/ours"]);
  await project.ok("remove", "ours");
});

test("a pak that was moved below the folder that is named has no state before it", async () => {
  await fill("skills/ours");
  await project.ok("install", "./skills");
  await widen("./skills/ours", "./skills");
  await rm(join(project.cwd, "skills"), { recursive: true });
  await write("skills/more/ours/SKILL.md", skill("ours", "moved"));
  await project.ok("install", "--force");
  expect(await resolved()).toEqual([["./skills", { type: "local", path: "skills/more/ours" }]]);
  for (const command of ["ci", "verify", "update"]) await project.ok(command);
  expect((await project.paks("rollback", "ours")).exit).not.toBe(7);
});

test("which pak of a folder is meant is not for the lock to choose", async () => {
  await fill("skills/ours");
  await project.ok("install", "./skills");
  await fill("skills/evil");
  await widen("./skills/ours", "./skills");
  const several = await (await clone())("ci");
  expect([several.exit, several.stderr]).toEqual([5, expect.stringContaining("Write the ones that are meant into")]);
  expect(several.stderr).toContain("holds 2 paks: evil, ours");

  // A folder that no discovery would find, with its own digest.
  await rm(join(project.cwd, "skills", "evil"), { recursive: true });
  await fill("skills/dist/evil");
  await project.ok("install", "--no-save", "./skills/dist/evil");
  const record = JSON.parse(await project.read(".agents", "skills", ".paks", "evil.json")) as { digest: string };
  await project.editLock((paks) => {
    paks["ours"]!["resolved"] = { type: "local", path: "skills/dist/evil" };
    paks["ours"]!["digest"] = record.digest;
  });
  const other = await (await clone())("ci");
  expect([other.exit, other.stderr]).toEqual([7, expect.stringContaining("the pak in ./skills is now skills/ours")]);
});

test("a folder of the project that leads outside it is refused, whichever pak the lock names below it", async () => {
  const outside = await tempFolder();
  await mkdir(join(outside, "ours"));
  await writeFile(join(outside, "ours", "SKILL.md"), skill("ours"));
  await fill("skills/ours");
  await project.ok("install", "./skills");
  await widen("./skills/ours", "./skills");
  await rm(join(project.cwd, "skills"), { recursive: true });
  await symlink(outside, join(project.cwd, "skills"));
  await rm(project.skill(), { recursive: true });
  for (const command of ["ci", "install"]) expect(await project.paks(command)).toMatchObject({ exit: 10 });
});

test("the whole project is no source that paks.jsonc can have, and that is said", async () => {
  await project.write("paks.jsonc", '{ "paks": ["./"] }');
  const { exit, stderr } = await project.paks("install");
  expect([exit, stderr]).toEqual([5, expect.stringContaining("asks for ./, which is the whole project")]);
});
