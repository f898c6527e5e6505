import { type Lock, originIdentity } from "@paks/schema";
import { dependenciesOf, findLocked, findLockedOrigin } from "./entry.ts";
import { findGone } from "./gone-source.ts";
import { requireSameTag } from "./locked-tag.ts";
import type { Fetchers, InstallRequest, PlannedPak } from "./plan-install.ts";
import { isHeldByPin, mayUpgrade } from "./preferred.ts";
import type { Wish } from "./wish.ts";

export interface Planning {
  readonly lock: Lock;
  readonly request: InstallRequest;
  readonly fetchers: Fetchers;
}

/**
 * A source without a registry says what it depends on only in its files, unless the lock has it. What an update of all
 * finds nowhere stays as it is locked.
 * @throws PaksError TAG_MOVED, TAG_NOT_FOUND, and the codes of the sources
 */
export async function planFixed(wish: Wish, planning: Planning): Promise<PlannedPak> {
  const { lock, fetchers } = planning;
  const kept = findKept(wish, planning);
  if (kept) return planLocked(wish, kept, fetchers);
  const found = findLocked(lock.paks, wish);
  try {
    return await planFetched(wish, found, planning);
  } catch (error) {
    const { upgrade } = planning.request;
    if (found === undefined || wish.isNamed || upgrade === false || found.entry.source !== wish.text) throw error;
    const gone = findGone(error, { ...found, ...wish });
    // Who names it is told, and nothing else is done.
    if (gone === undefined || (typeof upgrade !== "boolean" && upgrade.has(found.folder))) throw gone ?? error;
    return { ...planLocked(wish, found, fetchers), ...(mayUpgrade(upgrade, found.folder, found.entry) && { gone }) };
  }
}

type Found = NonNullable<ReturnType<typeof findLocked>>;

async function planFetched(wish: Wish, found: Found | undefined, { lock, fetchers }: Planning): Promise<PlannedPak> {
  const fetched = await fetchers.fetchWish(wish);
  // A browser's address says only with the repository's refs which folder it means.
  const same = found ?? (wish.isNamed ? findLockedOrigin(lock.paks, fetched.origin) : undefined);
  if (same) requireSameTag(same, fetched, wish.text);
  return {
    folder: wish.as ?? same?.folder ?? fetched.name,
    wish,
    isSaved: wish.isSaved,
    identity: originIdentity(fetched.origin),
    before: same?.entry,
    isKept: false,
    dependencies: dependenciesOf(fetched.manifest.dependencies),
    fetch: () => Promise.resolve(fetched),
  };
}

/** What the lock has of it, where that is installed as it is. */
export function findKept(wish: Wish, { lock, request }: Pick<Planning, "lock" | "request">): Found | undefined {
  const found = findLocked(lock.paks, wish);
  if (found === undefined || (!request.save && !wish.isNamed)) return found;
  const isMoved = wish.isNamed && !isHeldByPin(found.entry, wish);
  const stays = !isMoved && !mayUpgrade(request.upgrade, found.folder, found.entry);
  // A folder of the project is taken as it is now; whoever wants another than the locked one says --frozen.
  return stays && found.entry.source === wish.text && wish.source.type !== "local" ? found : undefined;
}

const planLocked = (wish: Wish, { folder, entry }: Found, fetchers: Fetchers): PlannedPak => ({
  folder: wish.as ?? folder,
  wish,
  isSaved: wish.isSaved,
  identity: originIdentity(entry.resolved),
  before: entry,
  isKept: true,
  dependencies: entry.dependencies,
  fetch: () => fetchers.fetchLocked(entry),
});
