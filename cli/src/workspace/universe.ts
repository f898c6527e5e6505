import {
  type LockedPak,
  type PaksError,
  type RegistryOrigin,
  type ReleaseDto,
  formatPakId,
  isJsonObject,
  parsePakId,
  parseSelector,
  isTaken,
} from "@paks/schema";
import { otherRegistry, pakGone, releaseGone } from "../install/locked-registry.ts";
import { findLockedId } from "./entry.ts";
import type { RememberingRegistry } from "./remember-answers.ts";
import type { Ranges, Universe } from "./resolve.ts";

/** What is locked and its registry, repository or folder no longer has, while others of the lock are looked for anew. */
export interface Gone {
  readonly folder: string;
  readonly error: PaksError;
}

export interface LockedUniverse extends Universe {
  /** What was looked for in vain, by `account/name`; where one of them is chosen as it is locked, it stays. */
  readonly gone: ReadonlyMap<string, Gone>;
}

/**
 * Paks of the registries that a user and a workspace name, and of the lock where it knows them. Asks nothing twice.
 * @param mayStay whether what is gone may stay as it is in this folder
 */
export function openUniverse(
  registryFor: (account: string) => Pick<RememberingRegistry, "url" | "chosen" | "listVersions" | "findRelease">,
  paks: Readonly<Record<string, LockedPak>>,
  mayStay: (folder: string) => boolean = () => true,
): LockedUniverse {
  const gone = new Map<string, Gone>();
  const registryOf = (id: string) => {
    const locked = findLockedId(paks, id)?.entry.resolved;
    if (locked?.type === "registry") requireSameRegistry(locked, registryFor);
    return registryFor(parsePakId(id).account);
  };
  const find = async (id: string, selector: string) => {
    const ref = { ...parsePakId(id), selector };
    const release = await registryOf(id).findRelease(ref, selector);
    if (release) (await import("../install/fetch-release.ts")).requireSamePak(release, ref);
    return release;
  };
  const listVersions = async (id: string) => await registryOf(id).listVersions(parsePakId(id));
  return {
    gone,
    listVersions,
    findLast: async (id) => {
      const { folder, entry } = findLockedId(paks, id) ?? {};
      if (folder === undefined || entry?.resolved.type !== "registry" || !mayStay(folder)) return undefined;
      const versions = await listVersions(id);
      if (versions.some(({ version }) => version === entry.version)) return undefined;
      gone.set(id, { folder, error: versions.length === 0 ? pakGone(entry.resolved) : releaseGone(entry.resolved) });
      return entry.resolved.version;
    },
    findNewest: async (id, range) => (await find(id, range))?.version,
    listDependencies: async (id, version) => {
      const locked = findLockedId(paks, id)?.entry;
      if (locked?.version === version) return locked.dependencies;
      const release = await find(id, version);
      return release ? readDependencies(release) : {};
    },
  };
}

/**
 * Another version of a locked pak comes from where it came from: whoever has the name elsewhere must not get to update it.
 * @throws PaksError LOCKFILE_MISMATCH
 */
export function requireSameRegistry(
  locked: RegistryOrigin,
  registryFor: (account: string) => Pick<RememberingRegistry, "url" | "chosen">,
): void {
  const { url, chosen } = registryFor(locked.account);
  if (url !== locked.registry) throw otherRegistry(locked, chosen ?? { url });
}

/** What the registry says; the files are asked again when they are here. */
export function readDependencies({ manifest }: ReleaseDto): Ranges {
  const list: unknown = manifest["dependencies"];
  if (!Array.isArray(list)) return {};
  return Object.fromEntries(
    list.flatMap((one: unknown): [string, string][] => {
      if (!isJsonObject(one)) return [];
      const { account, name, range } = one;
      if (typeof account !== "string" || typeof name !== "string" || typeof range !== "string") return [];
      const id = formatPakId({ account, name });
      return isTaken(parsePakId, id) && isTaken(parseSelector, range) ? [[id, range]] : [];
    }),
  );
}
