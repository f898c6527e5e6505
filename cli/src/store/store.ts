import { lstatSync, readFileSync, utimesSync } from "node:fs";
import { rm } from "node:fs/promises";
import { join } from "node:path";
import {
  type ReleaseFile,
  defaultLimits,
  describeFiles,
  isPaksError,
  makeArchive,
  maxArchiveBytes,
  readArchive,
  sha256Hex,
  systemErrorCode,
} from "@paks/schema";
import { writeEntry } from "./write-entry.ts";

export interface StoreOptions {
  /** Absolute; made when something is put there. */
  readonly folder: string;
  /** False: what is kept is not used, and is kept anew. */
  readonly read: boolean;
  readonly maxBytes: number;
  readonly clock: () => Date;
  /** Told of entries that are broken, and once of a store that cannot be used. */
  readonly note: (text: string) => void;
  readonly debug: (text: string) => void;
}

export interface FindOptions {
  /** SHA-256 of the release's archive, when it is known. The digest does not cover which files are executable. */
  readonly archive?: string | undefined;
}

/**
 * Releases by digest, shared by all projects and all paks processes of a user. What comes out has been checked like
 * what comes from a registry: the store is a faster place, not a trusted one. A store that cannot be read or written
 * is like an empty one.
 */
export interface Store {
  /** The files with this digest; undefined when they are not here. An entry that is not what it says is deleted. */
  find(digest: string, options?: FindOptions): Promise<readonly ReleaseFile[] | undefined>;
  /** Keeps verified files; false: they could not be kept. */
  put(digest: string, files: readonly ReleaseFile[]): Promise<boolean>;
  /** Keeps the archive of a release, whose digest the caller has verified. */
  putArchive(digest: string, archive: Uint8Array): Promise<boolean>;
}

export function openStore(options: StoreOptions): Store {
  let swept = false;
  const onFailure = tellOnce(options);
  const putArchive = async (digest: string, archive: Uint8Array): Promise<boolean> => {
    const written = await orNothing({ ...options, onFailure }, () => keep(options.folder, digest, archive));
    if (written === undefined || swept) return written === true;
    swept = true;
    const { sweepIfDue } = await import("./sweep.ts");
    await orNothing(options, () => sweepIfDue(options));
    return true;
  };
  return {
    find: async (digest, { archive } = {}) => {
      if (!options.read) return undefined;
      const path = entryPath(options.folder, digest);
      const found = await orNothing(options, () => readEntry(path));
      return found === undefined ? undefined : await check(options, { digest, archive, path, ...found });
    },
    put: async (digest, files) => await putArchive(digest, await makeArchive(files)),
    putArchive,
  };
}

/** The name says which layout and which digest: another layout gets another folder, and programs of both can share. */
export function entryPath(folder: string, digest: string): string {
  const hex = Buffer.from(digest.slice("h1:".length), "base64").toString("hex");
  if (!digest.startsWith("h1:") || hex.length !== 64) throw new TypeError("not a digest");
  return join(folder, "h1", hex.slice(0, 2), `${hex.slice(2)}.tar.gz`);
}

interface Entry {
  readonly digest: string;
  readonly archive: string | undefined;
  readonly path: string;
  readonly bytes: Uint8Array;
  readonly usedAt: number;
}

async function check(
  options: StoreOptions,
  { digest, archive, path, bytes, usedAt }: Entry,
): Promise<readonly ReleaseFile[] | undefined> {
  const files = await readFiles(bytes);
  if (files !== undefined && describeFiles(files).digest === digest) {
    // The same files with other modes: another archive of the same digest. Whoever asks fetches his own.
    if (archive !== undefined && sha256Hex(bytes) !== archive) return undefined;
    await orNothing(options, () => markUsed(path, usedAt, options.clock()));
    return files;
  }
  options.note(`An entry of the store was damaged and is deleted: ${path}`);
  await orNothing(options, () => rm(path, { recursive: true, force: true }));
  return undefined;
}

async function readFiles(bytes: Uint8Array): Promise<ReleaseFile[] | undefined> {
  try {
    return await readArchive(bytes);
  } catch (error) {
    if (isPaksError(error)) return undefined;
    throw error;
  }
}

/** Not through the thread pool: for a hundred small files the way there and back takes longer than reading them. */
async function readEntry(path: string): Promise<Pick<Entry, "bytes" | "usedAt"> | undefined> {
  try {
    const facts = lstatSync(path);
    // No link and no pipe, and nothing that a release cannot be: an empty buffer is no archive.
    const isArchive = facts.isFile() && facts.size <= maxArchiveBytes(defaultLimits);
    return { bytes: isArchive ? readFileSync(path) : new Uint8Array(), usedAt: facts.mtimeMs };
  } catch (error) {
    if (systemErrorCode(error) === "ENOENT") return undefined;
    throw error;
  }
}

const hour = 3_600_000;

/** What was used last is deleted last. Once an hour is exact enough and saves a write for each install. */
async function markUsed(path: string, usedAt: number, now: Date): Promise<void> {
  if (Math.abs(now.getTime() - usedAt) > hour) utimesSync(path, now, now);
}

async function keep(folder: string, digest: string, archive: Uint8Array): Promise<true> {
  await writeEntry(folder, entryPath(folder, digest), archive);
  return true;
}

/** A store that is full, read-only, broken or not there costs time and never an install. */
async function orNothing<T>(
  options: StoreOptions & { readonly onFailure?: (code: string) => void },
  work: () => Promise<T>,
): Promise<T | undefined> {
  try {
    return await work();
  } catch (error) {
    const code = systemErrorCode(error);
    if (code === undefined) throw error;
    options.debug(`The store ${options.folder} cannot be used (${code}): ${(error as Error).message}`);
    options.onFailure?.(code);
    return undefined;
  }
}

function tellOnce({ folder, note }: StoreOptions): (code: string) => void {
  let isTold = false;
  return (code) => {
    // What `cache clean` took away in between says nothing about the next time.
    if (isTold || code === "ENOENT") return;
    isTold = true;
    note(`What is fetched is not kept for the next time: ${folder} cannot be written (${code}).`);
  };
}
