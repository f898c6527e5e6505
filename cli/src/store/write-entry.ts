import { randomBytes } from "node:crypto";
import { mkdir, open, rename, rm } from "node:fs/promises";
import { dirname, join } from "node:path";

/**
 * Writes beside and renames: other processes see a whole entry or none, and of two that write the same one wins. The
 * folder's own entry is not synced: what a power cut takes away is fetched again.
 * @param folder of the cache, where drafts lie until they are whole
 */
export async function writeEntry(folder: string, path: string, bytes: Uint8Array | string): Promise<void> {
  const draft = join(folder, "tmp", randomBytes(12).toString("hex"));
  await mkdir(dirname(draft), { recursive: true, mode: 0o700 });
  await mkdir(dirname(path), { recursive: true, mode: 0o700 });
  try {
    const handle = await open(draft, "wx", 0o600);
    try {
      await handle.writeFile(bytes);
      await handle.sync();
    } finally {
      await handle.close();
    }
    await rename(draft, path);
  } catch (error) {
    await rm(draft, { force: true });
    throw error;
  }
}
