import {
  type LockedPak,
  PaksError,
  type RegistryOrigin,
  type VersionDto,
  compareVersions,
  errorCodes,
  formatPakId,
  isPaksError,
  isTaken,
  isVersion,
  lockFileName,
  parseSelector,
  parseSource,
  selectVersion,
} from "@paks/schema";
import type { Context } from "../context.ts";
import { eachAtOnce } from "../install/each-at-once.ts";
import { pakGone, requireRegistryOf, requireUpdatingRegistry } from "../install/locked-registry.ts";
import { openFetchers, openRegistries } from "../install/install-plan.ts";
import type { Fetched } from "../install/fetched.ts";
import { findLocked } from "../workspace/entry.ts";
import { findGone } from "../workspace/gone-source.ts";
import type { HeldBack } from "../workspace/held-back.ts";
import { requireSameTag } from "../workspace/locked-tag.ts";
import type { OpenWorkspace } from "../workspace/open-workspace.ts";
import { type Wish, identityOf, listWishes } from "../workspace/wish.ts";
import type { Fetchers } from "../workspace/plan-install.ts";
import { askRegistry } from "./ask-registry.ts";
import { askTogether } from "./ask-together.ts";
import { nameHolders } from "./foresee-update.ts";
import { findLatest } from "./latest-of-range.ts";
import { type ListRow, rowName, rowVersion } from "./list-paks.ts";
import { type Newer, openNewer } from "./newer-alone.ts";
import { recordEntry } from "./record-entry.ts";

export interface OutdatedRow {
  readonly name: string;
  readonly folder: string;
  readonly scope: string;
  readonly current: string | null;
  /** The newest that everything that asks for it allows; null when that cannot be said. */
  readonly wanted: string | null;
  /** The newest stable one there is; null where there are no versions. */
  readonly latest: string | null;
  /** What would be wanted without the pin. */
  readonly unpinned: string | null;
  readonly source: string | null;
  readonly pinned: boolean;
  readonly dependency: boolean;
  /** Where versions cannot tell states apart: the short commit, or the beginning of the digest. */
  readonly current_point: string | null;
  readonly wanted_point: string | null;
  /**
   * `fixed`: the source names this very tag, commit or version. `pinned`: there is something newer, which a pin keeps away.
   * `unknown`: see `error`.
   */
  readonly state: "current" | "outdated" | "pinned" | "fixed" | "unknown";
  /** `paks update` would change it. */
  readonly updatable: boolean;
  /** What keeps a newer version away, other than what `paks.jsonc` asks for and a pin. */
  readonly held_back: HeldBack | null;
  /** The current version was withdrawn by its author. */
  readonly yanked: boolean;
  /** The registry no longer has the current version. */
  readonly gone: boolean;
  readonly error: PaksError | undefined;
}

const asksAtOnce = 8;

/** What a newer one of each pak would be. One that cannot be asked about is a row with its error. */
export async function listOutdated(
  context: Context,
  rows: readonly ListRow[],
  opened: OpenWorkspace | undefined,
): Promise<OutdatedRow[]> {
  const asking = await askTogether(context, rows, { wish: opened?.workspace.registry });
  const ask = openAsking(asking, rows, opened);
  const found = await eachAtOnce(rows, asksAtOnce, async (row) => {
    const base = baseOf(row);
    if (row.error !== undefined) return { ...base, error: row.error };
    try {
      return { ...base, ...(await ask(row)) };
    } catch (error) {
      if (!isPaksError(error) || error.code === "CANCELLED") throw error;
      const flag = row.place.scope === "global" ? " -g" : "";
      return { ...base, error: findGone(error, { folder: row.folder, text: askedOf(row), flag }) ?? error };
    }
  });
  const paired = rows.map((row, index) => ({ row, found: found[index]! }));
  return await nameHolders(asking, paired, opened);
}

const baseOf = (row: ListRow): OutdatedRow => ({
  name: rowName(row),
  folder: row.folder,
  scope: row.place.scope,
  current: currentOf(row),
  wanted: null,
  latest: null,
  unpinned: null,
  source: row.locked?.source ?? null,
  pinned: row.locked?.pinned === true,
  dependency: row.locked !== undefined && row.locked.source === null,
  current_point: null,
  wanted_point: null,
  state: "unknown",
  updatable: false,
  held_back: null,
  yanked: false,
  gone: false,
  error: undefined,
});

