import { cp, lstat, mkdir, readFile, readlink, rm, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { beforeEach, expect, test } from "vitest";
import { type Project, makeProject } from "../life/testing/project.ts";

/** Links that came with the project: somebody else committed them, and this machine has not got the tool. */
let project: Project;
beforeEach(async () => {
  project = await makeProject();
  await project.registry.add("acme/csv-tools", "1.0.0");
  await mkdir(join(project.home, ".claude"));
  await project.ok("install", "acme/csv-tools");
  await rm(join(project.home, ".claude"), { recursive: true });
});
const link = () => join(project.cwd, ".claude/skills/csv-tools");
const isThere = (path = link()) =>
  lstat(path).then(
    () => true,
    () => false,
  );
const links = async () => {
  const record = JSON.parse(await readFile(project.skill(".paks/csv-tools.json"), "utf8")) as { links: string[] };
  return record.links;
};
const listed = async () => (await project.json<{ installed: { agents: string[] }[] }>("list")).installed[0]?.agents;

test.each([
  ["all skills are ignored by git", ".agents"],
  ["their records are ignored by git", ".agents/skills/.paks"],
])("a committed link is taken over by ci, listed, and goes with its pak: %s", async (_why, ignored) => {
  await rm(join(project.cwd, ignored), { recursive: true });
  await project.ok("ci");
  expect(await readlink(link())).toBe("../../.agents/skills/csv-tools");
  expect(await links()).toEqual(["../../.claude/skills/csv-tools"]);
  expect(await listed()).toEqual(["claude-code"]);
  await project.ok("remove", "csv-tools");
  expect(await isThere()).toBe(false);
});

test("also by install, and one that came after the record was written", async () => {
  await rm(join(project.cwd, ".agents"), { recursive: true });
  await rm(join(project.cwd, ".claude"), { recursive: true });
  await project.ok("install");
  expect(await links()).toEqual([]);
  await mkdir(join(project.cwd, ".roo/skills"), { recursive: true });
  await symlink("../../.agents/skills/csv-tools", join(project.cwd, ".roo/skills/csv-tools"));
  expect(await listed()).toEqual(["roo"]);
  await project.ok("install");
  expect(await links()).toEqual(["../../.roo/skills/csv-tools"]);
});

test("what the last pull brought goes with the pak, without an install between them", async () => {
  await rm(join(project.cwd, ".agents"), { recursive: true });
  await rm(join(project.cwd, ".claude"), { recursive: true });
  await project.ok("ci");
  await mkdir(join(project.cwd, ".claude/skills"), { recursive: true });
  await symlink("../../.agents/skills/csv-tools", link());
  await writeFile(join(project.cwd, "paks.jsonc"), "{}\n");
  await project.ok("install");
  expect([await isThere(), await isThere(project.skill("csv-tools"))]).toEqual([false, false]);
});

test("neither what leads elsewhere, nor a copy, nor a link at no tool's place is taken over", async () => {
  await rm(join(project.cwd, ".agents"), { recursive: true });
  await rm(join(project.cwd, ".claude"), { recursive: true });
  await mkdir(join(project.cwd, "mine"));
  await mkdir(join(project.cwd, "data/skills"), { recursive: true });
  await symlink("../../mine", join(project.cwd, "data/skills/csv-tools"));
  await mkdir(join(project.cwd, "other/skills"), { recursive: true });
  await symlink("../../.agents/skills/csv-tools", join(project.cwd, "other/skills/csv-tools"));
  await project.ok("ci");
  await mkdir(join(project.cwd, "skills"));
  await cp(project.skill("csv-tools"), join(project.cwd, "/skills/csv-tools"), { recursive: true });
  await project.ok("ci");
  expect([await links(), await listed()]).toEqual([[], []]);
  await project.ok("remove", "csv-tools");
  expect(await readlink(join(project.cwd, "data/skills/csv-tools"))).toBe("../../mine");
  expect(await isThere(join(project.cwd, "other/skills/csv-tools"))).toBe(true);
  expect(await isThere(join(project.cwd, "skills/csv-tools"))).toBe(true);
});

test("a tool's folder that leads out of the project holds none of its links", async () => {
  await rm(join(project.cwd, ".agents"), { recursive: true });
  await rm(join(project.cwd, ".claude"), { recursive: true });
  const outside = join(project.home, "dotfiles");
  await mkdir(join(outside, "skills"), { recursive: true });
  await symlink(project.skill("csv-tools"), join(outside, "skills/csv-tools"));
  await symlink(outside, join(project.cwd, ".roo"));
  await project.ok("ci");
  expect(await links()).toEqual([]);
  await project.ok("remove", "csv-tools");
  expect(await isThere(join(outside, "skills/csv-tools"))).toBe(true);
});

test("a link of a tool that paks.jsonc leaves out goes, as one that was made here does", async () => {
  await rm(join(project.cwd, ".agents"), { recursive: true });
  await writeFile(join(project.cwd, "paks.jsonc"), JSON.stringify({ paks: ["acme/csv-tools"], agents: ["roo"] }));
  const run = await project.ok("install");
  expect(run.stdout).toContain(`no longer in ${join(".claude", "skills", "csv-tools")}`);
  expect([await isThere(), await links()]).toEqual([false, ["../../.roo/skills/csv-tools"]]);
});
