import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import { makeProject } from "../life/testing/project.ts";
import { describeNearMisses } from "./near-misses.ts";

test("a key of paks.jsonc that is nearly a known one is warned of once, and the command does its work", async () => {
  const project = await makeProject();
  await project.registry.add("acme/pdf", "1.0.0");
  await project.ok("install", "acme/pdf");
  const text =
    '{ "$schema": "x", "paks": ["acme/pdf"], "agent": ["claude"], "regstry": "x", "disable": ["y"], "features": 1 }';
  await writeFile(join(project.cwd, "paks.jsonc"), text);
  for (const argv of [["install"], ["ci"], ["outdated"], ["verify"]]) {
    const { stderr } = await project.ok(...argv);
    expect(stderr.split("warning:").length, `${argv[0]}: ${stderr}`).toBe(2);
    expect(stderr).toContain(
      'paks.jsonc: "agent" is not a key that paks reads. Did you mean "agents"? "regstry" is not a key that paks reads. Did you mean "registry"? "disable"',
    );
    expect(stderr).not.toMatch(/features|\$schema/);
  }
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
