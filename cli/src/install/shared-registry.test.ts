import { existsSync } from "node:fs";
import { mkdir, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { parseWorkspace } from "@paks/schema/workspace";
import { beforeEach, expect, test } from "vitest";
import { type Project, makeProject } from "../life/testing/project.ts";
import { runPaks } from "../testing/index.ts";

/** A teammate has the project's files, and none of the variables and configuration of who made them. */
let project: Project;
beforeEach(async () => {
  project = await makeProject();
  await project.registry.add("acme/text", "1.0.0");
  await project.registry.add("other/pdf", "1.0.0");
});
const teammate = (...argv: string[]) => runPaks(argv, { ...project.options, environment: {} });
const config = async (text: string) => {
  await mkdir(join(project.home, ".config/paks"), { recursive: true });
  await writeFile(join(project.home, ".config/paks/config.toml"), text);
};

test("a new paks.jsonc names the registry that a variable chose, and a teammate's ci goes there", async () => {
  await project.ok("install", "acme/text", "other/pdf");
  expect(parseWorkspace(await project.read("paks.jsonc"), "paks.jsonc")).toMatchObject({
    paks: ["acme/text", "other/pdf"],
    registry: project.registry.url,
  });
  await rm(join(project.cwd, ".agents"), { recursive: true });
  const run = await teammate("ci", "--no-cache");
  expect([run.exit, run.stderr]).toEqual([0, expect.not.stringContaining("paks.stakpak.dev")]);
});

test("so does one that gets its first pak of a registry, whose comments stay, by a flag or the configuration", async () => {
  await writeFile(join(project.cwd, "paks.jsonc"), '{\n  // ours\n  "paks": [],\n  "agents": ["roo"]\n}\n');
  await config(`default_registry = "work"\n[registries.work]\nurl = "${project.registry.url}/"\n`);
  expect(await teammate("install", "acme/text")).toMatchObject({ exit: 0 });
  expect(await project.read("paks.jsonc")).toBe(
    `{\n  // ours\n  "paks": [\n    "acme/text",\n  ],\n  "agents": ["roo"],\n  "registry": "${project.registry.url}"\n}\n`,
  );
});

test("what it says already stays, also a name, and so does one that has done without", async () => {
  for (const [text, argv] of [
    [`{ "paks": [], "registry": "${project.registry.url}/" }`, ["acme/text"]],
    ['{ "paks": ["other/pdf"] }', ["acme/text"]],
  ] as const) {
    await writeFile(join(project.cwd, "paks.jsonc"), text);
    await project.ok("install", ...argv);
    expect(await project.read("paks.jsonc")).toBe(
      text.replace("[]", '["acme/text"]').replace('f"]', 'f", "acme/text"]'),
    );
  }
});

test("an account that its user has mapped himself stays his own, and what is not saved writes nothing", async () => {
  await config(`[registries.work]\nurl = "${project.registry.url}"\naccounts = ["acme"]\n`);
  expect(await teammate("install", "acme/text")).toMatchObject({ exit: 0 });
  expect(await project.read("paks.jsonc")).toBe('{\n  "paks": [\n    "acme/text",\n  ]\n}\n');
  await rm(join(project.cwd, "paks.jsonc"));
  await rm(join(project.cwd, "paks.lock"));
  await project.ok("install", "other/pdf", "--no-save");
  expect(existsSync(join(project.cwd, "paks.jsonc"))).toBe(false);
});

test("a lock of a registry that nothing names here is refused with both ways to name it", async () => {
  await project.ok("install", "acme/text");
  await writeFile(join(project.cwd, "paks.jsonc"), '{ "paks": ["acme/text"] }');
  const run = await teammate("ci");
  expect(run.exit).toBe(7);
  expect(run.stderr).toContain(`"registry": "${project.registry.url}" in paks.jsonc`);
  expect(run.stderr).toContain(`paks registry add <name> ${project.registry.url} --account acme`);
});
