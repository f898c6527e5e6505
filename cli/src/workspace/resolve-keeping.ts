import { type Lock, isPaksError, isVersion, lockFileName, versionKey, withHint } from "@paks/schema";
import { findLockedId } from "./entry.ts";
import type { Asked } from "./held-back.ts";
import { isHeldByPin } from "./preferred.ts";
import { type Resolved, type Root, fits, listSteps } from "./resolve.ts";
import type { RegistryWish } from "./wish.ts";

interface Keeping {
  /** Whether the workspace's files are written. */
  readonly save: boolean;
  /** By `account/name`: what the command line and the project's files ask for. */
  readonly wishOf: ReadonlyMap<string, RegistryWish>;
  /** What the command line leads to, of all that is chosen. */
  readonly listNamed: (chosen: ReadonlyMap<string, Resolved>) => ReadonlySet<string>;
}

/**
 * Locked versions that nothing but their own name moves. Pinned ones, whatever else is asked for. And all that is locked
 * where the project's files are left alone: `ci` would take back what an unsaved pak did to its dependencies.
 * @param resolve with more that is asked for
 * @throws PaksError the codes of `resolve`; DEPENDENCY_CONFLICT names `paks.lock`
 */
export async function resolveKeeping(
  { paks }: Lock,
  resolve: (more: readonly Root[]) => Promise<Asked>,
  { save, wishOf, listNamed }: Keeping,
): Promise<Asked> {
  const kept = new Map<string, Kept>();
  const listMoved = (chosen: Asked["chosen"]): (Kept & { readonly id: string })[] => {
    const named = save ? undefined : listNamed(chosen);
    return [...chosen].flatMap(([id, { version: taken }]) => {
      const { folder, entry } = findLockedId(paks, id) ?? {};
      const version = entry?.version ?? taken;
      // Of two that differ in their build alone either may have been chosen: neither is newer.
      const isSame = isVersion(version) ? versionKey(version) === versionKey(taken) : version === taken;
      if (folder === undefined || entry === undefined || isSame || kept.has(id)) return [];
      const wish = wishOf.get(id);
      // Locked before `paks.jsonc` was changed: what stands there has moved it.
      if (wish && !fits(version, wish.source.selector ?? "latest")) return [];
      const stays = named === undefined ? isHeldByPin(entry, wish) : named.has(id) && wish?.isNamed !== true;
      return stays ? [{ id, folder, version, isPinned: save }] : [];
    });
  };
  for (;;) {
    const asked = await orUnpin(kept, () => resolve(rootsOf(kept)));
    const moved = listMoved(asked.chosen);
    if (moved.length === 0) return asked;
    // Each is kept from now on, and never looked at again: it ends.
    for (const { id, ...one } of moved) kept.set(id, one);
  }
}

interface Kept {
  readonly folder: string;
  readonly version: string;
  /** That is why it stays. */
  readonly isPinned: boolean;
}

const pinnedLabel = `${lockFileName} (pinned)`;

const rootsOf = (kept: ReadonlyMap<string, Kept>): Root[] =>
  [...kept].map(([id, { version, isPinned: pinned }]) => ({
    label: pinned ? pinnedLabel : lockFileName,
    requires: { [id]: version },
  }));

/** The conflict with a pin is one that its owner can end. */
async function orUnpin<T>(kept: ReadonlyMap<string, Kept>, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (!isPaksError(error, "DEPENDENCY_CONFLICT")) throw error;
    const met = new Set(listSteps(error));
    const folders = [...kept].flatMap(([id, { folder, version, isPinned: pinned }]) =>
      pinned && met.has(`${id}@${version}`) ? [folder] : [],
    );
    if (folders.length === 0) throw error;
    throw withHint(error, `A pin stands in the way. Let it go first: paks unpin ${folders.join(" ")}`);
  }
}
