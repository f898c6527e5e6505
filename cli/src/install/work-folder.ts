import { lstatSync } from "node:fs";
import { rename, rm } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { removeFile } from "@paks/locks";
import {
  type Found,
  PaksError,
  describeFiles,
  fieldOf,
  isPaksError,
  optionalField,
  parseJson,
  readList,
  readText,
} from "@paks/schema";
import { type WorkFolder, listAsidePlaces, listNames } from "./aside.ts";
import { exists, findRecord, listChanges } from "./installed-state.ts";
import { readFolder } from "./read-folder.ts";
import { readOwnFile } from "./read-own-file.ts";
import { makeLinks, readLinkState, removeLinks } from "./links.ts";
import { type LinkPlaces, listOwnLinks } from "./own-links.ts";
import { type InstallRecord, bookkeeping, folderRule, formatRecord, readRecord } from "./record.ts";
import { type WorkspaceChange, changeWorkspace, readWorkspaceChange } from "../workspace/change-workspace.ts";
import { readLock, rootOfSkillsFolder } from "../workspace/open-workspace.ts";
import { requireInside } from "./require-inside.ts";
import { listAllLinks } from "./standing-links.ts";
import { type Unsynced, replaceFile, sweepDrafts, syncFolder, writeNewFile } from "../write-file.ts";

/**
 * What a command is about to do to one folder, written before the first rename. Whoever finds it later knows how to
 * end what a killed process began.
 */
export interface Intent {
  readonly folder: string;
  /** Where the present folder is moved to before it is replaced or removed. */
  readonly aside: string;
  /** The record of what is put there; null = the folder is removed. */
  readonly record: InstallRecord | null;
  /** What is to follow in the workspace's files. */
  readonly workspace?: WorkspaceChange;
}

function readIntent(found: Found): Intent {
  const record = fieldOf(found, "record");
  return {
    folder: readText(fieldOf(found, "folder"), folderRule),
    aside: readText(fieldOf(found, "aside"), { anyCharacter: true }),
    record: record.value === null ? null : readRecord(record),
    ...optionalField(found, "workspace", readWorkspaceChange),
  };
}

/** Once these are on disk the first rename may follow. */
export function writeIntents(work: Pick<WorkFolder, "path" | "made">, intents: readonly Intent[]): Unsynced {
  const path = join(work.path, "intent.json");
  writeNewFile(path, JSON.stringify(intents), 0o644);
  return { files: [path], folders: [work.path, dirname(work.path), ...work.made] };
}

/**
 * Ends what killed commands left in this skills folder; the caller holds its lock, so nobody works there. Answers the
 * folders that were put back.
 */
export async function recoverSkillsFolder(skillsFolder: string, places?: LinkPlaces): Promise<string[]> {
  const root = rootOfSkillsFolder(skillsFolder);
  // First: while a folder to work in is there, the next command comes back to what this one could not sweep.
  for (const folder of [bookkeeping(skillsFolder).base, ...(root === undefined ? [] : [root])]) sweepDrafts(folder);
  const restored: string[] = [];
  const all = listAsidePlaces(skillsFolder).flatMap(({ work }) => listNames(work).map((name) => join(work, name)));
  for (const left of all) {
    for (const intent of await listIntents(left))
      if (await endIntent(skillsFolder, { ...intent, aside: await asideOf(skillsFolder, left, intent) }, places))
        restored.push(intent.folder);
    await rm(left, { recursive: true, force: true });
  }
  return restored;
}

/**
 * Where the old folder is: in the work folder itself or among the backups. Only its name is taken from the intent,
 * which may have come with a stranger's project and would have anything of the user's moved.
 */
async function asideOf(skillsFolder: string, left: string, intent: Intent): Promise<string> {
  const name = basename(intent.aside);
  const isBackup = basename(dirname(intent.aside)) === "backups" && /^[a-z0-9][\w.-]*$/i.test(name);
  if (isBackup)
    for (const { backups } of listAsidePlaces(skillsFolder))
      if (await exists(join(backups, name))) return join(backups, name);
  return join(left, /^old-\d{1,5}$/.test(name) ? name : "old");
}

/** True when the old folder was put back. */
async function endIntent(skillsFolder: string, intent: Intent, places: LinkPlaces | undefined): Promise<boolean> {
  const target = join(skillsFolder, intent.folder);
  await requireInside(dirname(target), skillsFolder);
  if (await exists(target)) {
    await endPlacing(skillsFolder, intent, { target, places });
    return false;
  }
  if (intent.record === null) {
    await endRemoving(skillsFolder, intent, { target, places });
    return false;
  }
  if (!(await exists(intent.aside))) return false;
  await rename(intent.aside, target);
  await syncFolder(skillsFolder);
  return true;
}

