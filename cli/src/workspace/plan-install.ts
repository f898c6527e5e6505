import {
  type Lock,
  type LockedPak,
  type PaksError,
  formatPakId,
  isPaksError,
  originIdentity,
  parsePakId,
} from "@paks/schema";
import { eachAtOnce } from "../install/each-at-once.ts";
import type { Fetched } from "../install/fetched.ts";
import { pakGone } from "../install/locked-registry.ts";
import { findLockedId } from "./entry.ts";
import { askInWaves } from "./ask-in-waves.ts";
import { collectWishes } from "./collect-wishes.ts";
import type { OpenWorkspace } from "./open-workspace.ts";
import type { RememberingRegistry } from "./remember-answers.ts";
import { requireOneEach, withoutRespelt } from "./one-each.ts";
import { listReached } from "./reached.ts";
import { type HeldBack, resolveAsked } from "./held-back.ts";
import type { Ranges, Resolved, Root } from "./resolve.ts";
import { type Planning, findKept, planFixed } from "./plan-fixed.ts";
import { listNewestNamed, listPreferred } from "./preferred.ts";
import { type Neighbour, resolveAmong } from "./resolve-among.ts";
import { resolveKeeping } from "./resolve-keeping.ts";
import { type Gone, type LockedUniverse, openUniverse, requireSameRegistry } from "./universe.ts";
import { type Wish, identityOf, isRegistryWish, rangesOf } from "./wish.ts";

export interface InstallRequest {
  /** What the command line names; empty: what the workspace asks for. */
  readonly named: readonly Wish[];
  /** Whether the workspace's files are read and written. */
  readonly save: boolean;
  /** All, or those in these folders, may become newer; the others stay as locked. */
  readonly upgrade: boolean | ReadonlySet<string>;
  /** What is named takes the folder of another pak of that name. */
  readonly force?: boolean | undefined;
  /** Nobody named it: there is a newer one of it, which may be passed over. */
  readonly isUpdate?: boolean | undefined;
}

/** How bytes are fetched; whoever plans again fetches nothing twice. */
export interface Fetchers {
  /** Says of which wishes `fetchWish` will be asked, so that what lies together is fetched together. */
  readonly expect: (wishes: readonly Wish[]) => void;
  readonly fetchWish: (wish: Wish) => Promise<Fetched>;
  readonly fetchRelease: (id: string, version: string) => Promise<Fetched>;
  readonly fetchLocked: (entry: LockedPak) => Promise<Fetched>;
}

/** One folder as it shall be. */
export interface PlannedPak {
  readonly folder: string;
  /** Absent: another pak depends on it. */
  readonly wish: Wish | undefined;
  /** Whether the workspace's files name it: something that they ask for is it, or needs it. */
  readonly isSaved: boolean;
  /** The pak, whatever its version and however its source is written. */
  readonly identity: string;
  /** What the lock says of it so far. */
  readonly before: LockedPak | undefined;
  /** Whether that stays; then no other bytes than these will do. */
  readonly isKept: boolean;
  /** Why that stays although something newer was looked for: its source no longer has it. */
  readonly gone?: PaksError;
  readonly dependencies: Ranges;
  readonly fetch: () => Promise<Fetched>;
}

export interface InstallPlan {
  readonly paks: readonly PlannedPak[];
  /** The version of each pak that comes from a registry. */
  readonly versions: ReadonlyMap<string, string>;
  /** Newer versions that were looked for and are not taken. */
  readonly heldBack: readonly HeldBack[];
  /** What stays as it is locked, because its registry or source no longer has it. */
  readonly gone: readonly Gone[];
  /** Locked folders that nothing asks for any more. */
  readonly orphans: readonly string[];
  /** Sources that a named one replaces in the workspace's file. */
  readonly drop: readonly string[];
}

/** Fetches run at the same time. */
export const fetchesAtOnce = 8;

interface Planned {
  readonly request: InstallRequest;
  readonly fetchers: Fetchers;
  /** What no lock knows, where the project's files are left alone. */
  readonly neighbours?: readonly Neighbour[];
}

/**
 * Which pak goes into which folder. Only metadata is asked for, except of sources that have none.
 * @throws PaksError DEPENDENCY_CONFLICT, PAK_NOT_FOUND, ALREADY_EXISTS, LOCKFILE_MISMATCH for what would come from
 *   another registry than before, and the codes of the sources
 */