/** What asks for it; of what no lock knows, the folder that it came from. */
function askedOf({ folder, locked, pak }: ListRow): string {
  const origin = pak?.record.origin;
  return locked?.source ?? (origin?.type === "local" ? origin.path : folder);
}

type Answer = Partial<OutdatedRow>;

function openAsking(
  context: Context,
  rows: readonly ListRow[],
  opened: OpenWorkspace | undefined,
): (row: ListRow) => Promise<Answer> {
  const wishes = opened === undefined ? [] : listWishes(opened.workspace, opened.root);
  const paks = opened?.lock.paks ?? {};
  const registryWish = opened?.workspace.registry;
  const registryFor = openRegistries(context, registryWish);
  const root = opened?.root ?? context.cwd;
  const fetchers = openFetchers(context, { root, registryFor, registryWish, from: undefined });
  const findNewer = openNewer(context);
  const asked = new Set(rows.flatMap(({ locked, folder }) => (locked ? [folder] : [])));
  fetchers.expect(wishes.filter((wish) => !isFixed(wish) && asked.has(findLocked(paks, wish)?.folder ?? "")));
  return async (row) => {
    const origin = row.locked?.resolved ?? row.pak?.record.origin;
    const inProject = row.place.locked;
    if (origin?.type === "registry") {
      const wish = inProject ? registryWish : undefined;
      const isLocked = row.locked !== undefined;
      // What is pinned no update looks for anew.
      const registry =
        row.locked?.pinned === true
          ? requireRegistryOf(origin, context, wish)
          : requireUpdatingRegistry(origin, context, { wish, isLocked });
      const versions = await registry.listVersions(origin);
      if (versions.length === 0) throw pakGone(origin, isLocked);
      const gone = await isGone(context, row, { origin, versions, wish });
      return compareRelease(row, { versions, gone, ranges: listRanges(origin, { row, wishes, paks }) });
    }
    if (row.locked === undefined) return await compareAlone(row, await findNewer(row), fetchers);
    const wish = wishes.find((one) => findLocked(paks, one)?.folder === row.folder);
    if (wish === undefined) throw notAsked(row);
    if (isFixed(wish)) return { state: "fixed", wanted: rowVersion(row) };
    const fetched = await fetchers.fetchWish(wish);
    requireSameTag({ folder: row.folder, entry: row.locked }, fetched, wish.text);
    return compareFetched(row.locked, fetched, await findLatest(context, wish, fetched));
  };
}

const notAsked = ({ folder }: ListRow): PaksError =>
  new PaksError("LOCKFILE_MISMATCH", `${folder} is in ${lockFileName}, and paks.jsonc does not ask for it.`, {
    hint: "Run `paks install`: what nothing asks for goes.",
  });

interface Asking {
  readonly row: ListRow;
  readonly wishes: readonly Wish[];
  readonly paks: Readonly<Record<string, LockedPak>>;
}

/** What asks for a pak: the workspace's own source, as it is now, and all that depend on it. */
function listRanges(origin: RegistryOrigin, { row, wishes, paks }: Asking): string[] {
  const id = formatPakId(origin);
  const ranges = Object.values(paks).flatMap(({ dependencies }) =>
    Object.hasOwn(dependencies, id) ? [dependencies[id]!] : [],
  );
  if (typeof row.locked?.source !== "string") return ranges;
  const source = wishes.find((wish) => identityOf(wish.source) === id)?.source ?? parseSource(row.locked.source);
  return source.type === "registry" && source.selector !== undefined ? [...ranges, source.selector] : ranges;
}

interface Checking {
  readonly origin: RegistryOrigin;
  readonly versions: readonly VersionDto[];
  readonly wish: string | undefined;
}

