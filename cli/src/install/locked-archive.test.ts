import { rm } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import { makeProject } from "../life/testing/project.ts";

test.each(["ci", "install"])("%s: another archive in the lock is named as that, with both hashes", async (command) => {
  const project = await makeProject();
  const { dto } = await project.registry.add("acme/pdf", "1.0.0");
  await project.ok("install", "acme/pdf");
  const other = "0".repeat(64);
  await project.editLock((paks) => {
    (paks["pdf"]!["resolved"] as Record<string, unknown>)["archive"] = other;
  });
  for (const folder of [join(project.cwd, ".agents"), join(project.home, ".cache")])
    await rm(folder, { recursive: true });
  const { exit, error } = await project.json<{ error: { code: string; message: string } }>(command);
  expect({ exit, code: error.code }).toEqual({ exit: 7, code: "LOCKFILE_MISMATCH" });
  expect(error.message).toContain(`recorded the archive ${dto.archive_sha256}, the lock says ${other}.`);
});
