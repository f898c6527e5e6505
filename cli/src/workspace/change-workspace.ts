import { accessSync, constants } from "node:fs";
import {
  type Found,
  type Lock,
  type LockedPak,
  formatLock,
  fieldOf,
  PaksError,
  isPaksError,
  optionalField,
  readList,
  readLockedPak,
  readText,
  systemErrorCode,
} from "@paks/schema";
import { lockFileOf, readLock, changeLock, changeWorkspaceFile, withoutLocked } from "./open-workspace.ts";

/** What the workspace's files say of one folder from now on. */
export interface WorkspaceChange {
  readonly folder: string;
  /** null: the lock no longer holds it. */
  readonly entry: LockedPak | null;
  /** The source that `paks.jsonc` gets. */
  readonly add?: string;
  /** `folder` is not what that pak calls itself: `paks.jsonc` has to say so. */
  readonly alias?: boolean;
  /** Where names are looked up; `paks.jsonc` gets it with `add`, unless it says so already. */
  readonly registry?: string | undefined;
  /** Sources that it no longer holds. */
  readonly drop?: readonly string[];
  /** Those of `drop` that asked for the same pak: `add` takes their place in the list. */
  readonly replaces?: readonly string[];
}

/** Checks every field; the error is the one that `found` makes. */
export function readWorkspaceChange(found: Found): WorkspaceChange {
  const entry = fieldOf(found, "entry");
  return {
    folder: readText(fieldOf(found, "folder"), { max: 64, fits: (text) => /^[a-z0-9][a-z0-9-]*$/.test(text) }),
    entry: entry.value === null ? null : readLockedPak(entry),
    ...optionalField(found, "add", (field) => readText(field)),
    ...optionalField(found, "alias", ({ value }) => value === true),
    ...optionalField(found, "registry", (field) => readText(field, { max: 2048 })),
    ...optionalField(found, "drop", readSources),
    ...optionalField(found, "replaces", readSources),
  };
}

const readSources = (found: Found): string[] => readList(found, 100).map((one) => readText(one));

/**
 * Makes `paks.jsonc` and `paks.lock` say what the changes say: both or, when one cannot be written, neither. Doing it
 * again changes nothing. The caller holds the lock of the workspace's skills folder.
 * @throws PaksError MANIFEST_INVALID, LOCKFILE_MISMATCH, READ_ONLY_TARGET, DISK_FULL
 */
export async function changeWorkspace(root: string, changes: readonly WorkspaceChange[]): Promise<void> {
  const undo = await changeSources(root, changes);
  try {
    await changeLock(root, (lock) => changes.reduce(applyChange, lock));
  } catch (error) {
    if (!(await isLocked(root, changes))) await undo();
    throw error;
  }
}

/** Whether the lock says what the changes say; one that cannot be read says nothing. */
export async function isLocked(root: string, changes: readonly WorkspaceChange[]): Promise<boolean> {
  try {
    const lock = await readLock(root);
    return formatLock(changes.reduce(applyChange, lock)) === formatLock(lock);
  } catch (error) {
    if (isPaksError(error)) return false;
    throw error;
  }
}

/** Whether both files say it already. A source that is to be added or dropped counts as a change, without a closer look. */
export const isSaid = async (root: string, changes: readonly WorkspaceChange[]): Promise<boolean> =>
  !changes.some(editsSources) && (await isLocked(root, changes));

const editsSources = ({ add, drop = [] }: WorkspaceChange): boolean => add !== undefined || drop.length > 0;

/**
 * Whether the workspace's files can be replaced, asked before anything else is changed that they would have to say.
 * @throws PaksError READ_ONLY_TARGET
 */
export function requireWritable(root: string): void {
  try {
    accessSync(root, constants.W_OK);
  } catch (error) {
    const system = systemErrorCode(error);
    if (system === undefined) throw error;
    throw new PaksError("READ_ONLY_TARGET", `${lockFileOf(root)} cannot be written (${system}).`, {
      hint: "Check who owns the folder and whether it is read-only; nothing was changed.",
      details: { path: root, system },
      cause: error,
    });
  }
}

const applyChange = (lock: Lock, { folder, entry }: WorkspaceChange) =>
  entry === null ? withoutLocked(lock, folder) : { ...lock, paks: { ...lock.paks, [folder]: entry } };

async function changeSources(root: string, changes: readonly WorkspaceChange[]): Promise<() => Promise<void>> {
  const drops = changes.flatMap(({ drop = [] }) => drop);
  const adds = changes.filter(({ add }) => add !== undefined);
  if (drops.length + adds.length === 0) return () => Promise.resolve();
  const { nameRegistry, removeFromWorkspace, replaceInWorkspace } = await import("@paks/schema/workspace");
  const replaced = new Set(adds.flatMap(({ replaces = [] }) => replaces));
  const gone = drops.filter((drop) => !replaced.has(drop));
  return await changeWorkspaceFile(root, (before) => {
    // A workspace without a file has nothing that could be dropped.
    const left = before === "" ? before : gone.reduce(removeFromWorkspace, before);
    return adds.reduce((text, { add, alias, folder, registry, replaces = [] }) => {
      const added = replaceInWorkspace(text, replaces, { source: add!, as: alias === true ? folder : undefined });
      return registry === undefined ? added : nameRegistry(added, registry);
    }, left);
  });
}
