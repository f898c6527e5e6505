import { mkdir, readdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { beforeEach, expect, test } from "vitest";
import { type Project, makeProject } from "../life/testing/project.ts";
import { exists } from "./installed-state.ts";

let project: Project;
beforeEach(async () => {
  project = await makeProject();
  await project.registry.add("acme/pdf", "1.0.0");
  await project.registry.add("acme/doc", "1.0.0");
});
const left = async () => (await readdir(project.cwd, { recursive: true })).sort();

test("with the last pak every folder goes that paks made", async () => {
  await project.ok("install", "acme/pdf", "acme/doc", "--agent", "claude-code", "--no-save");
  await project.ok("remove", "pdf");
  expect(await exists(join(project.cwd, ".claude", "skills", "doc"))).toBe(true);
  await project.ok("remove", "doc");
  expect(await left()).toEqual([]);
});

test("folders that were there before stay, empty or not", async () => {
  await mkdir(join(project.cwd, ".claude"));
  await mkdir(project.skill("mine"), { recursive: true });
  await project.ok("install", "acme/pdf", "--agent", "claude-code", "--no-save");
  await project.ok("remove", "pdf");
  expect(await left()).toEqual([".agents", ".agents/skills", ".agents/skills/mine", ".claude"]);
});

test("what somebody put into a folder of ours keeps it", async () => {
  await project.ok("install", "acme/pdf", "--agent", "claude-code", "--no-save");
  await writeFile(join(project.cwd, ".claude", "settings.json"), "{}");
  await project.ok("remove", "pdf");
  expect(await left()).toEqual([".claude", ".claude/settings.json"]);
});

test("a backup stays when everything else is gone", async () => {
  await project.ok("install", "acme/pdf", "--no-save");
  await writeFile(project.skill("pdf", "SKILL.md"), "mine");
  await project.ok("remove", "pdf", "--force");
  expect(await readdir(project.skill("..", ".paks", "backups"))).toEqual([
    ".gitignore",
    expect.stringMatching(/^pdf-/),
  ]);
});

test("a stranger's list of folders removes nothing outside the project, and not the project", async () => {
  const outside = join(project.home, "empty");
  await mkdir(outside);
  await mkdir(join(project.cwd, "mine"));
  await project.ok("install", "acme/pdf", "--no-save");
  const { symlink } = await import("node:fs/promises");
  await symlink(project.home, join(project.cwd, "link"));
  const list = [join(outside), "../../../home/empty", "../..", "../../../..", "../../link/empty", 1, null];
  await writeFile(project.skill(".paks", "made"), JSON.stringify(list));
  await project.ok("remove", "pdf");
  expect(await exists(outside)).toBe(true);
  expect(await exists(project.cwd)).toBe(true);
});

test("installs that wait while the last pak goes end well", async () => {
  for (let round = 0; round < 5; round += 1) {
    await project.ok("install", "acme/pdf", "--no-save");
    const runs = await Promise.all([
      project.paks("remove", "pdf"),
      project.paks("install", "acme/doc", "--no-save"),
      project.paks("install", "acme/doc", "--no-save"),
    ]);
    expect(runs.map(({ exit, stderr }) => [exit, stderr])).toEqual([
      [0, ""],
      [0, ""],
      [0, ""],
    ]);
    await project.ok("remove", "doc");
    // An install that waited beside the list of made folders does not know who made those above it.
    expect((await left()).filter((path) => path !== ".agents" && path !== ".agents/skills")).toEqual([]);
  }
});
