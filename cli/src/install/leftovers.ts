import { readFileSync } from "node:fs";
import { join } from "node:path";
import { type Lock, type ReleaseFile, defaultLimits, describeFiles, formatPakId, isPaksError } from "@paks/schema";
import type { Context } from "../context.ts";
import { replaceFile } from "../write-file.ts";
import { exists, findRecord, readInstalledState, recordedDigest } from "./installed-state.ts";
import { listRecordedFolders } from "./list-installed.ts";
import { readNeeds } from "./list-neighbours.ts";
import { hasEditedCopy } from "./orphans.ts";
import { linkPlacesOf } from "./own-links.ts";
import { type InstallRecord, bookkeeping, formatRecord, markSaved } from "./record.ts";
import { removeRelease } from "./remove-release.ts";
import type { Looked } from "./skills-folder.ts";

/**
 * Leftovers are folders that the project's lock named when they were last placed, and names no more: a colleague removed
 * the pak, or git has changed to a branch without it.
 */
interface Leftovers {
  readonly going: readonly InstallRecord[];
  /** Folders that stay: what is in them is the user's. */
  readonly edited: readonly string[];
  /** Something that was installed without being written down depends on them, and has them from now on. */
  readonly needed: readonly InstallRecord[];
}

/** Folders of the lock after the command. */
export type Named = ReadonlySet<string>;

export const namedBy = ({ paks }: Pick<Lock, "paks">): Named => new Set(Object.keys(paks));

/** Their records; one that cannot be read says nothing. Whatever the lock names is not read. */
export async function listLeftovers(skillsFolder: string, named: Named): Promise<readonly InstallRecord[]> {
  return (await listUnnamed(skillsFolder, named)).filter(({ saved }) => saved === true);
}

async function listUnnamed(skillsFolder: string, named: Named): Promise<readonly InstallRecord[]> {
  const records: InstallRecord[] = [];
  for (const folder of await listRecordedFolders(skillsFolder)) {
    if (named.has(folder)) continue;
    const record = await orNothing(() => findRecord(skillsFolder, folder));
    if (record !== undefined) records.push(record);
  }
  return records;
}

/** What is broken is told by `list` and `verify`, and keeps nobody from installing. */
async function orNothing<T>(work: () => Promise<T>): Promise<T | undefined> {
  try {
    return await work();
  } catch (error) {
    if (!isPaksError(error) || error.code === "CANCELLED") throw error;
    return undefined;
  }
}

async function findLeftovers(context: Context, skillsFolder: string, named: Named): Promise<Leftovers> {
  const unnamed = await listUnnamed(skillsFolder, named);
  const left = unnamed.filter(({ saved }) => saved === true);
  if (left.length === 0) return { going: [], edited: [], needed: [] };
  const needed = await findNeeded(skillsFolder, unnamed, left);
  const going: InstallRecord[] = [];
  const edited: string[] = [];
  for (const record of left) {
    if (needed.has(record)) continue;
    if (await isAsRecorded(context, skillsFolder, record)) going.push(record);
    else edited.push(record.folder);
  }
  return { going, edited, needed: [...needed] };
}

/** A record that contradicts itself is not believed, and neither is one beside something that paks did not put there. */
async function isAsRecorded(context: Context, skillsFolder: string, record: InstallRecord): Promise<boolean> {
  const { state } = await readInstalledState(skillsFolder, record.folder);
  const isIntact = state === "intact" && recordedDigest(record) === record.digest;
  return (state === "absent" || isIntact) && !(await hasEditedCopy({ skillsFolder }, record, linkPlacesOf(context)));
}

/** Those on which the others depend, whatever stands between: the lock says nothing of what it does not name. */
async function findNeeded(
  skillsFolder: string,
  unnamed: readonly InstallRecord[],
  left: readonly InstallRecord[],
): Promise<ReadonlySet<InstallRecord>> {
  const needed = new Set<InstallRecord>();
  const open = unnamed.filter((record) => !left.includes(record));
  for (let record = open.pop(); record !== undefined; record = open.pop()) {
    const ids = Object.keys(await readNeeds(skillsFolder, record));
    for (const one of left) {
      if (needed.has(one) || one.origin.type !== "registry" || !ids.includes(formatPakId(one.origin))) continue;
      needed.add(one);
      open.push(one);
    }
  }
  return needed;
}

/**
 * Takes them away with their links; the caller holds the folder's lock. The bytes of each are kept in the store, so that a
 * branch that names it has it again without a network.
 * @returns folders
 */
export async function removeLeftovers(context: Context, skillsFolder: string, named: Named): Promise<string[]> {
  const { going, edited, needed } = await findLeftovers(context, skillsFolder, named);
  tellEdited(context, edited);
  for (const record of needed)
    await replaceFile(bookkeeping(skillsFolder).record(record.folder), formatRecord(markSaved(record, false)));
  const { warn } = context;
  for (const record of going) {
    const keep = !(await keepFiles(context, skillsFolder, record));
    const removing = { skillsFolder, record, places: linkPlacesOf(context), force: false, keep, warn };
    const { moved } = await removeRelease({ ...removing, now: context.clock() });
    for (const { from, to } of moved) warn(`${from} was moved to ${to}.`);
  }
  return going.map(({ folder }) => folder);
}

interface Looking<T> {
  readonly skillsFolder: string;
  readonly named: Named;
  /** What all else comes to. */
  readonly looked: Looked<T>;
}

/** The same where nothing can be written. */
export async function lookAtLeftovers<T>(
  context: Context,
  { skillsFolder, named, looked }: Looking<T>,
): Promise<Looked<T>> {
  if ("owed" in looked) return looked;
  const { going, edited } = await findLeftovers(context, skillsFolder, named);
  if (going[0] !== undefined) return { owed: going[0].folder };
  tellEdited(context, edited);
  return looked;
}

function tellEdited({ warn }: Context, folders: readonly string[]): void {
  for (const folder of folders)
    warn(
      `paks.lock no longer names ${folder}, but it was edited: it stays. To have it gone, with a copy kept: paks remove ${folder} --force`,
    );
}

/** False where it is to be kept aside: the record may have come with the project and be of something that nobody released. */
async function keepFiles({ store }: Context, skillsFolder: string, record: InstallRecord): Promise<boolean> {
  const target = join(skillsFolder, record.folder);
  if (!(await exists(target)) || (await store.find(record.digest)) !== undefined) return true;
  const files = readRecorded(target, record);
  if (files === undefined || describeFiles(files).digest !== record.digest) return false;
  return await store.put(record.digest, files);
}

/** With the modes of the record: those of the disk may have been changed, and the archive would be another one. */
function readRecorded(target: string, { files }: InstallRecord): readonly ReleaseFile[] | undefined {
  const { fileBytes, releaseBytes, files: most } = defaultLimits;
  const total = files.reduce((sum, { size }) => sum + size, 0);
  if (files.length > most || total > releaseBytes || files.some(({ size }) => size > fileBytes)) return undefined;
  return files.map(({ path, executable }) => ({ path, executable, bytes: readFileSync(join(target, path)) }));
}
