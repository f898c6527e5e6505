import { mkdir, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { gitRepo } from "@paks/git/testing";
import { beforeEach, expect, onTestFinished, test } from "vitest";
import { type Project, makeProject } from "../life/testing/project.ts";

/** `--as` is a wish of the project: it stands in paks.jsonc, and the lock can be made again from it. */
let project: Project;
beforeEach(async () => {
  project = await makeProject();
  await project.registry.add("acme/pdf", "1.0.0");
});
/** Without the registry, which the first pak brings. */
const workspace = async () => (await project.read("paks.jsonc")).replace(/,\n {2}"registry": ".*"/, "");
const folders = async () => Object.keys((await project.lock()).paks);
const there = async () => (await readdir(project.skill())).filter((name) => !name.startsWith(".")).sort();
const aliased = (source: string, as: string) => `{ "source": "${source}", "as": "${as}" }`;

test("install --as writes the name down, and a lock that was deleted is made again with it", async () => {
  await project.ok("install", "acme/pdf", "--as", "forms");
  expect(await workspace()).toBe(`{\n  "paks": [\n    ${aliased("acme/pdf", "forms")},\n  ]\n}\n`);
  for (const left of ["lock", "everything"]) {
    await rm(join(project.cwd, "paks.lock"));
    if (left === "everything") await rm(join(project.cwd, ".agents"), { recursive: true });
    await project.ok("install");
    expect([await folders(), await there()], left).toEqual([["forms"], ["forms"]]);
  }
  await project.ok("ci");
  await project.ok("install", "--frozen");
});

test("a git repository, a folder and another pak of the same name keep theirs as well", async () => {
  const skill = (body: string) => `---\nname: pdf\ndescription: Reads PDF files.\n---\n${body}\n`;
  const repo = await gitRepo({ "SKILL.md": skill("git") });
  onTestFinished(() => repo.remove());
  await mkdir(join(project.cwd, "ours"));
  await project.write("ours/SKILL.md", skill("ours"));
  await project.ok("install", "acme/pdf");
  await project.ok("install", `${repo.url}#branch=main`, "--as", "pdf-git");
  await project.ok("install", "./ours", "--as", "pdf-ours");
  await rm(join(project.cwd, "paks.lock"));
  await rm(join(project.cwd, ".agents"), { recursive: true });
  await project.ok("install");
  expect(await there()).toEqual(["pdf", "pdf-git", "pdf-ours"]);
  expect(await readFile(project.skill("pdf-ours", "SKILL.md"), "utf8")).toBe(skill("ours"));
  await project.write("paks.jsonc", (await workspace()).replace("pdf-git", "pdf-hub").replace("pdf-ours", "pdf-mine"));
  await project.ok("install");
  expect([await folders(), await there()]).toEqual([
    ["pdf", "pdf-hub", "pdf-mine"],
    ["pdf", "pdf-hub", "pdf-mine"],
  ]);
});

test("update, another range, pin, rollback and why leave the name; what is named again keeps it", async () => {
  await project.registry.add("acme/pdf", "1.1.0", { files: { "notes.md": "1.1\n" } });
  await project.registry.add("acme/pdf", "2.0.0", { files: { "notes.md": "2\n" } });
  await project.ok("install", "acme/pdf@1.0.0", "--as", "forms");
  await project.ok("install", "acme/pdf@^1");
  expect(await workspace()).toContain(aliased("acme/pdf@^1", "forms"));
  await project.ok("install", "acme/pdf@^2");
  expect(await workspace()).toContain(aliased("acme/pdf@^2", "forms"));
  await project.ok("rollback", "forms");
  expect(await workspace()).toContain(aliased("acme/pdf@^1", "forms"));
  await project.ok("pin", "forms");
  await project.ok("unpin", "forms");
  await project.ok("update");
  await project.ok("install", "acme/pdf");
  expect(await workspace()).toContain(aliased("acme/pdf@^1", "forms"));
  expect([await folders(), await there()]).toEqual([["forms"], ["forms"]]);
  expect(await project.json("why", "forms")).toMatchObject({ folder: "forms", source: "acme/pdf@^1" });
  expect(await project.json("verify")).toMatchObject({ exit: 0 });
  await project.ok("ci");
});

test("another name, by flag or by hand, moves the pak; its own name takes the entry back to a plain source", async () => {
  await project.ok("install", "acme/pdf", "--as", "forms");
  await project.ok("install", "acme/pdf", "--as", "papers");
  expect([await workspace(), await there()]).toEqual([
    expect.stringContaining(aliased("acme/pdf", "papers")),
    ["papers"],
  ]);
  await project.write("paks.jsonc", (await workspace()).replace("papers", "sheets"));
  expect(await project.json("ci")).toMatchObject({ exit: 7, error: { code: "LOCKFILE_MISMATCH" } });
  expect(await project.json("install", "--frozen")).toMatchObject({ exit: 7 });
  await project.ok("install");
  expect([await folders(), await there()]).toEqual([["sheets"], ["sheets"]]);
  await project.ok("install", "acme/pdf", "--as", "pdf");
  expect([await workspace(), await there()]).toEqual(['{\n  "paks": [\n    "acme/pdf",\n  ]\n}\n', ["pdf"]]);
});

test("remove takes the whole entry, also one that is not installed; disabled understands the name", async () => {
  await project.ok("install", "acme/pdf", "--as", "forms");
  await project.ok("remove", "forms");
  expect(await workspace()).toBe('{\n  "paks": [\n  ]\n}\n');
  await project.write("paks.jsonc", `{ "paks": [${aliased("acme/pdf", "forms")}] }`);
  await project.ok("remove", "forms");
  expect(await workspace()).toBe('{ "paks": [] }');
  await project.write("paks.jsonc", `{ "paks": [${aliased("acme/pdf", "forms")}], "disabled": ["forms"] }`);
  await project.ok("install");
  expect(await folders()).toEqual([]);
});

test.each(["../../x", ".git", "con", "a/b", "A", "", 7])(
  "a name %j that a clone's file brings is refused",
  async (as) => {
    await project.write("paks.jsonc", JSON.stringify({ paks: [{ source: "acme/pdf", as }] }));
    expect(await project.json("install")).toMatchObject({ exit: 5, error: { code: "MANIFEST_INVALID" } });
    await expect(readdir(project.skill())).rejects.toThrow("ENOENT");
  },
);

test("a command that was killed between the files and the lock is ended with the name", async () => {
  await project.ok("install", "acme/pdf", "--as", "forms");
  await project.ok("install", "acme/pdf", "--as", "papers", "--no-save");
  const record = JSON.parse(await readFile(project.skill(".paks", "forms.json"), "utf8")) as object;
  const entry = (await project.lock()).paks["forms"];
  await rm(join(project.cwd, "paks.lock"));
  await rm(join(project.cwd, "paks.jsonc"));
  const work = project.skill(".paks", "work", "left");
  await mkdir(work, { recursive: true });
  const workspaceChange = { folder: "forms", entry, add: "acme/pdf", alias: true };
  const intent = { folder: "forms", aside: join(work, "old"), record, workspace: workspaceChange };
  await writeFile(join(work, "intent.json"), JSON.stringify(intent));
  await project.ok("list");
  expect(await workspace()).toContain(aliased("acme/pdf", "forms"));
});
