import {
  type LockedPak,
  type RegistryOrigin,
  type ReleaseDto,
  formatPakId,
  isJsonObject,
  parsePakId,
  parseSelector,
  isTaken,
} from "@paks/schema";
import { otherRegistry } from "../install/locked-registry.ts";
import { findLockedId } from "./entry.ts";
import type { RememberingRegistry } from "./remember-answers.ts";
import type { Ranges, Universe } from "./resolve.ts";

/** Paks of the registries that a user and a workspace name, and of the lock where it knows them. Asks nothing twice. */
export function openUniverse(
  registryFor: (account: string) => Pick<RememberingRegistry, "url" | "chosen" | "listVersions" | "findRelease">,
  paks: Readonly<Record<string, LockedPak>>,
): Universe {
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
  return {
    listVersions: async (id) => await registryOf(id).listVersions(parsePakId(id)),
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
