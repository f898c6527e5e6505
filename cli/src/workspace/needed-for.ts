import { type Lock, type Origin, formatPakId } from "@paks/schema";
import type { Ranges } from "./resolve.ts";

/** A pak, as far as it matters for which tools it has to be there. */
export interface Needing {
  /** Below the skills folder. */
  readonly folder: string;
  /** `account/name`; absent: no dependency can mean it. */
  readonly id: string | undefined;
  readonly dependencies: Ranges;
  /** Ids of the tools that it is asked for, nobody's in particular when empty. Absent: nobody asks for it. */
  readonly agents: readonly string[] | undefined;
}

/**
 * The tools that a pak is needed for, list by list: its own, and those of all that depend on it, however far up. A pak
 * that only its dependents bring has none of its own: what they are for is what it is for.
 */
export function openNeededFor(paks: readonly Needing[]): (folder: string) => readonly (readonly string[])[] {
  const folders = new Map(paks.map(({ id, folder }) => [id, folder]));
  const dependencies = new Map(paks.map((pak) => [pak.folder, Object.keys(pak.dependencies)]));
  const lists = new Map<string, { readonly agents: readonly string[]; readonly reached: Set<string> }>();
  for (const { folder, agents } of paks) {
    if (agents === undefined) continue;
    const key = agents.join(",");
    const list = lists.get(key) ?? { agents, reached: new Set() };
    lists.set(key, list);
    list.reached.add(folder);
  }
  // Most paks are for the same tools: each list is followed once. A set that grows meanwhile is gone through to its end.
  for (const { reached } of lists.values())
    for (const folder of reached)
      for (const id of dependencies.get(folder) ?? []) {
        const next = folders.get(id);
        if (next !== undefined) reached.add(next);
      }
  return (folder) => [...lists.values()].flatMap(({ agents, reached }) => (reached.has(folder) ? [agents] : []));
}

/**
 * Ids of the tools that somebody named for what is in a folder of the lock, or for what needs it. What locks of earlier
 * versions say of a mere dependency is what the command said that brought it, and is passed over.
 */
export function openNamedAgents({ paks }: Pick<Lock, "paks">): (folder: string) => readonly string[] {
  const neededFor = openNeededFor(
    Object.entries(paks).map(([folder, { resolved, dependencies, source, agents }]) => ({
      folder,
      id: releaseId(resolved),
      dependencies,
      agents: source === null ? undefined : agents,
    })),
  );
  return (folder) => [...new Set(neededFor(folder).flat())].sort();
}

/** What dependencies call it. */
export const releaseId = (origin: Origin): string | undefined =>
  origin.type === "registry" ? formatPakId(origin) : undefined;
