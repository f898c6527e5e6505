import { rm } from "node:fs/promises";
import { dirname, join } from "node:path";
import { PaksError, type ReleaseFile, isPaksError, originIdentity, systemErrorCode } from "@paks/schema";
import { type WorkspaceChange, changeWorkspace, isLocked } from "../workspace/change-workspace.ts";
import { rootOfSkillsFolder } from "../workspace/open-workspace.ts";
import {
  type Drafts,
  type NewFile,
  type Unsynced,
  syncAll,
  syncFolder,
  syncTogether,
  writeDrafts,
} from "../write-file.ts";
import { type WorkFolder, findBackups, makeBackupsFolder, openWorkFolder, placesIn } from "./aside.ts";
import { eachAtOnce } from "./each-at-once.ts";
import { type InstalledState, readInstalledState } from "./installed-state.ts";
import {
  type LinkPlan,
  type Moved,
  listAbsent,
  makeLinkFolder,
  makeLinks,
  moveEditedCopies,
  removeLinks,
  requireFreeLinks,
  requireUneditedCopies,
} from "./links.ts";
import type { LinkPlaces } from "./own-links.ts";
import { type InstallRecord, bookkeeping, formatLink, formatRecord } from "./record.ts";
import { type Replacement, planReplacement, renameIfThere } from "./replacement.ts";
import { requireInside } from "./require-inside.ts";
import { type FindStanding, listAllLinks, openStandingLinks } from "./standing-links.ts";
import { writeIntents } from "./work-folder.ts";

export interface Placing {
  readonly skillsFolder: string;
  readonly record: InstallRecord;
  readonly files: readonly ReleaseFile[];
  readonly links: readonly LinkPlan[];
  /** Replaces what was edited or is not ours, and keeps a copy of it. */
  readonly force: boolean;
  /** What the workspace's files say of it then; absent: they are not touched. */
  readonly workspace?: WorkspaceChange | undefined;
  readonly places?: LinkPlaces | undefined;
}

export interface Placed {
  readonly action: "installed" | "replaced" | "unchanged";
  readonly previous: InstallRecord | undefined;
  /** Edits and foreign folders that were in the way. */
  readonly moved: readonly Moved[];
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
  const findStanding = first ? openStandingLinks(first.skillsFolder, first.places) : () => Promise.resolve([]);
  const checked = await eachAtOnce(placings, workingAtOnce, (placing) => checkPlacing(placing, findStanding));
  const isChanging = checked.some(({ unchanged }) => !unchanged);
  const work = isChanging ? openWorkFolder(checked[0]!.placing.skillsFolder) : undefined;
  let placed: Placed[];
  let records: Drafts | undefined;
  let isRecording = false;
  try {
    const written = work ? writeAll(checked, work) : [];
    records = await writeDrafts(checked.flatMap((one) => recordFile(one) ?? []));
    await syncTogether([...written, records]);
    await swapAll(checked);
    await records.place();
    placed = await linkAll(checked);
    isRecording = true;
    await recordInWorkspace(placings);
  } catch (error) {
    // Written all the same, and only failed to be made to last: the next command goes on from the intents.
    if (isRecording && (await isRecorded(placings))) throw error;
    records?.drop();
    let isUndone = true;
    for (const one of checked.reverse()) isUndone = (await undoPlacing(one)) && isUndone;
    if (isUndone) work?.close();
    throw error;
  }
  work?.close();
  return placed;
}

/** Paks that are worked at at the same time: syncing is waiting, and what waits together waits once. */
const workingAtOnce = 8;

interface Checked {
  readonly placing: Placing;
  readonly target: string;
  readonly state: InstalledState;
  readonly unchanged: boolean;
  readonly backup: string | undefined;
  readonly backupOf: (path: string) => string;
  /** Absolute; links that lead there already, whoever made them. */
  readonly standing: readonly string[];
  replacement?: Replacement;
  /** Links that were not there before. */
  newLinks?: readonly string[];
}

/** Everything that can be refused, before anything is changed. */
async function checkPlacing(placing: Placing, findStanding: FindStanding): Promise<Checked> {
  const { skillsFolder, record } = placing;
  const target = join(skillsFolder, record.folder);
  await requireInside(dirname(target), skillsFolder);
  const state = await readInstalledState(skillsFolder, record.folder);
  if (!placing.force) {
    requireReplaceable(state, record, target);
    await requireFreeLinks(placing.links, { to: target, previous: state.record, places: placing.places });
  }
  const backupOf = backupNamer(placing);
  const keeps = state.state === "edited" || state.state === "foreign";
  const unchanged = state.state === "intact" && state.record.digest === record.digest;
  const standing = await findStanding(record);
  return { placing, target, state, unchanged, backup: keeps ? backupOf(target) : undefined, backupOf, standing };
}