interface Ending {
  /** The installed folder, absolute. */
  readonly target: string;
  readonly places: LinkPlaces | undefined;
}

/** Killed behind the second rename: the new files are in place; record, links and the workspace's files may be missing. */
async function endPlacing(skillsFolder: string, intent: Intent, { target, places }: Ending): Promise<void> {
  const { record, folder, workspace, aside } = intent;
  if (!record || (await listChanges(target, record)).length > 0) return;
  const before = await findRecord(skillsFolder, folder);
  if (before?.digest !== record.digest)
    await replaceFile(bookkeeping(skillsFolder).record(folder), formatRecord(record));
  const mode = await modeOf(skillsFolder, intent);
  await makeOwedLinks(skillsFolder, { to: target, record, aside, mode, places });
  await endWorkspace(skillsFolder, workspace);
}

interface OwedLinks {
  readonly to: string;
  readonly record: InstallRecord;
  /** Where the folder is that was replaced. */
  readonly aside: string;
  /** What is made where nothing is. */
  readonly mode: "link" | "copy";
  readonly places: LinkPlaces | undefined;
}

/** As it was asked for: by the command that was killed, else by the lock. */
async function modeOf(skillsFolder: string, { folder, workspace }: Intent): Promise<"link" | "copy"> {
  const root = rootOfSkillsFolder(skillsFolder);
  const entry = workspace?.entry ?? (root === undefined ? undefined : (await readLock(root)).paks[folder]);
  return entry?.mode ?? "link";
}

/** Links that are missing, and copies that still hold what was replaced. */
async function makeOwedLinks(skillsFolder: string, { aside, mode, ...linked }: OwedLinks): Promise<void> {
  for (const path of await listOwnLinks(skillsFolder, linked.record, linked.places)) {
    const isThere = await exists(path);
    const previous = isThere ? await describeReplaced(aside, linked.record) : undefined;
    if (isThere && (await readLinkState(path, { ...linked, record: undefined, previous })) !== "copy") continue;
    const plan = { target: "", path, mode: isThere ? "copy" : mode } as const;
    await makeLinks([plan], { ...linked, previous, force: false, backupOf: (taken) => taken });
  }
}

/** What a record of the replaced folder would say; nothing when it is gone or holds what no release holds. */
async function describeReplaced(aside: string, record: InstallRecord): Promise<InstallRecord | undefined> {
  try {
    return (await exists(aside)) ? { ...record, files: describeFiles(await readFolder(aside)).files } : undefined;
  } catch (error) {
    if (isPaksError(error)) return undefined;
    throw error;
  }
}

async function endRemoving(
  skillsFolder: string,
  { folder, workspace }: Intent,
  { target, places }: Ending,
): Promise<void> {
  const record = await findRecord(skillsFolder, folder);
  if (record) await removeLinks(await listAllLinks(skillsFolder, record, places), { to: target, record, places });
  await endWorkspace(skillsFolder, workspace);
  await removeFile(bookkeeping(skillsFolder).record(folder));
}

async function endWorkspace(skillsFolder: string, change: WorkspaceChange | undefined): Promise<void> {
  const root = rootOfSkillsFolder(skillsFolder);
  if (change !== undefined && root !== undefined) await changeWorkspace(root, [change]);
}

async function listIntents(left: string): Promise<Intent[]> {
  // As a link, it would have folders of the user's taken for those that a command had put aside.
  if (lstatSync(left, { throwIfNoEntry: false })?.isDirectory() !== true) return [];
  try {
    const text = await readOwnFile(join(left, "intent.json"));
    // Killed before the intents were complete: nothing had been renamed yet.
    if (text === undefined) return [];
    const value = parseJson(text);
    // Until 0.1 there was one for each pak.
    const found = { value: Array.isArray(value) ? value : [value], place: "", refuse: notOurs };
    return readList(found, mostIntents).map(readIntent);
  } catch (error) {
    if (isPaksError(error, "INTEGRITY_MISMATCH")) return [];
    throw error;
  }
}

/** Paks of one command. */
const mostIntents = 10_000;

const notOurs = (place: string, why: string): PaksError => new PaksError("INTEGRITY_MISMATCH", `${place} ${why}.`);
