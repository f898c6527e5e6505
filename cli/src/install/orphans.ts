import { dirname, join } from "node:path";
import { PaksError } from "@paks/schema";
import type { OpenWorkspace } from "../workspace/open-workspace.ts";
import type { InstallPlan } from "../workspace/plan-install.ts";
import { listWishes } from "../workspace/wish.ts";
import { hasEditedCopy, isNowhereElse, lookAtGoing } from "./going.ts";
import { readInstalledState } from "./installed-state.ts";
import type { Moved } from "./links.ts";
import { type LinkPlaces, linkPlacesOf } from "./own-links.ts";
import { removeRelease } from "./remove-release.ts";
import type { InstallRecord } from "./record.ts";
import type { Work } from "./ready-pak.ts";

/** A folder that a pak left for another, given with `--as`. */
export type Renames = ReadonlyMap<string, string>;

/** By the folder that is left. */
export function listRenames({ lock }: OpenWorkspace, { paks, orphans }: InstallPlan): Renames {
  const left = orphans.map((from) => {
    const to = paks.find(({ before }) => before !== undefined && before === lock.paks[from])?.folder;
    return [from, to] as const;
  });
  return new Map(left.flatMap(([from, to]) => (to === undefined ? [] : [[from, to] as const])));
}

/** Still in `paks.jsonc`, and not to be installed. */
export function isDisabledOrphan({ lock, workspace, root }: OpenWorkspace, folder: string): boolean {
  const source = lock.paks[folder]?.source;
  // What another source takes the place of is still there as well, and was asked for.
  const isAsked = () => listWishes(workspace, root).some(({ text }) => text === source);
  return typeof source === "string" && workspace.paks.includes(source) && !isAsked();
}

/**
 * What was edited under its old name is not left behind silently.
 * @throws PaksError LOCAL_CHANGES
 */
export async function requireUneditedRenames({ place, options, context }: Work, renames: Renames): Promise<void> {
  if (options.force) return;
  const places = linkPlacesOf(context);
  for (const [from, to] of renames) {
    if (!(await isEdited(place, from, places))) continue;
    throw new PaksError("LOCAL_CHANGES", `${from} was edited since it was installed, and ${to} would take its place.`, {
      hint: "Keep your edits elsewhere, or run again with --force: a copy of them is kept then.",
      details: { path: join(place.skillsFolder, from) },
    });
  }
}

type Place = Work["place"];

/** The folder, or a copy of it that a tool has. */
async function isEdited(place: Place, folder: string, places: LinkPlaces): Promise<boolean> {
  const { state, record } = await readInstalledState(place.skillsFolder, folder);
  return state === "edited" || (state === "intact" && (await hasEditedCopy(place, record, places)));
}

/** A folder that is gone, and what of it is kept. */
interface RemovedOrphan {
  readonly folder: string;
  readonly moved: readonly Moved[];
}

interface Orphans {
  readonly orphans: readonly string[];
  readonly renames: Renames;
}

/** What was edited stays where it is; the lock forgets it. */
export async function removeOrphans(work: Work, opened: OpenWorkspace, left: Orphans): Promise<RemovedOrphan[]> {
  const { changeWorkspace } = await import("../workspace/change-workspace.ts");
  const { place, context } = work;
  const { skillsFolder } = place;
  const removed: RemovedOrphan[] = [];
  for (const folder of left.orphans) {
    const workspace = { folder, entry: null };
    const going = await findGoing(work, opened, { folder, renames: left.renames });
    if (going === undefined) {
      await changeWorkspace(dirname(dirname(skillsFolder)), [workspace]);
      continue;
    }
    // Bytes that are not the locked ones may be nobody else's.
    const keep =
      going.record.digest !== opened.lock.paks[folder]?.digest && (await isNowhereElse(context, going.record));
    const { warn } = context;
    const removing = { skillsFolder, places: linkPlacesOf(context), ...going, keep, workspace, warn };
    const { moved } = await removeRelease({ ...removing, now: context.clock() });
    // With its new name it is told as what became of that.
    if (!left.renames.has(folder)) for (const { from, to } of moved) warn(`${from} was moved to ${to}.`);
    removed.push({ folder, moved });
  }
  return removed;
}

/** Those that would go; what stays is told as it would be. */
export async function foreseeOrphans(work: Work, opened: OpenWorkspace, left: Orphans): Promise<RemovedOrphan[]> {
  const going: RemovedOrphan[] = [];
  for (const folder of left.orphans)
    if (await findGoing(work, opened, { folder, renames: left.renames })) going.push({ folder, moved: [] });
  return going;
}

interface Going {
  readonly record: InstallRecord;
  readonly force: boolean;
}

/** `undefined`: it is not there, or stays, and that is told. */
async function findGoing(
  { place, context, options }: Work,
  { lock }: OpenWorkspace,
  { folder, renames }: { readonly folder: string; readonly renames: Renames },
): Promise<Going | undefined> {
  const { state, record, obstacle } = await lookAtGoing(context, place.skillsFolder, folder);
  const force = options.force && renames.has(folder);
  if (record !== undefined && force) return { record, force };
  if (state === "absent") return undefined;
  // Or as it was locked when it was put there, in another version. What --no-save has put there is the user's.
  const isAsLocked = record?.digest === lock.paks[folder]?.digest || record?.saved === true;
  if (record !== undefined && isAsLocked && obstacle === undefined) return { record, force };
  context.warn(`${folder} is no longer asked for, but ${obstacle ?? "what is there was never saved"}: it stays.`);
  return undefined;
}
