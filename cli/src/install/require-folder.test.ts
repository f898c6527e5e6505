import { mkdir, symlink, writeFile } from "node:fs/promises";
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

test("a skills folder that is a link to nowhere is told as one", async () => {
  const home = await tempFolder();
  const cwd = await tempFolder();
  await mkdir(join(cwd, ".agents"));
  await symlink("nowhere", join(cwd, ".agents", "skills"));
  const run = await runPaks(["list"], { cwd, home });
  expect(run.exit).toBe(10);
  expect(run.stderr).toContain("a link that leads nowhere");
});
