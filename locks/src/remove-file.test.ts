import { existsSync } from "node:fs";
import { mkdtemp, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { removeFile, removeFileSync } from "./remove-file.ts";

async function tempFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), "paks-remove-"));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  return folder;
}

test.each([
  ["removeFile", removeFile],
  ["removeFileSync", async (path: string) => removeFileSync(path)],
])("%s removes a file and a link, not what it leads to, and says the system's error", async (_name, remove) => {
  const folder = await tempFolder();
  const [file, link, kept] = [join(folder, "file"), join(folder, "link"), join(folder, "kept")];
  for (const path of [file, kept]) await writeFile(path, "");
  await symlink(kept, link);
  for (const path of [file, link, join(folder, "never")]) await remove(path);
  expect([file, link, kept].map((path) => existsSync(path))).toEqual([false, false, true]);
  // On Windows a path through a file is one where nothing is.
  const through = await Promise.resolve(remove(join(kept, "below"))).then(String, String);
  expect(through).toMatch(process.platform === "win32" ? "undefined" : /^Error: ENOTDIR/);
});
