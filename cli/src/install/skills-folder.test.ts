import { mkdir, readdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import { tempFolder } from "../testing/index.ts";
import { bookkeeping } from "./record.ts";
import { recoverIfNeeded } from "./skills-folder.ts";

test("a draft of the lock that a killed command left goes with the next one, though that only reads", async () => {
  const project = await tempFolder();
  const skillsFolder = join(project, ".agents", "skills");
  const { base, lock } = bookkeeping(skillsFolder);
  await mkdir(base, { recursive: true });
  await writeFile(`${lock}.${2 ** 22 + 1}-a`, "");
  await recoverIfNeeded(skillsFolder, { boundary: project, note: () => undefined });
  expect(await readdir(base)).toEqual([]);
});
