import { type PakId, compareVersions, formatPakId, isPaksError } from "@paks/schema";
import type { Context } from "./context.ts";
import { findRecord } from "./install/installed-state.ts";
import { listRecordedFolders } from "./install/list-installed.ts";
import { findAllPlaces } from "./life/places.ts";

/** What the records say is installed from a registry, without a look at the files. */
export interface InstalledVersion {
  readonly scope: string;
  readonly version: string;
  /** Absolute. */
  readonly folder: string;
}

/** By `account/name`, here and for all projects. What cannot be read is left out: this is a hint beside an answer. */
export async function findInstalledVersions(context: Context): Promise<ReadonlyMap<string, InstalledVersion[]>> {
  const found = new Map<string, InstalledVersion[]>();
  for (const { scope, skillsFolder } of await orNothing([], () => findAllPlaces(context)))
    for (const folder of await orNothing([], () => listRecordedFolders(skillsFolder))) {
      const record = await orNothing(undefined, () => findRecord(skillsFolder, folder));
      if (record?.origin.type !== "registry") continue;
      const id = formatPakId(record.origin);
      found.set(id, [...(found.get(id) ?? []), { scope, version: record.origin.version, folder: skillsFolder }]);
    }
  return found;
}

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
  installed.map(({ scope, version, folder }) => ({ scope, version, folder, update: isNewer(newest, version) }));

/** "0.2.0", and where when that needs saying: "0.2.0 (project), 0.2.0 (global)". */
export const placesText = (installed: readonly InstalledVersion[] = []): string =>
  installed
    .map(({ scope, version }) => (scope === "project" && installed.length === 1 ? version : `${version} (${scope})`))
    .join(", ");

/** One line for people; undefined when it is not installed. */
export function statusText(id: PakId, installed: readonly InstalledVersion[] = [], newest: string): string | undefined {
  if (installed.length === 0) return undefined;
  const all = placesText(installed);
  const older = installed.filter(({ version }) => isNewer(newest, version));
  if (older.length === 0) return `${all}, the newest`;
  const where = older.every(({ scope }) => scope === "global") ? " -g" : "";
  return `${all}, ${newest} is newer: paks update ${formatPakId(id)}${where}`;
}

/** Text of a registry is no version until it has proved to be one. */
function isNewer(newest: string, installed: string): boolean {
  try {
    return compareVersions(newest, installed) > 0;
  } catch (error) {
    if (isPaksError(error)) return false;
    throw error;
  }
}
