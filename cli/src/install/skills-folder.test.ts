import { mkdir, readdir, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import { tempFolder } from "../testing/index.ts";
import { bookkeeping } from "./record.ts";
import { recoverIfNeeded } from "./skills-folder.ts";

test("an empty folder to work in is nothing unfinished: whoever only reads takes no lock", async () => {
  const project = await tempFolder();
  const { base, work } = bookkeeping(join(project, ".agents", "skills"));
  await mkdir(work, { recursive: true });
  const before = await stat(base);
  await recoverIfNeeded(join(project, ".agents", "skills"), { boundary: project, note: () => undefined });
  expect((await stat(base)).mtimeMs).toBe(before.mtimeMs);
  await mkdir(join(work, "left"));
  await recoverIfNeeded(join(project, ".agents", "skills"), { boundary: project, note: () => undefined });
  expect(await readdir(work)).toEqual([]);
});

test("a draft of the lock that a killed command left goes with the next one, though that only reads", async () => {
  const project = await tempFolder();
  const skillsFolder = join(project, ".agents", "skills");
  const { base, lock } = bookkeeping(skillsFolder);
  await mkdir(base, { recursive: true });
  await writeFile(`${lock}.${2 ** 22 + 1}-a`, "");
  await recoverIfNeeded(skillsFolder, { boundary: project, note: () => undefined });
  expect(await readdir(base)).toEqual([]);
});