export async function planInstall(
  registryFor: (account: string) => RememberingRegistry,
  opened: Pick<OpenWorkspace, "root" | "workspace" | "lock">,
  { request, fetchers, neighbours = [] }: Planned,
): Promise<InstallPlan> {
  const { lock } = opened;
  const { wishes, drop } = collectWishes(opened, request);
  fetchers.expect(wishes.filter((wish) => findKept(wish, { lock, request }) === undefined));
  const found = await eachAtOnce(
    wishes.filter((wish) => !isRegistryWish(wish)),
    fetchesAtOnce,
    async (wish) => await planFixed(wish, { lock, request, fetchers }),
  );
  const { fixed, respelt } = withoutRespelt(found);
  const releases = wishes.filter(isRegistryWish);
  const roots: Root[] = [
    ...releases.map((wish) => ({ requires: rangesOf(wish) })),
    ...fixed.map((one) => ({ label: one.wish?.text ?? one.folder, requires: one.dependencies })),
  ];
  const universe = openUniverse(registryFor, lock.paks, (folder) => mayStay(request, folder, lock.paks[folder]!));
  const preferred = listPreferred(lock, request);
  for (const { resolved } of Object.values(lock.paks))
    if (resolved.type === "registry" && !preferred.has(formatPakId(resolved)))
      requireSameRegistry(resolved, registryFor);
  await askInWaves({ roots, preferred, registryFor, paks: lock.paks });
  const wishOf = new Map(releases.map((wish) => [formatPakId(wish.source), wish]));
  const listNamed = (chosen: ReadonlyMap<string, Resolved>) => listReached(fixed, releases, chosen).named;
  const listPlaced = (chosen: ReadonlyMap<string, Resolved>) => [
    ...fixed.filter(({ wish }) => wish?.isNamed === true),
    ...[...listNamed(chosen)].map((id) => ({ identity: id, folder: wishOf.get(id)?.as ?? parsePakId(id).name })),
  ];
  const resolve = async (more: readonly Root[]) =>
    await knowingRepositories(lock, () =>
      resolveAmong(
        neighbours,
        (others) =>
          resolveAsked({ roots: [...roots, ...more, ...others], preferred, universe }, listNewestNamed(request)),
        listPlaced,
      ),
    );
  const { chosen: resolved, heldBack } = await resolveKeeping(lock, resolve, { save: request.save, wishOf, listNamed });
  const reached = listReached(fixed, releases, resolved);
  const all = [
    ...fixed,
    ...[...resolved].map(([id, chosen]) =>
      planRelease({ id, ...chosen, wish: wishOf.get(id), isSaved: reached.saved.has(id) }, { lock, fetchers }),
    ),
  ];
  // What the project asks for is only heeded, where its files are left alone.
  const paks = request.save
    ? all
    : all.filter(({ wish, identity }) => wish?.isNamed === true || reached.named.has(identity));
  const replaced = listReplaced(paks, request);
  if (replaced.length > 0) return await planWithout(replaced, registryFor, opened, { request, fetchers, neighbours });
  requireOneEach(paks);
  const folders = new Set(paks.map(({ folder }) => folder));
  const versions = new Map([...resolved].map(([id, { version }]) => [id, version]));
  return {
    paks,
    drop: [...drop, ...respelt],
    versions,
    heldBack: heldBack.filter(({ pak }) => paks.some(({ identity }) => identity === pak)),
    gone: listGone(paks, universe),
    orphans: Object.keys(lock.paks).filter((folder) => !folders.has(folder)),
  };
}

/** Each under the folder that it has now. */
function listGone(paks: readonly PlannedPak[], universe: LockedUniverse): Gone[] {
  const kept = new Set(paks.flatMap(({ folder, isKept }) => (isKept ? [folder] : [])));
  const own = paks.flatMap(({ folder, gone }) => (gone ? [{ folder, error: gone }] : []));
  return [...[...universe.gone.values()].filter(({ folder }) => kept.has(folder)), ...own];
}

/** Who names a pak wants a newer one of it, and is told when there is none. */
const mayStay = ({ upgrade, named }: InstallRequest, folder: string, { resolved }: LockedPak): boolean =>
  (typeof upgrade === "boolean" || !upgrade.has(folder)) &&
  named.every(({ source }) => identityOf(source) !== originIdentity(resolved));

/** A registry that does not know a pak any more says nothing of where it came from; the lock does. */
async function knowingRepositories<T>({ paks }: Lock, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (!isPaksError(error, "PAK_NOT_FOUND")) throw error;
    const { entry } = findLockedId(paks, String(error.details?.["pak"])) ?? {};
    // What only others depend on is a name of the registry: it cannot come from git instead.
    if (entry?.resolved.type !== "registry" || entry.source === null) throw error;
    throw pakGone(entry.resolved);
  }
}

/** Wishes whose folder a named pak takes. */
function listReplaced(paks: readonly PlannedPak[], { force }: InstallRequest): readonly Wish[] {
  const named = new Set(paks.flatMap(({ wish, folder }) => (wish?.isNamed === true ? [folder] : [])));
  if (force !== true) return [];
  return paks.flatMap(({ wish, folder }) => (wish && !wish.isNamed && named.has(folder) ? [wish] : []));
}

async function planWithout(
  wishes: readonly Wish[],
  registryFor: (account: string) => RememberingRegistry,
  { workspace, lock, root }: Pick<OpenWorkspace, "root" | "workspace" | "lock">,
  about: Planned,
): Promise<InstallPlan> {
  const gone = new Set(wishes.map(({ text }) => text));
  const paks = Object.entries(lock.paks).filter(([, { source }]) => source === null || !gone.has(source));
  const left = {
    root,
    workspace: { ...workspace, paks: workspace.paks.filter((text) => !gone.has(text)) },
    lock: { ...lock, paks: Object.fromEntries(paks) },
  };
  const plan = await planInstall(registryFor, left, about);
  return { ...plan, drop: [...plan.drop, ...gone] };
}

interface Release {
  readonly id: string;
  readonly version: string;
  readonly dependencies: Ranges;
  readonly wish: Wish | undefined;
  readonly isSaved: boolean;
}

function planRelease(release: Release, { lock, fetchers }: Pick<Planning, "lock" | "fetchers">): PlannedPak {
  const { id, version, dependencies, wish, isSaved } = release;
  const found = findLockedId(lock.paks, id);
  const isKept = found?.entry.version === version;
  return {
    folder: wish?.as ?? found?.folder ?? parsePakId(id).name,
    wish,
    isSaved,
    identity: id,
    before: found?.entry,
    isKept,
    dependencies,
    fetch: () => (isKept ? fetchers.fetchLocked(found.entry) : fetchers.fetchRelease(id, version)),
  };
}
