import { dirname } from "node:path";
import { isPaksError, systemErrorCode } from "@paks/schema";
import { type Drafts, type NewFile, type Unsynced, syncFolder, syncTogether, writeDrafts } from "../write-file.ts";
import { type WorkFolder, openWorkFolder } from "./aside.ts";
import { type Checked, type Left, type Placing, checkPlacing } from "./check-placing.ts";
import { eachAtOnce } from "./each-at-once.ts";
import { setModes } from "./file-modes.ts";
import { type Moved, listAbsent, makeLinkFolder, makeLinks, removeLinks } from "./links.ts";
import { type InstallRecord, bookkeeping, formatLink, formatRecord, markSaved } from "./record.ts";
import { isRecorded, recordInWorkspace } from "./record-in-workspace.ts";
import { planReplacement } from "./replacement.ts";
import { requireFolderOrNothing } from "./require-folder.ts";
import { openStandingLinks } from "./standing-links.ts";
import { writeIntents } from "./work-folder.ts";

export interface Placed {
  readonly action: "installed" | "replaced" | "unchanged";
  readonly previous: InstallRecord | undefined;
  /** Edits and foreign folders that were in the way. */
  readonly moved: readonly Moved[];
  /** What was in the way and stays. */
  readonly left: readonly Left[];
  /** Absolute; links and copies that were made, and files that can be run again or no more, beside an unchanged folder. */
  readonly mended?: readonly string[];
}

/** One pak of `placeReleases`. */
export async function placeRelease(placing: Placing): Promise<Placed> {
  const [placed] = await placeReleases([placing]);
  return placed!;
}

/**
 * Puts verified releases into one skills folder: all are written beside it first, then renamed in, then the workspace's
 * files say so: all or nothing. Killed on the way, the next command ends what was begun. The caller holds the folder's
 * lock. Throws LOCAL_CHANGES, ALREADY_EXISTS, UNSAFE_TARGET, DISK_FULL, READ_ONLY_TARGET.
 */
export async function placeReleases(placings: readonly Placing[]): Promise<Placed[]> {
  const [first] = placings;
  await requireLinkFolders(placings);
  const findStanding = first ? openStandingLinks(first.skillsFolder, first.places) : () => Promise.resolve([]);
  const checked = await eachAtOnce(placings, workingAtOnce, (placing) => checkPlacing(placing, findStanding));
  const isChanging = checked.some(({ unchanged }) => !unchanged);
  const work = isChanging ? openWorkFolder(checked[0]!.placing.skillsFolder) : undefined;
  let placed: Placed[];
  let records: Drafts | undefined;
  let marks: Drafts | undefined;
  let isRecording = false;
  try {
    const written = work ? writeAll(checked, work) : [];
    const draft = (some: readonly Checked[]) => writeDrafts(some.flatMap((one) => recordFile(one) ?? []));
    records = await draft(checked.filter((one) => !isOnlyToBeSaved(one)));
    marks = await draft(checked.filter(isOnlyToBeSaved));
    await syncTogether([...written, records, marks]);
    await swapAll(checked);
    await records.place();
    placed = await linkAll(checked);
    isRecording = true;
    await recordInWorkspace(placings);
    await marks.place();
  } catch (error) {
    // Written all the same, and only failed to be made to last: the next command goes on from the intents.
    if (isRecording && (await isRecorded(placings))) {
      marks?.drop();
      throw error;
    }
    let isUndone = true;
    for (const one of checked.reverse()) isUndone = (await undoPlacing(one)) && isUndone;
    for (const drafts of [records, marks]) drafts?.drop();
    if (isUndone) work?.close();
    throw error;
  }
  work?.close();
  return placed;
}

/**
 * No intent is written for what stays as it is. So its record says only behind the lock that the lock names it: whoever
 * finds the one without the other takes the folder for a leftover.
 */
const isOnlyToBeSaved = ({ unchanged, placing, state }: Checked): boolean =>
  unchanged && placing.record.saved === true && state.record?.saved !== true;

/** Where tools look for skills a project may have a file, or a link to what is not there. */
export async function requireLinkFolders(placings: readonly Placing[]): Promise<void> {
  const folders = placings.flatMap(({ links }) => links.map(({ path }) => dirname(path)));
  for (const folder of new Set(folders))
    await requireFolderOrNothing(
      folder,
      "Move it away, make the folder that it leads to, or leave the tool out with --agent.",
    );
}

