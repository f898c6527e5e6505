import { type Lock, type LockedPak, formatPakId } from "@paks/schema";
import type { InstallRequest } from "./plan-install.ts";
import { type Wish, identityOf, namesState } from "./wish.ts";

/** Whether a newer state of what is in this folder may be taken. */
export const mayUpgrade = (upgrade: InstallRequest["upgrade"], folder: string, entry: LockedPak): boolean =>
  entry.pinned !== true && (typeof upgrade === "boolean" ? upgrade : upgrade.has(folder));

/** Paks of which the command line asks for the newest in so many words. */
export const listNewestNamed = ({ named }: InstallRequest): ReadonlySet<string> =>
  new Set(
    named.flatMap(({ source }) =>
      source.type === "registry" && source.selector === "latest" ? [formatPakId(source)] : [],
    ),
  );

/** A pin keeps a pak from becoming another one by itself. Whoever names a version, range, channel or tag of it moves it. */
export const isHeldByPin = ({ pinned }: LockedPak, wish: Wish | undefined): boolean =>
  pinned === true && !(wish?.isNamed === true && namesState(wish.source));

/** Locked versions that are taken where they fit. */
export function listPreferred({ paks }: Lock, { named, upgrade, save }: InstallRequest): ReadonlyMap<string, string> {
  const wishOf = new Map(named.map((wish) => [identityOf(wish.source), wish]));
  const preferred = new Map<string, string>();
  for (const [folder, entry] of Object.entries(paks)) {
    const { resolved } = entry;
    // Where the project's files are left alone, so is what they lock.
    if (resolved.type !== "registry" || (save && mayUpgrade(upgrade, folder, entry))) continue;
    const id = formatPakId(resolved);
    const wish = wishOf.get(id);
    if (wish === undefined || isHeldByPin(entry, wish)) preferred.set(id, resolved.version);
  }
  return preferred;
}
