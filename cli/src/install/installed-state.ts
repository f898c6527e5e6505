import { lstatSync } from "node:fs";
import { lstat, readFile } from "node:fs/promises";
import { join } from "node:path";
import {
  PaksError,
  contentDigest,
  defaultLimits,
  isPaksError,
  sha256Hex,
  isMissing,
  systemErrorCode,
} from "@paks/schema";
import { isCompiledPython, isLeftByTools } from "./left-by-tools.ts";
import { listFolder } from "./read-folder.ts";
import { readOwnFile } from "./read-own-file.ts";
import { type InstallRecord, bookkeeping, parseRecord, unreadableRecord } from "./record.ts";

/** What stands at one place of a skills folder. */
export type InstalledState =
  | { readonly state: "absent"; readonly record: InstallRecord | undefined }
  /** Something that paks did not put there. */
  | { readonly state: "foreign"; readonly record: undefined }
  | ({ readonly state: "intact"; readonly record: InstallRecord } & Beside)
  /** `changed` names the files that differ, are missing or were added. */
  | ({ readonly state: "edited"; readonly record: InstallRecord; readonly changed: readonly string[] } & Beside);

/** What is no edit, as nobody loses anything when it goes. */
interface Beside {
  /** Compiled Python that no record lists. */
  readonly compiled: readonly string[];
  /** Files that can be run; to be held against a record with `listOtherModes`. */
  readonly executable: ReadonlySet<string>;
}

/** Of the files that a record lists, which lie there: its own word on its digest may be somebody else's. */
export function recordedDigest({ files }: InstallRecord): string {
  try {
    return contentDigest(files);
  } catch (error) {
    // The same path twice.
    if (isPaksError(error, "UNSAFE_PATH")) return "none";
    throw error;
  }
}

export interface FolderChanges extends Beside {
  readonly changed: readonly string[];
}

export async function readInstalledState(skillsFolder: string, folder: string): Promise<InstalledState> {
  const record = await findRecord(skillsFolder, folder);
  const target = join(skillsFolder, folder);
  if (!(await exists(target))) return { state: "absent", record };
  if (!record) return { state: "foreign", record };
  const { changed, ...beside } = await readChanges(target, record);
  return changed.length === 0
    ? { state: "intact", record, ...beside }
    : { state: "edited", record, changed, ...beside };
}

/** Throws INTEGRITY_MISMATCH for a record that cannot be read, or is another folder's. */
export async function findRecord(skillsFolder: string, folder: string): Promise<InstallRecord | undefined> {
  const path = bookkeeping(skillsFolder).record(folder);
  const text = await readOwnFile(path);
  if (text === undefined) return undefined;
  const record = parseRecord(text, path);
  if (record.folder === folder) return record;
  throw unreadableRecord(path);
}

/** True for anything at this path, a link that leads nowhere included. */
export async function exists(path: string): Promise<boolean> {
  try {
    // Not through the thread pool, which takes twenty times as long: an install asks for the homes of 81 tools.
    return lstatSync(path, { throwIfNoEntry: false }) !== undefined;
  } catch (error) {
    if (isNothing(error)) return false;
    throw error;
  }
}

/** Also where a file, or a link in a circle, lies in the way: below it there is nothing. */
export const isNothing = (error: unknown): boolean => isMissing(error) || systemErrorCode(error) === "ELOOP";

/** Names of files that are not as `record` says. Link targets are not looked at: a link is a change. */
export const listChanges = async (target: string, record: InstallRecord): Promise<readonly string[]> =>
  (await readChanges(target, record)).changed;

/** The same with what is no change. */
export async function readChanges(target: string, record: InstallRecord): Promise<FolderChanges> {
  try {
    return await compareFiles(target, record);
  } catch (error) {
    // Whoever looks without the folder's lock may see how another command takes it away.
    if (isNothing(error instanceof PaksError ? error.cause : error)) return noFolder;
    throw error;
  }
}

const noFolder: FolderChanges = { changed: ["."], compiled: [], executable: new Set() };

async function compareFiles(target: string, record: InstallRecord): Promise<FolderChanges> {
  if (!(await lstat(target)).isDirectory()) return noFolder;
  // A folder may have been filled with anything since; one file too many says enough. Python leaves one for each of its
  // versions.
  const limits = { ...defaultLimits, files: 4 * Math.max(defaultLimits.files, record.files.length) };
  const entries = await listFolder(target, { limits });
  const present = new Map(entries.map((entry) => [entry.path, entry]));
  const changed: string[] = [];
  for (const file of record.files) {
    const mode = present.get(file.path)?.mode;
    present.delete(file.path);
    if (mode === undefined || !mode.startsWith("100") || !(await hasBytes(join(target, file.path), file)))
      changed.push(file.path);
  }
  const added = [...present.values()];
  const pathsOf = (some: readonly { readonly path: string }[]) => some.map(({ path }) => path);
  return {
    changed: [...changed, ...pathsOf(added.filter((one) => !isLeftByTools(one)))].sort(),
    compiled: pathsOf(added.filter(isCompiledPython)).sort(),
    executable: new Set(pathsOf(entries.filter(({ mode }) => mode === "100755"))),
  };
}

async function hasBytes(path: string, file: { readonly size: number; readonly sha256: string }): Promise<boolean> {
  if ((await lstat(path)).size !== file.size) return false;
  return sha256Hex(await readFile(path)) === file.sha256;
}
