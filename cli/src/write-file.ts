import { randomBytes } from "node:crypto";
import { closeSync, fchmodSync, fsync, openSync, renameSync, writeFileSync } from "node:fs";
import { readdir, rm } from "node:fs/promises";
import { dirname, join } from "node:path";
import { promisify } from "node:util";
import { fileSystemError } from "@paks/schema";
import { eachAtOnce } from "./install/each-at-once.ts";
import { makeFolder } from "./make-folder.ts";

// Only waiting for the disk goes through Node's thread pool, where several writers wait together; the way there and back
// takes ten times as long as opening, writing or renaming a small file.
const waitForDisk = promisify(fsync);

/** Makes what was written to a folder's entries survive a power cut. Folders cannot be opened for this on Windows. */
export async function syncFolder(path: string): Promise<void> {
  if (process.platform === "win32") return;
  const handle = openSync(path, "r");
  try {
    await waitForDisk(handle);
  } finally {
    closeSync(handle);
  }
}

/** Writes a new file and its bytes to disk; fails when something is there already, a link included. */
export async function writeNewFile(path: string, bytes: Uint8Array | string, mode: number): Promise<void> {
  const handle = openSync(path, "wx", mode);
  try {
    writeFileSync(handle, bytes);
    // The mode given to open is cut by the user's umask; what is installed does not depend on it.
    fchmodSync(handle, mode);
    await waitForDisk(handle);
  } finally {
    closeSync(handle);
  }
}

/** Replaces a file in one step: readers see the old bytes or the new ones. */
export async function replaceFile(path: string, bytes: Uint8Array | string, mode = 0o644): Promise<void> {
  await replaceFiles([{ path, bytes, mode }]);
}

export interface NewFile {
  readonly path: string;
  readonly bytes: Uint8Array | string;
  /** Default 0644. */
  readonly mode?: number;
}

/** Each in one step; their folders are synced once for all of them. */
export async function replaceFiles(files: readonly NewFile[]): Promise<void> {
  await eachAtOnce(files, writesAtOnce, async (file) => await explain(file.path, () => replaceUnsynced(file)));
  for (const folder of new Set(files.map(({ path }) => dirname(path)))) await explain(folder, () => syncFolder(folder));
}

/** The disk writes several files at once faster than one after the other; too many would run out of handles. */
export const writesAtOnce = 16;

async function replaceUnsynced({ path, bytes, mode = 0o644 }: NewFile): Promise<void> {
  const folder = dirname(path);
  const draft = join(folder, `.${randomBytes(6).toString("hex")}.new`);
  makeFolder(folder);
  try {
    await writeNewFile(draft, bytes, mode);
    renameSync(draft, path);
  } catch (error) {
    await rm(draft, { force: true });
    throw error;
  }
}

/** Removes what `replaceFile` left in a folder when it was killed; nobody else may be writing there. */
export async function sweepDrafts(folder: string): Promise<void> {
  for (const name of await readdir(folder))
    if (/^\.[0-9a-f]{12}\.new$/.test(name)) await rm(join(folder, name), { force: true });
}

/** Runs file-system work and names the place when the disk is full or cannot be written. */
export async function explain<T>(path: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    throw fileSystemError(error, path) ?? error;
  }
}
