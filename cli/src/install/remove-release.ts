import { renameSync } from "node:fs";
import { dirname, join } from "node:path";
import { removeFile } from "@paks/locks";
import { isPaksError, systemErrorCode } from "@paks/schema";
import type { WorkspaceChange } from "../workspace/change-workspace.ts";
import { explain, syncAll, syncFolder } from "../write-file.ts";
import { type WorkFolder, makeBackupsFolder, openWorkFolder, placesIn } from "./aside.ts";
import { requireReplaceable } from "./check-placing.ts";
import { exists, readInstalledState } from "./installed-state.ts";
import {
  type LinkPlan,
  type Linked,
  type Moved,
  makeLinks,
  moveEditedCopies,
  moveFolder,
  readLinkState,
  removeLinks,
  requireUneditedCopies,
} from "./links.ts";
import type { LinkPlaces } from "./own-links.ts";
import { type InstallRecord, backupName, bookkeeping } from "./record.ts";
import { isRecorded, recordInWorkspace } from "./record-in-workspace.ts";
import { renameIfThere } from "./replacement.ts";
import { requireInside } from "./require-inside.ts";
import { listAllLinks } from "./standing-links.ts";
import { writeIntents } from "./work-folder.ts";

export interface Removing {
  readonly skillsFolder: string;
  readonly record: InstallRecord;
  readonly force: boolean;
  /** A copy is kept though nobody edited it. */
  readonly keep?: boolean;
  readonly now: Date;
  readonly places?: LinkPlaces | undefined;
  /** What the workspace's files say then; absent: they are not touched. */
  readonly workspace?: WorkspaceChange | undefined;
  /** Told where the user's edits are, when something failed and they could not be put back. */
  readonly warn?: ((text: string) => void) | undefined;
}

/**
 * Removes exactly what was installed: all of it or, when something cannot be written, nothing. The caller holds the
 * folder's lock. Throws LOCAL_CHANGES unless `force`, which keeps a copy.
 */
export async function removeRelease(removing: Removing): Promise<{ readonly moved: readonly Moved[] }> {
  const { skillsFolder, record, places } = removing;
  const target = join(skillsFolder, record.folder);
  await requireInside(dirname(target), skillsFolder);
  const state = await readInstalledState(skillsFolder, record.folder);
  const links = await listAllLinks(skillsFolder, record, places);
  const linked = { to: target, record, places };
  if (!removing.force) {
    if (state.state === "edited") requireReplaceable(state, record, target);
    await requireUneditedCopies(links, linked);
  }
  const work = openWorkFolder(skillsFolder);
  const going: Going = { linked, links: await listStandingLinks(links, linked), aside: undefined, moved: [] };
  try {
    const isKept = state.state === "edited" || (removing.keep === true && state.state === "intact");
    await takeAway(removing, going, { work, isKept, paths: links });
    await recordInWorkspace([removing]);
    await removeFile(bookkeeping(skillsFolder).record(record.folder));
  } catch (error) {
    // Written all the same: the next command ends it by the intent.
    const isDone = await isRecorded([removing]);
    if (!isDone && (await putBack(going))) work.close();
    else await tellMoved(removing, going);
    throw error;
  }
  await syncFolder(skillsFolder);
  work.close();
  return { moved: going.moved };
}

/** What was done, and what it takes to put it back. */
interface Going {
  readonly linked: Linked;
  /** What led to the folder before. */
  readonly links: readonly LinkPlan[];
  /** Where the folder is by now. */
  aside: string | undefined;
  /** What the user keeps: the folder first. */
  moved: readonly Moved[];
}

interface Taking {
  readonly work: WorkFolder;
  readonly isKept: boolean;
  readonly paths: readonly string[];
}

async function takeAway(
  { record, now, workspace }: Removing,
  going: Going,
  { work, isKept, paths }: Taking,
): Promise<void> {
  const { linked } = going;
  const kept = join(work.backups, backupName(record.folder, now.toISOString()));
  const copies = await moveEditedCopies(paths, { ...linked, backupOf: (count) => `${kept}-copy-${count}` });
  going.moved = copies;
  const aside = isKept ? kept : placesIn(work, 0).aside;
  if (isKept) makeBackupsFolder(work.backups);
  await syncAll(writeIntents(work, [{ folder: record.folder, aside, record: null, ...(workspace && { workspace }) }]));
  if (await explain(linked.to, () => renameIfThere(linked.to, aside))) going.aside = aside;
  if (isKept) going.moved = [{ from: linked.to, to: aside }, ...copies];
  await removeLinks(paths, linked);
}

/** Links, and copies that nobody edited. */
async function listStandingLinks(paths: readonly string[], linked: Linked): Promise<LinkPlan[]> {
  const found: LinkPlan[] = [];
  for (const path of paths) {
    const mode = await readLinkState(path, linked);
    if (mode === "link" || mode === "copy") found.push({ target: "", path, mode });
  }
  return found;
}

/** The first failure is the one to tell; what cannot be put back now, the next command ends by the intent that stays. */
async function putBack({ linked, links, aside, moved }: Going): Promise<boolean> {
  try {
    if (aside !== undefined) renameSync(aside, linked.to);
    for (const { from, to } of moved) if (from !== linked.to) await moveFolder(to, from);
    await makeLinks(links, { ...linked, force: false, backupOf: (taken) => taken });
    return true;
  } catch (error) {
    if (systemErrorCode(error) === undefined && !isPaksError(error)) throw error;
    return false;
  }
}

async function tellMoved({ warn }: Removing, { moved }: Going): Promise<void> {
  for (const { from, to } of moved) if (await exists(to)) warn?.(`${from} was moved to ${to}.`);
}