/** A list that something on the way kept may be older than what is installed: the registry is asked for the one version. */
async function isGone(context: Context, row: ListRow, { origin, versions, wish }: Checking): Promise<boolean> {
  if (versions.some(({ version }) => version === currentOf(row))) return false;
  const asked = await askRegistry(context, origin, wish);
  return asked.state === "refused" && errorCodes[asked.error.code].exit === 3;
}

const currentOf = (row: ListRow): string | null => row.locked?.version ?? rowVersion(row);

interface Releases {
  readonly versions: readonly VersionDto[];
  /** The registry no longer has the current one. */
  readonly gone: boolean;
  /** What asks for it allows. */
  readonly ranges: readonly string[];
}

function compareRelease(row: ListRow, { versions, gone, ranges }: Releases): Answer {
  const current = currentOf(row);
  // A registry may say anything; what is no version cannot be compared.
  const offered = versions.filter(({ version }) => isVersion(version));
  const fits = (version: string) =>
    ranges.every((range) => isTaken(parseSelector, range) && selectVersion([{ version, yanked: false }], range));
  const latest = selectVersion(offered)?.version ?? null;
  const pinned = row.locked?.pinned === true;
  const newest = selectVersion(offered.filter(({ version }) => fits(version)))?.version ?? null;
  const wanted = pinned ? current : newest;
  const yanked = offered.some((one) => one.version === current && one.yanked);
  const newer = isNewer(newest, current) || isNewer(latest, current) || yanked || gone;
  const updatable = newer && !pinned && wanted !== null && wanted !== current;
  return { wanted, latest, unpinned: newest, yanked, gone, updatable, state: stateOf(newer, pinned) };
}

const isNewer = (one: string | null | undefined, current: string | null): boolean =>
  typeof one === "string" &&
  isVersion(one) &&
  (current === null || !isVersion(current) || compareVersions(one, current) > 0);

const stateOf = (newer: boolean, pinned: boolean): OutdatedRow["state"] =>
  newer ? (pinned ? "pinned" : "outdated") : "current";

/** A tag, a commit or an exact version never becomes another one. */
function isFixed({ source }: Wish): boolean {
  if (source.type === "git") return source.commit !== undefined || source.tag !== undefined;
  return source.type === "npm" && source.selector !== undefined && isVersion(source.selector);
}

/** By its record alone. */
async function compareAlone(row: ListRow, newer: Newer, { fetchWish }: Fetchers): Promise<Answer> {
  const current = rowVersion(row);
  if (newer.state === "fixed") return { state: "fixed", wanted: current };
  if (newer.state === "current") return { state: "current", wanted: current, latest: newer.latest };
  const { text, version } = newer;
  if (version !== undefined) return { state: "outdated", wanted: version, latest: version, updatable: true };
  // What lies on this machine was looked at: it is as good as named.
  const fetched = await fetchWish({ text, source: parseSource(text), isNamed: true, isSaved: false });
  return compareFetched(recordEntry(row.pak!.record), fetched);
}

type Point = Pick<LockedPak, "version" | "digest" | "resolved">;

/** @param newest the newest stable version, where the source's range may exclude it */
function compareFetched(locked: Omit<LockedPak, "previous">, fetched: Fetched, newest?: string): Answer {
  const pinned = locked.pinned === true;
  const differs = fetched.digest !== locked.digest;
  const found = { version: fetched.version, digest: fetched.digest, resolved: fetched.origin };
  const wanted = nameOf(found);
  const same = nameOf(locked) === wanted;
  return {
    current: nameOf(locked),
    wanted: pinned ? nameOf(locked) : wanted,
    latest: newest ?? wanted,
    unpinned: wanted,
    ...(differs && same && { current_point: pointOf(locked), wanted_point: pointOf(found) }),
    updatable: differs && !pinned,
    state: stateOf(differs || (newest !== undefined && isNewer(newest, locked.version)), pinned),
  };
}

/** A version, or the commit of what has none. */
const nameOf = ({ version, resolved }: Point): string | null =>
  version ?? ("commit" in resolved ? resolved.commit.slice(0, 12) : null);

/** What tells two states apart that call themselves the same version. */
const pointOf = ({ digest, resolved }: Point): string =>
  "commit" in resolved ? resolved.commit.slice(0, 7) : digest.slice(0, 11);
