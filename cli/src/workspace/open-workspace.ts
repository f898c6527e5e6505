import { realpathSync } from "node:fs";
import { stat } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { removeFile } from "@paks/locks";
import {
  type Lock,
  PaksError,
  type Workspace,
  emptyLock,
  emptyWorkspace,
  formatLock,
  isPaksError,
  lockFileName,
  parseLock,
  systemErrorCode,
  workspaceFileNames,
} from "@paks/schema";
import { exists } from "../install/installed-state.ts";
import { readFileOfPeople, readOwnFile } from "../install/read-own-file.ts";
import { replaceFile } from "../write-file.ts";
import { requireResolvedAsAsked } from "./locked-source.ts";

export interface OpenWorkspace {
  /** Absolute. Where the workspace file is, else the folder the command runs in. */
  readonly root: string;
  /** Absolute; absent when there is none. */
  readonly workspaceFile?: string;
  /** Absolute; absent when there is none. */
  readonly lockFile?: string;
  /** The text of that file, to see whether somebody changes it meanwhile. */
  readonly lockText?: string;
  readonly workspace: Workspace;
  readonly lock: Lock;
}

interface Here {
  readonly cwd: string;
  readonly home: string;
  /** Told of a file of another user's, which is not used, and of keys that are nearly right. */
  readonly warn?: (text: string) => void;
}

/**
 * The nearest folder with a `paks.jsonc`, upwards from where the command runs, but not above the top of its git
 * repository nor in the user's home or above it, unless the command runs there; else the folder itself, with an empty
 * workspace.
 * @throws PaksError MANIFEST_INVALID, LOCKFILE_MISMATCH, INTEGRITY_MISMATCH, READ_ONLY_TARGET for a file that cannot
 * be read
 */
export async function findWorkspace(here: Here): Promise<OpenWorkspace> {
  const root = await findRoot(here);
  const workspaceFile = await findWorkspaceFile(root);
  const lockText = await readLockText(root);
  return {
    root,
    ...(workspaceFile === undefined ? {} : { workspaceFile }),
    ...(lockText === undefined ? {} : { lockFile: lockFileOf(root), lockText }),
    workspace: await readWorkspaceFile(workspaceFile, here.warn),
    lock: parseOwnLock(lockText),
  };
}

/** For commands that need nothing of it. @throws PaksError MANIFEST_INVALID, READ_ONLY_TARGET */
export const requireUsableWorkspaceFile = async (root: string): Promise<unknown> =>
  await readWorkspaceFile(await findWorkspaceFile(root), undefined);

/** `registry` of the project that the command runs in. @throws PaksError MANIFEST_INVALID */
export const findRegistryWish = async (here: Here): Promise<string | undefined> =>
  (await readWorkspaceFile(await findWorkspaceFile(await findRoot(here)), here.warn)).registry;

/** Absolute. */
export async function findRoot({ cwd, home, warn }: Here): Promise<string> {
  const isHome = isHomeFolder(home);
  for (let folder = cwd; ; folder = dirname(folder)) {
    // What is installed there is what all projects share; a file there must not make one project of all below it.
    if (folder !== cwd && isHome(folder)) return cwd;
    const file = await findWorkspaceFile(folder);
    if (file !== undefined) {
      const owner = folder === cwd ? undefined : await strangerOf(file);
      if (owner === undefined) return folder;
      warn?.(
        `${file} belongs to another user (${owner}), so it is not used from ${cwd}. If you trust it, run paks in ${folder}, or make the file your own.`,
      );
    }
    const isTop = isHome(folder) || dirname(folder) === folder || (await exists(join(folder, ".git")));
    if (isTop) return cwd;
  }
}

/** The system says where a process is without links, and `HOME` may have some. */
export function isHomeFolder(home: string): (folder: string) => boolean {
  const real = realFolder(home);
  return (folder) => folder === home || folder === real;
}

function realFolder(path: string): string {
  try {
    return realpathSync.native(path);
  } catch (error) {
    if (systemErrorCode(error) === undefined) throw error;
    return path;
  }
}

/** Above `/tmp/x`, in `/tmp`, anybody may lay a file. */
async function strangerOf(file: string): Promise<string | undefined> {
  const own = process.getuid?.();
  if (own === undefined) return undefined;
  const { uid } = await stat(file);
  return uid === own ? undefined : `uid ${uid}; you are ${own}`;
}

async function findWorkspaceFile(folder: string): Promise<string | undefined> {
  for (const name of workspaceFileNames) if (await exists(join(folder, name))) return join(folder, name);
  return undefined;
}

