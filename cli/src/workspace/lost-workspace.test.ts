import { existsSync } from "node:fs";
import { rm } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import { makeProject } from "../life/testing/project.ts";

test("a lock without its paks.jsonc is put right by the file itself: nothing makes a new list over the old one", async () => {
  const project = await makeProject();
  await project.registry.add("acme/pdf", "1.0.0");
  await project.registry.add("acme/text", "1.0.0");
  await project.ok("install", "acme/pdf");
  const lock = await project.read("paks.lock");
  await rm(join(project.cwd, "paks.jsonc"));
  for (const argv of [["ci"], ["install"], ["install", "acme/text"], ["install", "--frozen"], ["update"]]) {
    const { exit, stderr } = await project.paks(...argv);
    expect([exit, stderr], argv.join(" ")).toEqual([
      7,
      expect.stringContaining("paks.jsonc is missing, although paks.lock is here."),
    ]);
    expect(stderr).toContain("git checkout paks.jsonc");
  }
  expect([existsSync(join(project.cwd, "paks.jsonc")), await project.read("paks.lock")]).toEqual([false, lock]);
  await project.ok("install", "acme/text", "--no-save");
  await rm(join(project.cwd, "paks.lock"));
  await project.ok("install", "acme/text");
  expect(Object.keys((await project.lock()).paks)).toEqual(["text"]);
});
