import { statSync, writeFileSync } from "node:fs";
import { lstat, readdir, rmdir } from "node:fs/promises";
import { dirname, join } from "node:path";
import { removeFile } from "@paks/locks";
import { isMissing, systemErrorCode } from "@paks/schema";
import { makeOwnFolder } from "../start/make-folder-plainly.ts";
import { answersFolder } from "./answers.ts";

/** One file of the cache. */
export interface CacheFile {
  readonly path: string;
  readonly bytes: number;
  /** Milliseconds since 1970. */
  readonly usedAt: number;
}

export interface SweepOptions {
  /** The store's. What lies in the cache beside it is swept with it. */
  readonly folder: string;
  readonly maxBytes: number;
  readonly clock: () => Date;
}

const day = 86_400_000;
const stampName = "swept";

/** Once a day: what killed processes left, and of too many bytes those that were used longest ago. */
export async function sweepIfDue(options: SweepOptions): Promise<void> {
  const stamp = join(options.folder, stampName);
  const now = options.clock().getTime();
  const last = statSync(stamp, { throwIfNoEntry: false })?.mtimeMs;
  // A clock that was wrong must not put it off for years.
  if (last !== undefined && Math.abs(now - last) < day) return;
  makeOwnFolder(options.folder);
  writeFileSync(stamp, "");
  // A new store: there is nothing yet that could be too old.
  if (last !== undefined) await deleteFiles(await chooseOld(options));
}

/** Left over by killed processes, and the entries beyond the size that were used longest ago. */
export async function chooseOld({ folder, maxBytes, clock }: SweepOptions): Promise<CacheFile[]> {
  const drafts = (await Promise.all([folder, answersFolder(dirname(folder))].map(listDrafts))).flat();
  const stale = drafts.filter((one) => Math.abs(clock().getTime() - one.usedAt) > day);
  const entries = (await listEntries(folder)).sort((a, b) => b.usedAt - a.usedAt);
  let bytes = 0;
  const beyond = entries.filter((one) => (bytes += one.bytes) > maxBytes);
  return [...stale, ...beyond];
}

/** What `writeEntry` has begun there. */
const listDrafts = async (folder: string): Promise<CacheFile[]> => await listFiles(join(folder, "tmp"));

export const listEntries = async (folder: string): Promise<CacheFile[]> => await listFiles(join(folder, "h1"));

/** All files below a folder, links not followed; empty when there is no folder. */
export async function listFiles(folder: string): Promise<CacheFile[]> {
  const found: CacheFile[] = [];
  for (const entry of await readFolder(folder)) {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) found.push(...(await listFiles(path)));
    else {
      const facts = await unlessGone(lstat(path));
      if (facts !== undefined) found.push({ path, bytes: facts.size, usedAt: facts.mtimeMs });
    }
  }
  return found;
}

/** Other processes may be deleting the same. */
export async function deleteFiles(files: readonly CacheFile[]): Promise<void> {
  for (const { path } of files) await unlessGone(removeFile(path));
}

/** Folders in which nothing is left, the given one included. */
export async function deleteEmptyFolders(folder: string): Promise<void> {
  for (const entry of await readFolder(folder))
    if (entry.isDirectory()) await deleteEmptyFolders(join(folder, entry.name));
  try {
    await rmdir(folder);
  } catch (error) {
    const code = systemErrorCode(error);
    if (code !== "ENOTEMPTY" && code !== "ENOENT" && code !== "EEXIST") throw error;
  }
}

/** By name: what cannot be read or deleted is the same one each time. */
async function readFolder(folder: string) {
  const entries = (await unlessGone(readdir(folder, { withFileTypes: true }))) ?? [];
  return entries.sort((a, b) => (a.name < b.name ? -1 : 1));
}

async function unlessGone<T>(work: Promise<T>): Promise<T | undefined> {
  try {
    return await work;
  } catch (error) {
    if (isMissing(error)) return undefined;
    throw error;
  }
}