/** Paks that are worked at at the same time: syncing is waiting, and what waits together waits once. */
export const workingAtOnce = 8;

const planOf = ({ placing, state, backup, ...links }: Checked) => ({
  skillsFolder: placing.skillsFolder,
  record: mergeLinks(placing, { previous: state.record, ...links }),
  files: placing.files,
  backup,
  previous: state.record,
  workspace: placing.workspace,
});

/** Files and intents. All paks take each step together: on disk before the next, a power cut finds no rename without an intent. */
function writeAll(checked: readonly Checked[], work: WorkFolder): Unsynced[] {
  const changed = checked.filter(({ unchanged }) => !unchanged);
  const replacements = changed.map((one, index) => (one.replacement = planReplacement(planOf(one), work, index)));
  const intents = replacements.map(({ intent }) => intent);
  return [...replacements.map((one) => one.write()), writeIntents(work, intents)];
}

/** On disk when it returns: a power cut finds no record without the folder that it is of. */
async function swapAll(checked: readonly Checked[]): Promise<void> {
  const folders = new Set<string>();
  for (const { replacement, target } of checked) {
    if (!replacement) continue;
    await replacement.swap();
    folders.add(dirname(target));
  }
  for (const folder of folders) await syncFolder(folder);
}

async function linkAll(checked: readonly Checked[]): Promise<Placed[]> {
  const links = checked.flatMap((one) => one.links.map(({ path }) => ({ path, one })));
  const folderOf = new Map(links.map(({ path, one }) => [dirname(path), one.target]));
  for (const [folder, target] of folderOf) await makeLinkFolder(folder, target);
  return await eachAtOnce(checked, workingAtOnce, linkPlaced);
}

async function linkPlaced(one: Checked): Promise<Placed> {
  const { state, target, backupOf, links, left } = one;
  const { record, force, places } = one.placing;
  const mended = one.unchanged && state.state === "intact" ? setModes(target, record, state.executable) : [];
  const onMade = (path: string): unknown => mended.push(path);
  one.newLinks = await listAbsent(links.map(({ path }) => path));
  const moved = await makeLinks(links, { to: target, record, previous: state.record, force, backupOf, places, onMade });
  const action = one.unchanged ? "unchanged" : state.state === "absent" ? "installed" : "replaced";
  const folder = one.backup === undefined ? [] : [{ from: target, to: one.backup }];
  return { action, previous: state.record, moved: [...folder, ...moved], left, mended: one.unchanged ? mended : [] };
}

/** The first failure is the one to tell; what cannot be undone now, the next command ends by the intent that stays. */
async function undoPlacing({ newLinks = [], ...one }: Checked): Promise<boolean> {
  const { placing, target, state, backupOf, replacement } = one;
  try {
    const { record, places } = placing;
    await removeLinks(newLinks, { to: target, record, places });
    await replacement?.undo();
    const copies = one.links.filter(({ mode, path }) => mode === "copy" && !newLinks.includes(path));
    // Copies of what was there before the undone change.
    if (replacement && state.record)
      await makeLinks(copies, {
        to: target,
        record: state.record,
        previous: record,
        places,
        force: false,
        backupOf,
      });
    return true;
  } catch (error) {
    if (systemErrorCode(error) === undefined && !isPaksError(error)) throw error;
    return false;
  }
}

/** The same bytes may have another version or more links; a record that would only get another time stays. */
export function recordFile(one: Checked): NewFile | undefined {
  const { record, skillsFolder, previous } = planOf(one);
  const file = { path: bookkeeping(skillsFolder).record(record.folder), bytes: formatRecord(record) };
  if (!one.unchanged || previous === undefined) return file;
  const same = { ...record, installed_at: previous.installed_at };
  return formatRecord(same) === formatRecord(previous) ? undefined : file;
}

/** With those that lead there already: who removes the pak removes them too. What is somebody else's is not named. */
function mergeLinks(
  { skillsFolder, record: plain, keepsMark = false }: Placing,
  { previous, standing, links, left }: Pick<Checked, "standing" | "links" | "left"> & Pick<Placed, "previous">,
): InstallRecord {
  const record = keepsMark ? markSaved(plain, previous?.saved === true) : plain;
  const found = standing.map((path) => formatLink(skillsFolder, path));
  const own = left.length === 0 ? record.links : links.map(({ path }) => formatLink(skillsFolder, path));
  return { ...record, links: [...new Set([...(previous?.links ?? []), ...own, ...found])].sort() };
}
