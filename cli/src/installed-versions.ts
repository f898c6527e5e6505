import { type PakId, compareVersions, emptyLock, formatPakId, isPaksError } from "@paks/schema";
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
  /** `paks.jsonc` asks for exactly this version, so `update` takes no other. */
  readonly isFixed: boolean;
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
        { scope, version, folder: skillsFolder, elsewhere, isFixed: isFixed(paks[folder]?.source) },
      ]);
    }
  }
  return found;
}

const isFixed = (source: string | null | undefined): boolean => /@\d+\.\d+\.\d+(?:[-+][\w.+-]+)?$/.test(source ?? "");

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
  if (older.every((one) => one.isFixed))
    return `${all}, ${newest} is newer than what paks.jsonc asks for: paks install ${formatPakId(id)}@${newest}`;
  const where = older.every(({ scope }) => scope === "global") ? " -g" : "";
  return `${all}, ${newest} is newer: paks update ${formatPakId(id)}${where}`;
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
