import { randomBytes } from "node:crypto";
import { closeSync, fchmodSync, fsync, openSync, readdirSync, renameSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { promisify } from "node:util";
import { removeFileSync } from "@paks/locks";
import { fileSystemError, isOutOfHandles } from "@paks/schema";
import { eachAtOnce } from "./install/each-at-once.ts";
import { makeFolder } from "./make-folder.ts";

// Only waiting for the disk goes through Node's thread pool, where several writers wait together; the way there and back
// takes ten times as long as opening, writing or renaming a small file.
const waitForDisk = promisify(fsync);

/** Makes what was written to a folder's entries survive a power cut. Folders cannot be opened for this on Windows. */
export async function syncFolder(path: string): Promise<void> {
  if (process.platform !== "win32") await sync(path, "r");
}

/** On Windows only who may write to a file may have it synced. */
const syncFile = async (path: string): Promise<void> => await sync(path, "r+");

async function sync(path: string, flags: "r" | "r+"): Promise<void> {
  const handle = openSync(path, flags);
  try {
    await waitForDisk(handle);
  } finally {
    closeSync(handle);
  }
}

/** What was written and may still be in memory only. */
export interface Unsynced {
  readonly files: readonly string[];
  readonly folders: readonly string[];
}

/** The disk writes several files at once faster than one after the other; too many would run out of handles. */
const syncsAtOnce = 16;

/**
 * On disk when it returns. Whoever has many files writes them all before he syncs the first: while a journal is being
 * written, whoever makes a file waits for it.
 */
export async function syncAll({ files, folders }: Unsynced): Promise<void> {
  const works = [
    ...files.map((path) => () => syncFile(path)),
    ...[...new Set(folders)].map((path) => () => syncFolder(path)),
  ];
  const left: (() => Promise<void>)[] = [];
  await eachAtOnce(works, syncsAtOnce, async (work) => {
    try {
      await work();
    } catch (error) {
      if (!isOutOfHandles(error)) throw error;
      left.push(work);
    }
  });
  // Where fewer files may be open than that, one at a time does it too.
  for (const work of left) await work();
}

/** What several have written, in one go. */
export const syncTogether = async (all: readonly Unsynced[]): Promise<void> =>
  await syncAll({ files: all.flatMap(({ files }) => files), folders: all.flatMap(({ folders }) => folders) });

/** Writes a new file, which `syncAll` brings to disk; fails when something is there already, a link included. */
export function writeNewFile(path: string, bytes: Uint8Array | string, mode: number): void {
  const handle = openSync(path, "wx", mode);
  try {
    writeFileSync(handle, bytes);
    // The mode given to open is cut by the user's umask; what is installed does not depend on it.
    fchmodSync(handle, mode);
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

/** Each in one step, and none before all are on disk under other names. */
export async function replaceFiles(files: readonly NewFile[]): Promise<void> {
  const drafts = await writeDrafts(files);
  try {
    await explain(files[0]?.path ?? "", () => syncAll(drafts));
    await drafts.place();
  } catch (error) {
    drafts.drop();
    throw error;
  }
}

/** Files beside those that they are to replace. */
export interface Drafts extends Unsynced {
  /** Renames what is on disk by now, and brings that to disk too. */
  place(): Promise<void>;
  /** Removes those that were not placed. */
  drop(): void;
}

/** `replaceFiles` for those who have more to sync with them; leaves nothing when it fails. */
export async function writeDrafts(files: readonly NewFile[]): Promise<Drafts> {
  const drafts: (readonly [draft: string, path: string])[] = [];
  const drop = (): void => drafts.forEach(([draft]) => removeFileSync(draft));
  try {
    for (const file of files) await explain(file.path, async () => void drafts.push([writeDraft(file), file.path]));
  } catch (error) {
    drop();
    throw error;
  }
  const place = async (): Promise<void> => {
    for (const [draft, path] of drafts) await explain(path, async () => renameSync(draft, path));
    for (const folder of new Set(drafts.map(([, path]) => dirname(path))))
      await explain(folder, () => syncFolder(folder));
  };
  return { files: drafts.map(([draft]) => draft), folders: [], place, drop };
}

/** The same for one that is worth no waiting: a power cut may take it away or leave it empty. */
export function replaceUnsynced(file: NewFile): void {
  const draft = writeDraft(file);
  try {
    renameSync(draft, file.path);
  } catch (error) {
    removeFileSync(draft);
    throw error;
  }
}

function writeDraft({ path, bytes, mode = 0o644 }: NewFile): string {
  const folder = dirname(path);
  const draft = join(folder, `.${randomBytes(6).toString("hex")}.new`);
  makeFolder(folder);
  try {
    writeNewFile(draft, bytes, mode);
    return draft;
  } catch (error) {
    removeFileSync(draft);
    throw error;
  }
}

/** Removes what `replaceFile` left in a folder when it was killed; nobody else may be writing there. */
export function sweepDrafts(folder: string): void {
  for (const entry of readdirSync(folder, { withFileTypes: true }))
    if (/^\.[0-9a-f]{12}\.new$/.test(entry.name) && !entry.isDirectory()) removeFileSync(join(folder, entry.name));
}

/** Runs file-system work and names the place when the disk is full or cannot be written. */
export async function explain<T>(path: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    throw fileSystemError(error, path) ?? error;
  }
}
