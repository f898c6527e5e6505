import { type Lock, lockFileName } from "@paks/schema";
import { findLockedId } from "./entry.ts";
import type { Asked } from "./held-back.ts";
import { type Resolved, type Root, fits } from "./resolve.ts";
import type { RegistryWish } from "./wish.ts";

interface Beside {
  /** By `account/name`: what the command line and the project's files ask for. */
  readonly wishOf: ReadonlyMap<string, RegistryWish>;
  /** What would be placed of all that is chosen. */
  readonly listPlaced: (chosen: ReadonlyMap<string, Resolved>) => ReadonlySet<string>;
}

/**
 * For what is installed beside the project's paks, without its files saying so: a dependency that is locked stays the
 * version that it is, or `ci` would take it back and this would take it away again. A pak that is named itself is tried
 * in another version on purpose.
 * @param resolve with more that is asked for
 * @throws PaksError the codes of `resolve`; DEPENDENCY_CONFLICT names `paks.lock`
 */
export async function resolveBeside(
  lock: Lock,
  resolve: (own: readonly Root[]) => Promise<Asked>,
  { wishOf, listPlaced }: Beside,
): Promise<Asked> {
  const kept: Record<string, string> = {};
  const listMoved = (chosen: Asked["chosen"]): [id: string, version: string][] =>
    [...listPlaced(chosen)].flatMap((id) => {
      const wish = wishOf.get(id);
      const version = findLockedId(lock.paks, id)?.entry.version ?? undefined;
      if (wish?.isNamed === true || version === undefined || chosen.get(id)?.version === version) return [];
      // Locked before `paks.jsonc` was changed: the next install moves it anyway.
      return wish && !fits(version, wish.source.selector ?? "latest") ? [] : [[id, version]];
    });
  for (;;) {
    const own = Object.keys(kept).length === 0 ? [] : [{ label: lockFileName, requires: { ...kept } }];
    const asked = await resolve(own);
    const moved = listMoved(asked.chosen);
    if (moved.length === 0) return asked;
    // Each is kept from now on: it ends.
    Object.assign(kept, Object.fromEntries(moved));
  }
}
