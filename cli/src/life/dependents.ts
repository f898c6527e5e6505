import { type Lock, type LockedPak, lockFileName, PaksError } from "@paks/schema";

/** `account/name` → folder in the lock; a lock holds one version of each pak. */
export function foldersById(lock: Lock): ReadonlyMap<string, string> {
  const found = new Map<string, string>();
  for (const [folder, { resolved }] of Object.entries(lock.paks))
    if (resolved.type === "registry") found.set(`${resolved.account}/${resolved.name}`, folder);
  return found;
}

/** Folders of the paks that one depends on itself. */
const neededBy = ({ dependencies }: LockedPak, folders: ReadonlyMap<string, string>): string[] =>
  Object.keys(dependencies).flatMap((id) => folders.get(id) ?? []);

/** Every folder that is asked for or that something asked for needs, when `without` are no longer asked for. */
export function listNeeded(lock: Lock, without: ReadonlySet<string>): ReadonlySet<string> {
  const folders = foldersById(lock);
  const open = Object.entries(lock.paks).flatMap(([folder, { source }]) =>
    source === null || without.has(folder) ? [] : [folder],
  );
  const needed = new Set<string>();
  for (let folder = open.pop(); folder !== undefined; folder = open.pop()) {
    if (needed.has(folder)) continue;
    needed.add(folder);
    open.push(...neededBy(lock.paks[folder]!, folders));
  }
  return needed;
}

export interface RemovalPlan {
  /** What goes: those that were named, and those that nobody needs then. */
  readonly gone: readonly { readonly folder: string; readonly asked: boolean }[];
  /** Named, and stays because something else needs it; it is only a dependency from then on. */
  readonly stays: readonly string[];
}

/**
 * What follows from removing some paks. Dependencies go with the last pak that needs them; one that others still need
 * stays when the workspace asked for it itself.
 * @throws PaksError STILL_NEEDED for one that was there as a dependency alone
 */
export function planRemoval(lock: Lock, asked: readonly string[]): RemovalPlan {
  const named = new Set(asked);
  const needed = listNeeded(lock, named);
  const before = listNeeded(lock, new Set());
  for (const folder of asked) {
    const entry = Object.hasOwn(lock.paks, folder) ? lock.paks[folder] : undefined;
    if (entry?.source === null && needed.has(folder)) throw stillNeeded(lock, folder, named);
  }
  const orphans = Object.keys(lock.paks).filter(
    // What nobody needed before either is not ours to tidy up now.
    (folder) => !named.has(folder) && !needed.has(folder) && before.has(folder),
  );
  return {
    gone: [
      ...asked.filter((folder) => !needed.has(folder)).map((folder) => ({ folder, asked: true })),
      ...orphans.map((folder) => ({ folder, asked: false })),
    ],
    stays: asked.filter((folder) => needed.has(folder)),
  };
}

/** Folders of the paks that depend on one. */
export function listDependents(lock: Lock, folder: string): string[] {
  const folders = foldersById(lock);
  return Object.entries(lock.paks)
    .filter(([, entry]) => neededBy(entry, folders).includes(folder))
    .map(([name]) => name);
}

function stillNeeded(lock: Lock, folder: string, named: ReadonlySet<string>): PaksError {
  const dependents = listDependents(lock, folder).filter((one) => !named.has(one));
  return new PaksError("STILL_NEEDED", `${folder} is a dependency of ${dependents.join(", ")}.`, {
    hint: `Remove ${dependents.length === 1 ? dependents[0]! : "these"} first; a dependency goes with the last pak that needs it (${lockFileName}).`,
    details: { folder, dependents },
  });
}
