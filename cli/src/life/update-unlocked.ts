import {
  type PaksError,
  type RegistryOrigin,
  compareVersions,
  isPaksError,
  isPrerelease,
  isVersion,
  originIdentity,
} from "@paks/schema";
import { type RememberingContext, askTogether } from "./ask-together.ts";
import type { Context } from "../context.ts";
import type { ListRow } from "./list-paks.ts";
import { type Newer, openNewer } from "./newer-alone.ts";
import type { Place } from "./places.ts";
import { type UpdateOptions, type UpdateResult, type Wanted, updateWanted } from "./update-paks.ts";

export interface UnlockedResult extends UpdateResult {
  /** Why one of several was not updated; the user was told. */
  readonly failed?: PaksError | undefined;
  /** Folders of all that were not. */
  readonly refused?: readonly string[];
}

export interface UnlockedOptions extends UpdateOptions {
  /** It is all that the command is about: what fails is its failure. */
  readonly isOnly: boolean;
}

const nothing: UpdateResult = { updates: [], installed: [], removed: [], heldBack: [], gone: [] };

/**
 * Paks of one place that no lock knows, planned in one go: each becomes the newest that goes together with all that is
 * installed there, and changes once. What failed, and what somebody said no to, does not keep the others back and is told
 * with what was done.
 * @throws PaksError also the codes of `openNewer`, where it is about one alone
 */
export async function updateUnlocked(
  context: Context,
  place: Place,
  { rows: named, options }: { readonly rows: readonly ListRow[]; readonly options: UnlockedOptions },
): Promise<UnlockedResult[]> {
  const rows = [...new Set(named)];
  const asking = await askTogether(context, rows, { wish: undefined, selector: ({ version }) => atLeast(version) });
  const results: UnlockedResult[] = [];
  const tell = (row: ListRow, error: unknown): void => {
    if (!isPaksError(error) || options.isOnly || isInterrupt(error)) throw error;
    const hint = error.hint === undefined ? "" : `\nhint: ${error.hint}`;
    context.warn(`${row.folder} was not updated: ${error.message} [${error.code}]${hint}`);
    results.push({ ...nothing, failed: error, refused: [row.folder] });
  };
  const agreed = new Set<string>();
  const update = async (some: readonly Found[]): Promise<void> => {
    const wanted = some.map((one) => one.wanted);
    results.push(await updateWanted(asking, place, { ...options, wanted, agreed }));
  };
  for (const group of groupByPak(await findWanted(asking, rows, tell))) await updateGroup(group, { update, tell });
  return options.dryRun ? withoutRepeated(results) : results;
}

interface Found {
  readonly row: ListRow;
  readonly wanted: Wanted;
}

type Tell = (row: ListRow, error: unknown) => void;

async function findWanted(asking: RememberingContext, rows: readonly ListRow[], tell: Tell): Promise<Found[]> {
  const findNewer = openNewer(asking);
  const found: Found[] = [];
  for (const row of rows) {
    try {
      if (row.error !== undefined) throw row.error;
      const newer = await asking.progress("Looking for newer versions", () => findNewer(row));
      if (newer.state === "newer") found.push({ row, wanted: wantedOf(row, newer) });
    } catch (error) {
      tell(row, error);
    }
  }
  return found;
}

/** How `update` asks for it. */
export function wantedOf({ pak, folder }: ListRow, { text, version }: Extract<Newer, { state: "newer" }>): Wanted {
  const origin = pak?.record.origin;
  const base = folder.slice(folder.lastIndexOf("/") + 1);
  if (origin?.type !== "registry") return { text, as: base };
  return { text: `${text}${rangeOf(origin, version)}`, as: base === origin.name ? undefined : base };
}

/** Nobody is taken back to an older version so that another pak can have its newest; a withdrawn one is left for whatever there is. */
function rangeOf({ version: current }: RegistryOrigin, newest: string | undefined): string {
  const isUp = newest !== undefined && isVersion(current) && !isPrerelease(newest);
  return isUp && compareVersions(newest, current) > 0 ? `@${atLeast(current)}` : "";
}

const atLeast = (version: string): string => (isVersion(version) ? `>=${version}` : "latest");

/** One pak in two folders may only be named once in a plan. */
export function groupByPak<T extends { readonly row: ListRow }>(found: readonly T[]): T[][] {
  const groups: Map<string, T>[] = [];
  for (const one of found) {
    const identity = originIdentity(one.row.pak!.record.origin);
    const group = groups.find((other) => !other.has(identity));
    if (group) group.set(identity, one);
    else groups.push(new Map([[identity, one]]));
  }
  return groups.map((group) => [...group.values()]);
}

interface Updating {
  readonly update: (some: readonly Found[]) => Promise<void>;
  readonly tell: Tell;
}

/** Without those that say no themselves; where it cannot be said which one it was, one by one. */
async function updateGroup(group: readonly Found[], { update, tell }: Updating): Promise<void> {
  let left = group;
  while (left.length > 1) {
    try {
      return await update(left);
    } catch (error) {
      if (!isPaksError(error) || isInterrupt(error)) throw error;
      const refusing = folderOf(error);
      const others = left.filter(({ row }) => row.folder !== refusing);
      if (others.length === left.length) break;
      tell(left.find(({ row }) => row.folder === refusing)!.row, error);
      left = others;
    }
  }
  for (const one of left) {
    try {
      await update([one]);
    } catch (error) {
      tell(one.row, error);
    }
  }
}

/** The one pak that a failure is about, where it says so. */
function folderOf({ details = {} }: PaksError): unknown {
  const { declined, folder, paks } = details;
  const grown = Array.isArray(paks) && paks.length === 1 ? (paks as readonly { readonly folder: unknown }[]) : [];
  return declined ?? folder ?? grown[0]?.folder;
}

/** Everything is to end, and not only the one that was asked about. */
const isInterrupt = ({ code, details }: PaksError): boolean =>
  code === "CANCELLED" && details?.["declined"] === undefined;

/** What is only foretold changes for whoever is looked at first, and is there as before for the next. */
function withoutRepeated(results: readonly UnlockedResult[]): UnlockedResult[] {
  const told = new Set<string>();
  return results.map((result) => {
    const updates = result.updates.filter(({ folder }) => !told.has(folder));
    for (const { folder } of updates) told.add(folder);
    return { ...result, updates };
  });
}
