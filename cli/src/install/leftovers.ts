import { type Lock, formatPakId } from "@paks/schema";
import type { Context } from "../context.ts";
import { replaceFile } from "../write-file.ts";
import { type Obstacle, isNowhereElse, lookAtGoing } from "./going.ts";
import { listUnnamed, readNeeds } from "./list-neighbours.ts";
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
  /** What is in them may be the user's. */
  readonly staying: readonly Staying[];
  /** Something that was installed without being written down depends on them, and has them from now on. */
  readonly needed: readonly InstallRecord[];
}

interface Staying {
  readonly folder: string;
  readonly obstacle: Obstacle;
}

/** Folders of the lock after the command. */
export type Named = ReadonlySet<string>;

export const namedBy = ({ paks }: Pick<Lock, "paks">): Named => new Set(Object.keys(paks));

/** Their records; one that cannot be read says nothing. Whatever the lock names is not read. */
export async function listLeftovers(skillsFolder: string, named: Named): Promise<readonly InstallRecord[]> {
  return (await listUnnamed(skillsFolder, named)).filter(({ saved }) => saved === true);
}

async function findLeftovers(context: Context, skillsFolder: string, named: Named): Promise<Leftovers> {
  const unnamed = await listUnnamed(skillsFolder, named);
  const left = unnamed.filter(({ saved }) => saved === true);
  if (left.length === 0) return { going: [], staying: [], needed: [] };
  const needed = await findNeeded(skillsFolder, unnamed, left);
  const going: InstallRecord[] = [];
  const staying: Staying[] = [];
  for (const record of left) {
    if (needed.has(record)) continue;
    const { obstacle } = await lookAtGoing(context, skillsFolder, record.folder);
    if (obstacle === undefined) going.push(record);
    else staying.push({ folder: record.folder, obstacle });
  }
  return { going, staying, needed: [...needed] };
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
 * Takes them away with their links; the caller holds the folder's lock. What the store does not have of
 * it, for a branch that names it again, is moved aside.
 * @returns folders
 */
export async function removeLeftovers(context: Context, skillsFolder: string, named: Named): Promise<string[]> {
  const { going, staying, needed } = await findLeftovers(context, skillsFolder, named);
  tellStaying(context, staying);
  for (const record of needed)
    await replaceFile(bookkeeping(skillsFolder).record(record.folder), formatRecord(markSaved(record, false)));
  const { warn } = context;
  for (const record of going) {
    const keep = await isNowhereElse(context, record);
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
  const { going, staying } = await findLeftovers(context, skillsFolder, named);
  if (going[0] !== undefined) return { owed: going[0].folder };
  tellStaying(context, staying);
  return looked;
}

const hintOf: Record<Obstacle, (folder: string) => string> = {
  "it was edited": (folder) => `To have it gone, with a copy kept: paks remove ${folder} --force`,
  "its record contradicts itself": (folder) => `Look at what is there. To have it gone: paks remove ${folder}`,
  "it is behind a link": () => "Look at where that leads.",
};

function tellStaying({ warn }: Context, staying: readonly Staying[]): void {
  for (const { folder, obstacle } of staying)
    warn(`paks.lock no longer names ${folder}, but ${obstacle}: it stays. ${hintOf[obstacle](folder)}`);
}
