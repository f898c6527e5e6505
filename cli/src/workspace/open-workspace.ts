import { rm, stat } from "node:fs/promises";
import { dirname, join } from "node:path";
import {
  type Lock,
  PaksError,
  type Workspace,
  emptyLock,
  emptyWorkspace,
  formatLock,
  lockFileName,
  parseLock,
  workspaceFileNames,
} from "@paks/schema";
import { exists } from "../install/installed-state.ts";
import { readOwnFile } from "../install/read-own-file.ts";
import { replaceFile } from "../write-file.ts";
import { requireResolvedAsAsked } from "./locked-source.ts";

export interface OpenWorkspace {
  /** Absolute. Where the workspace file is, else the folder the command runs in. */
  readonly root: string;
  /** Absolute; absent when there is none. */
  readonly workspaceFile?: string;
  /** Absolute; absent when there is none. */
  readonly lockFile?: string;
  readonly workspace: Workspace;
  readonly lock: Lock;
}

interface Here {
  readonly cwd: string;
  readonly home: string;
}

/**
 * The nearest folder with a `paks.jsonc`, upwards from where the command runs, but not above the top of its git
 * repository nor above the user's home; else the folder itself, with an empty workspace.
 * @throws PaksError MANIFEST_INVALID, LOCKFILE_MISMATCH, INTEGRITY_MISMATCH for a file that cannot be read
 */
export async function findWorkspace(here: Here): Promise<OpenWorkspace> {
  const root = await findRoot(here);
  const workspaceFile = await findWorkspaceFile(root);
  const lockText = await readOwnFile(lockFileOf(root));
  return {
    root,
    ...(workspaceFile === undefined ? {} : { workspaceFile }),
    ...(lockText === undefined ? {} : { lockFile: lockFileOf(root) }),
    workspace: await readWorkspaceFile(workspaceFile),
    lock: parseOwnLock(lockText),
  };
}

/** `registry` of the project that the command runs in. @throws PaksError MANIFEST_INVALID */
export const findRegistryWish = async (here: Here): Promise<string | undefined> =>
  (await readWorkspaceFile(await findWorkspaceFile(await findRoot(here)))).registry;

/** Absolute. */
export async function findRoot({ cwd, home }: Here): Promise<string> {
  for (let folder = cwd; ; folder = dirname(folder)) {
    const file = await findWorkspaceFile(folder);
    if (file !== undefined && (folder === cwd || (await isOurs(file)))) return folder;
    const isTop = folder === home || dirname(folder) === folder || (await exists(join(folder, ".git")));
    if (isTop) return cwd;
  }
}

/** Above `/tmp/x`, in `/tmp`, anybody may lay a file. */
async function isOurs(file: string): Promise<boolean> {
  const uid = process.getuid?.();
  return uid === undefined || (await stat(file)).uid === uid;
}

async function findWorkspaceFile(folder: string): Promise<string | undefined> {
  for (const name of workspaceFileNames) if (await exists(join(folder, name))) return join(folder, name);
  return undefined;
}

async function readWorkspaceFile(path: string | undefined): Promise<Workspace> {
  const text = path === undefined ? undefined : await readOwnFile(path);
  if (path === undefined || text === undefined) return emptyWorkspace;
  // The parser loads where there is something to parse.
  const { parseWorkspace } = await import("@paks/schema/workspace");
  return parseWorkspace(text, path.slice(dirname(path).length + 1));
}

export const lockFileOf = (root: string): string => join(root, lockFileName);

/** The lock of a workspace; empty when there is none. @throws PaksError LOCKFILE_MISMATCH, INTEGRITY_MISMATCH */
export async function readLock(root: string): Promise<Lock> {
  return parseOwnLock(await readOwnFile(lockFileOf(root)));
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
  const before = await readOwnFile(path);
  const after = change(before ?? "");
  if (after === (before ?? "")) return () => Promise.resolve();
  const undo = () => (before === undefined ? rm(path, { force: true }) : replaceFile(path, before));
  try {
    await replaceFile(path, after);
  } catch (error) {
    // It may have failed behind the rename, when it was to be made to last.
    if ((await readOwnFile(path)) === after) await undo();
    throw error;
  }
  return undo;
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
