import { formatPakId } from "@paks/schema";
import type { PlannedPak } from "./plan-install.ts";
import type { Ranges } from "./resolve.ts";
import type { RegistryWish, Wish } from "./wish.ts";

/** Which paks of a registry something leads to that the workspace's files name, and that the command line does. */
export function listReached(
  fixed: readonly PlannedPak[],
  releases: readonly RegistryWish[],
  resolved: ReadonlyMap<string, { readonly dependencies: Ranges }>,
): { readonly saved: ReadonlySet<string>; readonly named: ReadonlySet<string> } {
  const reach = (isStart: (wish: Wish) => boolean): ReadonlySet<string> => {
    const starts = [
      ...releases.filter(isStart).map(({ source }) => formatPakId(source)),
      ...fixed.flatMap(({ wish, dependencies }) => (wish && isStart(wish) ? Object.keys(dependencies) : [])),
    ];
    const reached = new Set(starts);
    // A set that grows while it is gone through is gone through to its end.
    for (const id of reached) for (const next of Object.keys(resolved.get(id)?.dependencies ?? {})) reached.add(next);
    return reached;
  };
  return { saved: reach(({ isSaved }) => isSaved), named: reach(({ isNamed }) => isNamed) };
}
