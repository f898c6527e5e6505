import {
  type Lock,
  type LockedPak,
  type PakId,
  compareVersions,
  emptyLock,
  formatPakId,
  isPaksError,
  parseSource,
  selectVersion,
} from "@paks/schema";
import type { Context } from "./context.ts";
import { findRecord } from "./install/installed-state.ts";
import { listRecordedFolders } from "./install/list-installed.ts";
import { findAllPlaces, readLockOf } from "./life/places.ts";

/** What the records say is installed from a registry, without a look at the files. */
export interface InstalledVersion {
  readonly scope: string;
  readonly version: string;
  /** Absolute. */
  readonly folder: string;
  /** Base URL of the registry it came from, when that is another one: a name means another pak there. */
  readonly elsewhere: string | undefined;
  /** What is known without asking anybody of what keeps a newer version away. */
  readonly holds: Holds;
}

interface Holds {
  /** Name to let it go by. */
  readonly pinned?: string | undefined;
  /** Version, range or channel that `paks.jsonc` asks for. */
  readonly asked?: string | undefined;
  /** Ranges of installed paks that need it. */
  readonly needed?: readonly Need[];
  /** What whoever asked the registry knows: `paks.jsonc` does not let `update` take the newest. */
  readonly isBeyond?: boolean;
}

interface Need {
  /** `acme/report@1.0.0`. */
  readonly by: string;
  readonly range: string;
}

/**
 * By `account/name`, here and for all projects. What cannot be read is left out: this is a hint beside an answer.
 * @param registry base URL of the one that answers
 */
export async function findInstalledVersions(
  context: Context,
  registry: string,
): Promise<ReadonlyMap<string, InstalledVersion[]>> {
  const found = new Map<string, InstalledVersion[]>();
  for (const place of await orNothing([], () => findAllPlaces(context))) {
    const { scope, skillsFolder } = place;
    const { paks } = await orNothing(emptyLock, () => readLockOf(place));
    for (const folder of await orNothing([], () => listRecordedFolders(skillsFolder))) {
      const record = await orNothing(undefined, () => findRecord(skillsFolder, folder));
      if (record?.origin.type !== "registry") continue;
      const id = formatPakId(record.origin);
      const { version, registry: from } = record.origin;
      const elsewhere = from.replace(/\/+$/, "") === registry ? undefined : from;
      found.set(id, [
        ...(found.get(id) ?? []),
        { scope, version, folder: skillsFolder, elsewhere, holds: holdsOf(id, folder, paks) },
      ]);
    }
  }
  return found;
}

function holdsOf(id: string, folder: string, paks: Lock["paks"]): Holds {
  const locked = Object.hasOwn(paks, folder) ? paks[folder] : undefined;
  if (locked === undefined) return {};
  const needed = Object.entries(paks).flatMap(([other, { resolved, version, dependencies }]) => {
    const name = resolved.type === "registry" ? formatPakId(resolved) : other;
    const by = version === null ? name : `${name}@${version}`;
    return Object.hasOwn(dependencies, id) ? [{ by, range: dependencies[id]! }] : [];
  });
  return { pinned: locked.pinned === true ? folder : undefined, asked: askedOf(locked), needed };
}

function askedOf({ source }: LockedPak): string | undefined {
  try {
    const asked = source === null ? undefined : parseSource(source);
    return asked?.type === "registry" ? asked.selector : undefined;
  } catch (error) {
    if (isPaksError(error)) return undefined;
    throw error;
  }
}

/** After the registry was asked what `update` would take; others may go along to where they need something newer. */
export const withForeseen = (one: InstalledVersion, isBeyond: boolean): InstalledVersion => ({
  ...one,
  holds: { ...one.holds, needed: [], isBeyond },
});

async function orNothing<T>(otherwise: T, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (isPaksError(error) || (error instanceof Error && "code" in error)) return otherwise;
    throw error;
  }
}

/** For `--json`: each installed copy, and whether the registry's newest is newer. */
export const statusData = (installed: readonly InstalledVersion[] = [], newest: string) =>
  installed.map((one) => ({
    scope: one.scope,
    version: one.version,
    folder: one.folder,
    registry: one.elsewhere ?? null,
    update: isOlder(one, newest),
  }));

/** "0.2.0", and where when that needs saying: "0.2.0 (project), 0.2.0 (global)". */
export const placesText = (installed: readonly InstalledVersion[] = []): string =>
  installed
    .map(({ scope, version, elsewhere }) => {
      const notes = [
        ...(scope === "project" && installed.length === 1 ? [] : [scope]),
        ...(elsewhere === undefined ? [] : [`from ${elsewhere}`]),
      ];
      return notes.length === 0 ? version : `${version} (${notes.join(", ")})`;
    })
    .join(", ");

/** One line for people; undefined when it is not installed. */
export function statusText(id: PakId, installed: readonly InstalledVersion[] = [], newest: string): string | undefined {
  if (installed.length === 0) return undefined;
  const all = placesText(installed);
  const older = installed.filter((one) => isOlder(one, newest));
  if (older.length === 0)
    return installed.some(({ elsewhere }) => elsewhere !== undefined) ? all : `${all}, the newest`;
  const free = older.filter(({ holds }) => isFree(holds, newest));
  if (free.length === 0) return `${all}, ${heldText(id, older[0]!.holds, newest)}`;
  const where = free.every(({ scope }) => scope === "global") ? " -g" : "";
  return `${all}, ${newest} is newer: paks update ${formatPakId(id)}${where}`;
}

const isFree = ({ pinned, needed = [], ...holds }: Holds, newest: string): boolean =>
  pinned === undefined && !isBeyond(holds, newest) && needed.every(({ range }) => isAllowed(newest, range));

const isBeyond = ({ isBeyond: known = false, asked }: Pick<Holds, "asked" | "isBeyond">, newest: string): boolean =>
  known || !isAllowed(newest, asked);

/** The first of what is to be done away with, and the command for it where there is one. */
function heldText(id: PakId, { pinned, needed = [], ...holds }: Holds, newest: string): string {
  const name = formatPakId(id);
  const need = needed.find(({ range }) => !isAllowed(newest, range));
  if (need !== undefined) return `${newest} is newer; ${need.by} asks for ${name}@${need.range}`;
  const install = `paks install ${name}@${newest}`;
  // With a pin, whoever foresaw the update saw the pin.
  const beyond = isBeyond(pinned === undefined ? holds : { asked: holds.asked }, newest);
  if (pinned === undefined) return `${newest} is newer than what paks.jsonc asks for: ${install}`;
  return `pinned; ${newest} is newer: paks unpin ${pinned}, then ${beyond ? install : `paks update ${name}`}`;
}

function isAllowed(newest: string, selector: string | undefined): boolean {
  try {
    return selectVersion([{ version: newest, yanked: false }], selector) !== undefined;
  } catch (error) {
    if (isPaksError(error)) return true;
    throw error;
  }
}

/** What came from another registry is no older state of this pak. */
const isOlder = ({ version, elsewhere }: InstalledVersion, newest: string): boolean =>
  elsewhere === undefined && isNewer(newest, version);

/** Text of a registry is no version until it has proved to be one. */
function isNewer(newest: string, installed: string): boolean {
  try {
    return compareVersions(newest, installed) > 0;
  } catch (error) {
    if (isPaksError(error)) return false;
    throw error;
  }
}
