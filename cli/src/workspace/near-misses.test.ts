import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import { makeProject } from "../life/testing/project.ts";
import { describeNearMisses } from "./near-misses.ts";

test("a key of paks.jsonc that is nearly another one of it is warned of once, and the command does its work", async () => {
  const project = await makeProject();
  await project.registry.add("acme/pdf", "1.0.0");
  await project.ok("install", "acme/pdf");
  const text =
    '{ "$schema": "x", "paks": ["acme/pdf"], "disabled": [], "agents": "*", "agent": ["x"], "disable": [], "pakss": [], "features": 1 }';
  await writeFile(join(project.cwd, "paks.jsonc"), text);
  for (const argv of [["install"], ["ci"], ["outdated"], ["verify"]]) {
    const { stderr } = await project.ok(...argv);
    expect(stderr.split("warning:").length, `${argv[0]}: ${stderr}`).toBe(2);
    expect(stderr).toContain(
      'paks.jsonc: "agent" is not a key that paks reads. Did you mean "agents"? "disable" is not a key that paks reads. Did you mean "disabled"? "pakss"',
    );
    expect(stderr).not.toMatch(/features|\$schema/);
  }
});

test("one letter too many in a key removes nothing: every command that goes by paks.jsonc refuses", async () => {
  const project = await makeProject();
  await project.registry.add("acme/pdf", "1.0.0");
  await project.ok("install", "acme/pdf");
  const before = [await project.read("paks.lock"), await project.read(".agents", "skills", "pdf", "SKILL.md")];
  const text = '{ "pakss": ["acme/pdf"] }';
  await writeFile(join(project.cwd, "paks.jsonc"), text);
  for (const argv of [["install"], ["install", "acme/pdf"], ["ci"], ["update"], ["remove", "pdf"], ["outdated"]]) {
    const { exit, stderr } = await project.paks(...argv);
    expect([exit, stderr], argv.join(" ")).toEqual([5, expect.stringContaining('there is no "paks"')]);
    expect(stderr).toContain('Did you mean "paks"?');
  }
  expect(await project.read("paks.jsonc")).toBe(text);
  expect([await project.read("paks.lock"), await project.read(".agents", "skills", "pdf", "SKILL.md")]).toEqual(before);
});

test("keys of other programs, and of older files, are nobody's typing errors", () => {
  const others = ["features", "name", "version", "description", "skills", "plugins", "mcp", "hooks", "dependencies"];
  expect(describeNearMisses([...others, "enabled", "tags", "x", ""])).toEqual([]);
  expect(describeNearMisses(["Paks", "pack", "target"]).map((one) => one.split("mean ")[1])).toEqual([
    '"paks"?',
    '"paks"?',
    '"agents"?',
  ]);
});