const planOf = ({ placing, state, backup, standing }: Checked) => ({
  skillsFolder: placing.skillsFolder,
  record: mergeLinks(placing, { previous: state.record, standing }),
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
  const links = checked.flatMap((one) => one.placing.links.map(({ path }) => ({ path, one })));
  const folderOf = new Map(links.map(({ path, one }) => [dirname(path), one.target]));
  for (const [folder, target] of folderOf) await makeLinkFolder(folder, target);
  return await eachAtOnce(checked, workingAtOnce, linkPlaced);
}

async function linkPlaced(one: Checked): Promise<Placed> {
  const { state, target, backupOf } = one;
  const { record, links, force, places } = one.placing;
  one.newLinks = await listAbsent(links.map(({ path }) => path));
  const moved = await makeLinks(links, { to: target, record, previous: state.record, force, backupOf, places });
  const action = one.unchanged ? "unchanged" : state.state === "absent" ? "installed" : "replaced";
  const folder = one.backup === undefined ? [] : [{ from: target, to: one.backup }];
  return { action, previous: state.record, moved: [...folder, ...moved] };
}

type Recording = Pick<Placing, "skillsFolder" | "workspace">;

/** What the workspace's files are to say; `undefined` where they are not touched. */
function changesOf(placings: readonly Recording[]) {
  const changes = placings.flatMap(({ workspace }) => workspace ?? []);
  const root = placings[0] && rootOfSkillsFolder(placings[0].skillsFolder);
  return root === undefined || changes.length === 0 ? undefined : { root, changes };
}

async function recordInWorkspace(placings: readonly Recording[]): Promise<void> {
  const recording = changesOf(placings);
  if (recording) await changeWorkspace(recording.root, recording.changes);
}

/** Whether the lock says it already, though something failed. */
async function isRecorded(placings: readonly Recording[]): Promise<boolean> {
  const recording = changesOf(placings);
  return recording !== undefined && (await isLocked(recording.root, recording.changes));
}

/** The first failure is the one to tell; what cannot be undone now, the next command ends by the intent that stays. */
async function undoPlacing({ newLinks = [], ...one }: Checked): Promise<boolean> {
  const { placing, target, state, backupOf, replacement } = one;
  try {
    const { record, places } = placing;
    await removeLinks(newLinks, { to: target, record, places });
    await replacement?.undo();
    const copies = placing.links.filter(({ mode, path }) => mode === "copy" && !newLinks.includes(path));
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
function recordFile(one: Checked): NewFile | undefined {
  const { record, skillsFolder, previous } = planOf(one);
  const file = { path: bookkeeping(skillsFolder).record(record.folder), bytes: formatRecord(record) };
  if (!one.unchanged || previous === undefined) return file;
  const same = { ...record, installed_at: previous.installed_at };
  return formatRecord(same) === formatRecord(previous) ? undefined : file;
}

function requireReplaceable(state: InstalledState, record: InstallRecord, target: string): void {
  if (state.state === "foreign")
    throw new PaksError("ALREADY_EXISTS", `${target} is already there and paks did not make it.`, {
      hint: "Install under another name with --as <name>, move it away, or run again with --force to keep a copy of it and install over it.",
      details: { path: target },
    });
  if (state.state === "edited")
    throw new PaksError(
      "LOCAL_CHANGES",
      `${record.folder} was edited since it was installed: ${state.changed.slice(0, 5).join(", ")}.`,
      {
        hint: "Keep your edits elsewhere, or run again with --force: a copy of them is kept then.",
        details: { path: target, changed: state.changed },
      },
    );
  const before = state.record && originIdentity(state.record.origin);
  const after = originIdentity(record.origin);
  if (state.state === "intact" && before !== after)
    throw new PaksError("ALREADY_EXISTS", `${record.folder} is installed from ${before} already; this is ${after}.`, {
      hint: `Give it another name with --as <name>, or remove the other one first: paks remove ${record.folder}`,
      details: { path: target },
    });
}

/** With those that lead there already: who removes the pak removes them too. */
function mergeLinks(
  { skillsFolder, record }: Placing,
  { previous, standing }: Pick<Checked, "standing"> & { readonly previous: InstallRecord | undefined },
): InstallRecord {
  const found = standing.map((path) => formatLink(skillsFolder, path));
  return { ...record, links: [...new Set([...(previous?.links ?? []), ...record.links, ...found])].sort() };
}

const backupNamer = ({ skillsFolder, record }: Placing) => {
  const stamp = record.installed_at.replaceAll(/[:.]/g, "-");
  let count = 0;
  let backups: string | undefined;
  return (path: string): string => {
    count += 1;
    backups ??= findBackups(skillsFolder);
    const suffix = count === 1 ? "" : `-${count}`;
    const name = path.slice(dirname(path).length + 1);
    return join(backups, `${name}-${stamp}${suffix}`);
  };
};

export interface Removing {
  readonly skillsFolder: string;
  readonly record: InstallRecord;
  readonly force: boolean;
  readonly now: Date;
  readonly places?: LinkPlaces | undefined;
  /** What the workspace's files say then; absent: they are not touched. */
  readonly workspace?: WorkspaceChange | undefined;
}

/**
 * Removes exactly what was installed. The caller holds the folder's lock. Throws LOCAL_CHANGES unless `force`, which
 * keeps a copy.
 */
export async function removeRelease(removing: Removing): Promise<{ readonly moved: readonly Moved[] }> {
  const { skillsFolder, record, workspace, places } = removing;
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
  const kept = join(work.backups, `${record.folder.replace("/", "--")}-${stampOf(removing.now)}`);
  const backup = state.state === "edited" ? kept : undefined;
  const copies = await moveEditedCopies(links, { ...linked, backupOf: (count) => `${kept}-copy-${count}` });
  const aside = backup ?? placesIn(work, 0).aside;
  if (backup !== undefined) makeBackupsFolder(work.backups);
  await syncAll(writeIntents(work, [{ folder: record.folder, aside, record: null, ...(workspace && { workspace }) }]));
  await renameIfThere(target, aside);
  await removeLinks(links, linked);
  await recordInWorkspace([removing]);
  await rm(bookkeeping(skillsFolder).record(record.folder), { force: true });
  await syncFolder(skillsFolder);
  work.close();
  return { moved: [...(backup === undefined ? [] : [{ from: target, to: backup }]), ...copies] };
}

const stampOf = (now: Date): string => now.toISOString().replaceAll(/[:.]/g, "-");
