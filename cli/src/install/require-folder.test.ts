import { mkdir, readdir, rm, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import { runPaks, tempFolder } from "../testing/index.ts";

test.each([
  ["the skills folder is a file", [".agents"], "skills"],
  ["the folder above it is a file", [], ".agents"],
  ["the bookkeeping is a file", [".agents", "skills"], ".paks"],
])("where %s, every command says so", async (_, folders, name) => {
  const home = await tempFolder();
  const cwd = await tempFolder();
  await mkdir(join(cwd, ...folders), { recursive: true });
  await writeFile(join(cwd, ...folders, name), "");
  const skill = await tempFolder();
  await writeFile(join(skill, "SKILL.md"), "---\nname: pdf\ndescription: x\n---\n");
  for (const command of [["list"], ["install", skill], ["remove", "pdf"]]) {
    const run = await runPaks([...command, "--json"], { cwd, home });
    expect(run.json(), command[0]).toMatchObject({ error: { code: "UNSAFE_TARGET" } });
    expect(run.exit).toBe(10);
  }
});

test.each([
  ["is a file", [], ".claude", undefined],
  ["has a file in its place", [".claude"], ".claude/skills", undefined],
  ["is a link to nowhere", [".claude"], ".claude/skills", "../nowhere"],
  ["is a link to itself", [], ".claude", ".claude"],
])("where the folder of a tool %s, nothing is installed, and what was keeps working", async (_, folders, name, to) => {
  const [home, cwd] = [await tempFolder(), await tempFolder()];
  const skill = "./pdf";
  await mkdir(join(cwd, skill));
  await writeFile(join(cwd, skill, "SKILL.md"), "---\nname: pdf\ndescription: x\n---\n");
  const paks = async (...command: string[]) => await runPaks([...command, "--json"], { cwd, home });
  const spoil = async () => {
    await mkdir(join(cwd, ...folders), { recursive: true });
    await (to === undefined ? writeFile(join(cwd, name), "") : symlink(to, join(cwd, name)));
  };
  await spoil();
  const refused = await paks("install", skill, "--agent", "claude-code");
  expect(refused.json()).toMatchObject({ error: { code: "UNSAFE_TARGET" } });
  expect(refused.exit).toBe(10);
  expect((await readdir(cwd)).filter((one) => one !== ".claude")).toEqual(["pdf"]);

  await rm(join(cwd, ".claude"), { recursive: true });
  expect((await paks("install", skill, "--agent", "claude-code")).exit).toBe(0);
  await rm(join(cwd, ".claude"), { recursive: true });
  await spoil();
  expect((await paks("list")).exit).toBe(0);
  expect((await paks("verify")).json()).not.toHaveProperty("error");
  expect((await paks("ci")).json()).toMatchObject({ error: { code: "UNSAFE_TARGET" } });
  expect((await paks("remove", "pdf")).exit).toBe(0);
  expect((await paks("list")).json()).toMatchObject({ installed: [] });
});

test("a skills folder that is a link to nowhere is told as one", async () => {
  const home = await tempFolder();
  const cwd = await tempFolder();
  await mkdir(join(cwd, ".agents"));
  await symlink("nowhere", join(cwd, ".agents", "skills"));
  const run = await runPaks(["list"], { cwd, home });
  expect(run.exit).toBe(10);
  expect(run.stderr).toContain("a link that leads nowhere");
});
