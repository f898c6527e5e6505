import { dirname, join } from "node:path";
import { PaksError } from "@paks/schema";
import type { OpenWorkspace } from "../workspace/open-workspace.ts";
import type { InstallPlan } from "../workspace/plan-install.ts";
import { readInstalledState } from "./installed-state.ts";
import { listEditedCopies, listOwnLinks } from "./links.ts";
import { removeRelease } from "./place.ts";
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
export const isDisabledOrphan = ({ lock, workspace }: OpenWorkspace, folder: string): boolean =>
  workspace.paks.includes(lock.paks[folder]?.source ?? "");

/**
 * What was edited under its old name is not left behind silently.
 * @throws PaksError LOCAL_CHANGES
 */
export async function requireUneditedRenames({ place, options }: Work, renames: Renames): Promise<void> {
  if (options.force) return;
  for (const [from, to] of renames) {
    if (!(await isEdited(place, from))) continue;
    throw new PaksError("LOCAL_CHANGES", `${from} was edited since it was installed, and ${to} would take its place.`, {
      hint: "Keep your edits elsewhere, or run again with --force: a copy of them is kept then.",
      details: { path: join(place.skillsFolder, from) },
    });
  }
}

type Place = Work["place"];

/** The folder, or a copy of it that a tool has. */
async function isEdited(place: Place, folder: string): Promise<boolean> {
  const { state, record } = await readInstalledState(place.skillsFolder, folder);
  return state === "edited" || (state === "intact" && (await hasEditedCopy(place, record)));
}

async function hasEditedCopy({ skillsFolder, boundary }: Place, record: InstallRecord): Promise<boolean> {
  const links = await listOwnLinks(skillsFolder, record, boundary);
  return (await listEditedCopies(links, join(skillsFolder, record.folder), record)).length > 0;
}

/** What was edited stays where it is; the lock forgets it. Answers the folders that are gone. */
export async function removeOrphans(
  { place, context, options }: Work,
  { lock }: OpenWorkspace,
  { orphans, renames }: { readonly orphans: readonly string[]; readonly renames: Renames },
): Promise<string[]> {
  const { changeWorkspace } = await import("../workspace/change-workspace.ts");
  const { skillsFolder, boundary } = place;
  const removed: string[] = [];
  for (const folder of orphans) {
    const workspace = { folder, entry: null };
    const { state, record } = await readInstalledState(skillsFolder, folder);
    const isAsLocked = state === "intact" && record.digest === lock.paks[folder]?.digest;
    const force = options.force && renames.has(folder);
    if (record !== undefined && (force || (isAsLocked && !(await hasEditedCopy(place, record))))) {
      const removing = { skillsFolder, boundary, record, force, now: context.clock(), workspace };
      for (const path of (await removeRelease(removing)).backups) context.note(`A copy of what was there: ${path}`);
      removed.push(folder);
      continue;
    }
    if (state !== "absent") context.warn(`${folder} is no longer asked for, but it was edited: it stays.`);
    await changeWorkspace(dirname(dirname(skillsFolder)), [workspace]);
  }
  return removed;
}
