import { dirname, join } from "node:path";
import type { PlannedPak } from "../workspace/plan-install.ts";
import type { Neighbour } from "../workspace/resolve-among.ts";
import { findRecord } from "./installed-state.ts";
import { type LinkPlan, readLinkState } from "./links.ts";
import { type LinkPlaces, linkPlacesOf, listOwnLinks } from "./own-links.ts";
import type { Work } from "./ready-pak.ts";

interface Named {
  readonly pak: PlannedPak;
  /** Of the tools that it is for. */
  readonly links: readonly LinkPlan[];
  /** What is installed beside it, and this command says nothing of. */
  readonly others: readonly Neighbour[];
}

/**
 * The links of a pak that somebody has said the tools of, with those that stay where others need it: these would be there
 * without what they depend on.
 */
export async function withNeededLinks(
  { context, place, told }: Work,
  { pak: { folder, identity }, links, others }: Named,
): Promise<readonly LinkPlan[]> {
  const places = linkPlacesOf(context);
  const needed = await findNeededLinks({ ...place, folder, identity, neighbours: others, places });
  const left = needed.filter(({ path }) => !links.some((link) => link.path === path));
  for (const { path, by } of left) {
    if (!told.has(path)) context.note(`${path} stays: ${by} needs ${folder} there.`);
    told.add(path);
  }
  return [...links, ...left];
}

interface Needed {
  readonly skillsFolder: string;
  /** Below the skills folder. */
  readonly folder: string;
  readonly identity: string;
  readonly neighbours: readonly Neighbour[];
  readonly places: LinkPlaces;
}

interface NeededLink extends LinkPlan {
  /** The folder of the pak that needs it there. */
  readonly by: string;
}

/** Links and copies where others have theirs. No lock says for which tools these are; their records do. Nothing is read when nobody needs it. */
async function findNeededLinks(needed: Needed): Promise<readonly NeededLink[]> {
  const { skillsFolder, folder, identity, places } = needed;
  const needing = needed.neighbours.filter((one) => one.folder !== folder && Object.hasOwn(one.requires, identity));
  const record = needing.length === 0 ? undefined : await findRecord(skillsFolder, folder);
  if (record === undefined) return [];
  const needers = new Map<string, string>();
  for (const { folder: by } of needing) {
    const own = await findRecord(skillsFolder, by);
    const links = own === undefined ? [] : await listOwnLinks(skillsFolder, own, places);
    for (const path of links) needers.set(dirname(path), by);
  }
  const found: NeededLink[] = [];
  for (const path of await listOwnLinks(skillsFolder, record, places)) {
    const by = needers.get(dirname(path));
    if (by === undefined) continue;
    const state = await readLinkState(path, { to: join(skillsFolder, folder), record, places });
    if (state === "link" || state === "copy") found.push({ target: by, path, mode: state, by });
  }
  return found;
}