async function readWorkspaceFile(path: string | undefined, warn: Here["warn"]): Promise<Workspace> {
  const text = path === undefined ? undefined : await readFileOfPeople(path);
  if (path === undefined || text === undefined) return emptyWorkspace;
  // The parser loads where there is something to parse.
  const { parseWorkspace } = await import("@paks/schema/workspace");
  const workspace = parseWorkspace(text, basename(path));
  const unknown = Object.keys(workspace.extra).filter((key) => key !== "$schema");
  if (warn !== undefined && unknown.length > 0) {
    const { describeNearMisses } = await import("./near-misses.ts");
    const misses = describeNearMisses(unknown);
    if (misses.length > 0) warn(`${basename(path)}: ${misses.join(" ")}`);
  }
  return workspace;
}

export const lockFileOf = (root: string): string => join(root, lockFileName);

/** Not parsed. @throws PaksError INTEGRITY_MISMATCH, READ_ONLY_TARGET */
export const readLockText = async (root: string): Promise<string | undefined> => await readOwnFile(lockFileOf(root));

/** The lock of a workspace; empty when there is none. @throws PaksError LOCKFILE_MISMATCH, INTEGRITY_MISMATCH */
export async function readLock(root: string): Promise<Lock> {
  return parseOwnLock(await readLockText(root));
}

const parseOwnLock = (text: string | undefined): Lock =>
  text === undefined ? emptyLock : requireResolvedAsAsked(parseLock(text, lockFileName));

/**
 * Replaces the lock in one step; the same text is not written again. The caller holds the lock of the workspace's
 * skills folder (`inSkillsFolder`).
 * @throws PaksError LOCKFILE_MISMATCH, INTEGRITY_MISMATCH, READ_ONLY_TARGET, DISK_FULL
 */
export async function changeLock(root: string, change: (lock: Lock) => Lock): Promise<Lock> {
  const path = lockFileOf(root);
  const before = await readOwnFile(path);
  const lock = change(parseOwnLock(before));
  const text = formatLock(lock);
  // A workspace that never had a lock does not get one because nothing was removed from it.
  const isNothing = before === undefined && Object.keys(lock.paks).length === 0;
  if (text !== before && !isNothing) await replaceFile(path, text);
  return lock;
}

/**
 * Edits the workspace's file in place, or makes `paks.jsonc`; answers what takes it back. The caller holds the lock of
 * the workspace's skills folder.
 * @throws PaksError MANIFEST_INVALID, READ_ONLY_TARGET, DISK_FULL
 */
export async function changeWorkspaceFile(
  root: string,
  change: (text: string) => string,
): Promise<() => Promise<void>> {
  const path = (await findWorkspaceFile(root)) ?? join(root, workspaceFileNames[0]);
  const before = await readFileOfPeople(path);
  const after = change(before ?? "");
  if (after === (before ?? "")) return () => Promise.resolve();
  await requireReadable(after, path);
  const undo = () => (before === undefined ? removeFile(path) : replaceFile(path, before));
  try {
    await replaceFile(path, after);
  } catch (error) {
    // It may have failed behind the rename, when it was to be made to last.
    if ((await readFileOfPeople(path)) === after) await undo();
    throw error;
  }
  return undo;
}

/** A file that no command can read must not come of a command that says that all went well. */
async function requireReadable(text: string, path: string): Promise<void> {
  const { parseWorkspace } = await import("@paks/schema/workspace");
  const name = basename(path);
  try {
    parseWorkspace(text, name);
  } catch (error) {
    if (!isPaksError(error)) throw error;
    throw new PaksError("MANIFEST_INVALID", `${name} was not changed, as it could not be read then: ${error.message}`, {
      hint: `Edit ${name} by hand, then run: paks install`,
      details: { path: name },
      cause: error,
    });
  }
}

/** The workspace whose skills folder this is; `undefined` for a folder named with `--dir`. */
export function rootOfSkillsFolder(skillsFolder: string): string | undefined {
  const root = dirname(dirname(skillsFolder));
  return join(root, ".agents", "skills") === skillsFolder ? root : undefined;
}

/** The lock without one pak. */
export function withoutLocked(lock: Lock, folder: string): Lock {
  const { [folder]: _gone, ...paks } = lock.paks;
  return { ...lock, paks };
}

/** What a lock says of a folder. @throws PaksError PAK_NOT_FOUND */
export function requireLocked(lock: Lock, folder: string): Lock["paks"][string] {
  const found = Object.hasOwn(lock.paks, folder) ? lock.paks[folder] : undefined;
  if (found) return found;
  throw new PaksError("PAK_NOT_FOUND", `${folder} is not in ${lockFileName}.`, { hint: 'See "paks list".' });
}
