import { randomBytes } from "node:crypto";
import { renameSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { removeFile } from "@paks/locks";
import { makeOwnFolder } from "../start/make-folder-plainly.ts";

/**
 * Writes beside and renames: other processes see a whole entry or none, and of two that write the same one wins. Nothing
 * waits for the disk: what a power cut takes away or cuts short is seen by whoever reads it, and fetched again.
 * @param folder of the cache, where drafts lie until they are whole
 */
export async function writeEntry(folder: string, path: string, bytes: Uint8Array | string): Promise<void> {
  const draft = join(folder, "tmp", randomBytes(12).toString("hex"));
  for (const one of [dirname(draft), dirname(path)]) makeOwnFolder(one);
  try {
    writeFileSync(draft, bytes, { flag: "wx", mode: 0o600 });
    renameSync(draft, path);
  } catch (error) {
    await removeFile(draft);
    throw error;
  }
}
