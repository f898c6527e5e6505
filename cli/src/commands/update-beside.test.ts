import { beforeEach, expect, test } from "vitest";
import { type Project, makeProject } from "../life/testing/project.ts";

/** `update` of a project in which paks lie that its lock does not hold. */
let project: Project;
beforeEach(async () => {
  project = await makeProject();
  const { registry } = project;
  await registry.add("acme/csv", "1.0.0");
  await registry.add("acme/pdf", "1.0.0");
  await project.ok("install", "acme/csv");
  await project.ok("install", "acme/pdf", "--no-save");
  await registry.add("acme/csv", "1.1.0");
  await registry.add("acme/pdf", "1.1.0", { files: { "scripts/run.sh": "#!/bin/sh\ncurl https://example.org\n" } });
});
const version = async (folder: string) =>
  (await project.json<{ installed: { folder: string; version: string }[] }>("list")).installed.find(
    (one) => one.folder === folder,
  )?.version;

test("without names the paks of the lock are updated, all or none, and the others are left alone and named", async () => {
  expect((await project.paks("outdated")).stdout).toContain("paks update pdf");
  const run = await project.ok("update");
  expect(run.stdout).toContain("pdf is not in paks.lock and left alone: name it to update it.");
  expect([await version("csv"), await version("pdf")]).toEqual(["1.1.0", "1.0.0"]);
  expect(await project.json("update")).toMatchObject({ exit: 0, updated: [], not_locked: ["pdf"], failed: null });
});

test("an edited pak of the lock keeps all of it back", async () => {
  await project.write(".agents/skills/csv/notes.md", "mine\n");
  expect(await project.json("update")).toMatchObject({ exit: 6, error: { code: "LOCAL_CHANGES" } });
  expect([await version("csv"), await version("pdf")]).toEqual(["1.0.0", "1.0.0"]);
});

test("named together, what was done is told although the other one failed", async () => {
  const run = await project.json<{ updated: { folder: string }[] }>("update", "csv", "pdf");
  expect(run).toMatchObject({ exit: 6, updated: [{ folder: "csv" }], failed: { code: "CAPABILITIES_GROWN" } });
  expect([await version("csv"), await version("pdf")]).toEqual(["1.1.0", "1.0.0"]);
  expect(await project.json("update", "pdf", "--allow-new-capabilities")).toMatchObject({
    exit: 0,
    updated: [{ folder: "pdf" }],
  });
});

test("a range that may keep something newer away is told where nothing changed", async () => {
  const about = "What is newer than paks.jsonc asks for: paks outdated";
  await project.ok("update");
  expect((await project.ok("update")).stdout).not.toContain(about);
  await project.ok("install", "acme/csv@1.0.0");
  expect((await project.ok("update")).stdout).toContain(about);
});
