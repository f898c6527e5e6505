import type { Asked } from "./held-back.ts";
import type { Ranges, Resolved, Root } from "./resolve.ts";

/** A pak that no lock knows, and what it needs: it is to go on working when something else is installed beside it. */
export interface Neighbour {
  /** Below the skills folder. */
  readonly folder: string;
  /** The pak, whatever its version. */
  readonly identity: string;
  /** For people. */
  readonly label: string;
  readonly requires: Ranges;
}

/** What is about to be put in place. */
export interface Placed {
  readonly folder: string;
  readonly identity: string;
}

/**
 * With what is needed by the paks that stay as they are. They get nothing that is not installed anyhow: what they lack
 * nobody asked for now. One that is put in place anew brings what it needs then, in place of what it needed.
 * @param resolve with more that is asked for
 * @throws PaksError the codes of `resolve`; DEPENDENCY_CONFLICT names the pak that stays
 */
export async function resolveAmong(
  neighbours: readonly Neighbour[],
  resolve: (more: readonly Root[]) => Promise<Asked>,
  listPlaced: (chosen: ReadonlyMap<string, Resolved>) => readonly Placed[],
): Promise<Asked> {
  if (neighbours.length === 0) return await resolve([]);
  const met = new Set<string>();
  const replaced = new Set<Neighbour>();
  let roots: readonly Root[] = [];
  for (;;) {
    const asked = await resolve(roots);
    const placed = listPlaced(asked.chosen);
    // Both only grow: it ends.
    for (const { identity } of placed) met.add(identity);
    for (const one of neighbours) if (placed.some((other) => isReplaced(one, other))) replaced.add(one);
    const next = neighbours.filter((one) => !replaced.has(one)).flatMap((one) => rootOf(one, met));
    if (JSON.stringify(next) === JSON.stringify(roots)) return asked;
    roots = next;
  }
}

/** With `--dir` each account has a folder of its own. */
const isReplaced = (neighbour: Neighbour, { folder, identity }: Placed): boolean =>
  neighbour.folder === folder || (neighbour.identity === identity && neighbour.folder.endsWith(`/${folder}`));

function rootOf({ label, requires }: Neighbour, met: ReadonlySet<string>): Root[] {
  const meant = Object.entries(requires).filter(([id]) => met.has(id));
  return meant.length === 0 ? [] : [{ label, requires: Object.fromEntries(meant) }];
}
