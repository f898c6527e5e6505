import { chown, mkdir, readdir, readFile, rename, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { beforeEach, expect, test } from "vitest";
import { exists } from "../install/installed-state.ts";
import { type Project, makeProject } from "../life/testing/project.ts";
import { runPaks } from "../testing/index.ts";
import { changeWorkspaceFile, findRoot } from "./open-workspace.ts";

let project: Project;
beforeEach(async () => {
  project = await makeProject();
  await project.registry.add("acme/pdf", "1.0.0");
});

const at = (cwd: string, ...argv: string[]) => runPaks(argv, { ...project.options, cwd });

test.skipIf(process.getuid?.() !== 0)(
  "a project of another user's is not used from below, and whose it is is said once, with the way out",
  async () => {
    await project.ok("install", "acme/pdf");
    const file = join(project.cwd, "paks.jsonc");
    const sub = join(project.cwd, "sub");
    await mkdir(sub);
    await chown(file, 4711, 4711);
    for (const argv of [["list"], ["verify"], ["install", "acme/pdf"]]) {
      const { stderr } = await at(sub, ...argv);
      expect(stderr.split(file).length, `${argv[0]}: ${stderr}`).toBe(2);
      expect(stderr).toMatch(/belongs to another user \(uid 4711; you are 0\).*run paks in .*make the file your own/);
    }
    // In its folder whoever runs paks has said that he wants it.
    const here = await project.ok("list");
    expect(here.stderr).toBe("");
    expect(here.stdout).toContain("pdf");
  },
);

test("in the home folder install makes no project, and says how to install for all; nothing is written", async () => {
  const { home } = project;
  for (const line of ["install acme/pdf", "install acme/pdf --agent claude-code"]) {
    const run = await at(home, ...line.split(" "), "--json");
    expect(run.json()).toMatchObject({ error: { code: "USAGE", hint: expect.stringContaining("--global") as string } });
  }
  expect((await readdir(home)).filter((name) => name.startsWith("paks") || name === ".agents")).toEqual([]);
  expect((await at(home, "install", "acme/pdf", "--global")).exit).toBe(0);
});

test("a home folder that is reached by a link is the same", async () => {
  const real = join(project.home, "..", "real-home");
  await rename(project.home, real);
  await symlink("real-home", project.home);
  expect((await at(real, "install", "acme/pdf")).exit).toBe(2);
  expect(await exists(join(real, "paks.jsonc"))).toBe(false);
});

test("whoever puts a paks.jsonc into his home folder has a project there, and none of those below it are in it", async () => {
  const { home } = project;
  await writeFile(join(home, "paks.jsonc"), "{}");
  expect((await at(home, "install", "acme/pdf")).exit).toBe(0);
  const before = await readFile(join(home, "paks.lock"), "utf8");
  const below = join(home, "proj");
  await mkdir(below);
  expect(await findRoot({ cwd: below, home })).toBe(below);
  await project.registry.add("acme/text", "1.0.0");
  expect((await at(below, "install", "acme/text")).exit).toBe(0);
  expect(await exists(join(below, "paks.jsonc"))).toBe(true);
  expect(await readFile(join(home, "paks.lock"), "utf8")).toBe(before);
});

test("what would make a paks.jsonc that no command can read is not written", async () => {
  const before = '{ "paks": ["acme/pdf"] }';
  await project.write("paks.jsonc", before);
  const broken = changeWorkspaceFile(project.cwd, (text) => `${text}, "acme/doc"`);
  await expect(broken).rejects.toMatchObject({
    code: "MANIFEST_INVALID",
    message: expect.stringContaining("was not changed"),
  });
  expect(await project.read("paks.jsonc")).toBe(before);
});
