import { lstatSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { type LockFile, sweepLockDrafts, waitForLockFile } from "@paks/locks";
import { PaksError, isPaksError, systemErrorCode, withHint } from "@paks/schema";
import { listAsidePlaces, settleBackups } from "./aside.ts";
import { rememberMade } from "./made-folders.ts";
import type { LinkPlaces } from "./own-links.ts";
import { bookkeeping } from "./record.ts";
import { requireFolderOrNothing } from "./require-folder.ts";
import { requireInside } from "./require-inside.ts";
import { recoverSkillsFolder } from "./work-folder.ts";
import { makeFolder } from "../make-folder.ts";
import { tellingPlaces } from "../system-errors.ts";

const lockTimeout = 30_000;

export interface SkillsFolderOptions {
  /** A folder that the real path may not leave: the project. Absent where the user named the place. */
  readonly boundary: string | undefined;
  /** Told what a killed command had left and this one put back. */
  readonly note: (text: string) => void;
  readonly places?: LinkPlaces | undefined;
  /** Ends the waiting for another paks. */
  readonly signal?: AbortSignal | undefined;
}

/** What work comes to that may only look: its result, or a place that it would have to write. */
export type Looked<T> = { readonly done: T } | { readonly owed: string };

export interface LookingOptions<T> extends SkillsFolderOptions {
  /** The work of a folder that cannot be written; it writes nothing. Absent: such a folder is refused. */
  readonly look?: (() => Promise<Looked<T>>) | undefined;
}

/**
 * Runs `work` while no other paks process changes this skills folder, after ending what a killed one left there.
 * Throws UNSAFE_TARGET, LOCK_BUSY, READ_ONLY_TARGET, DISK_FULL.
 */
export async function inSkillsFolder<T>(path: string, options: LookingOptions<T>, work: () => Promise<T>): Promise<T> {
  if (options.boundary !== undefined) await requireInside(path, options.boundary);
  await requireFolderOrNothing(path);
  const { base, lock } = bookkeeping(path);
  await requireOwnFolders(path, options.boundary);
  const taken = await takeLockOrLook(path, options);
  if ("done" in taken) return taken.done;
  const { held, made } = taken;
  try {
    if (made !== undefined && made !== base) await tellingPlaces(() => rememberMade(path, made, path));
    sweepLockDrafts(lock);
    for (const folder of await recoverSkillsFolder(path, options.places))
      options.note(`An earlier command was interrupted; ${folder} was put back as it was.`);
    tellSettled(path, options);
    const done = await tellingPlaces(work);
    tellSettled(path, options);
    return done;
  } finally {
    held.release();
  }
}

/** What is kept is found by people, and by no tool. */
function tellSettled(path: string, { note }: SkillsFolderOptions): void {
  const backups = settleBackups(path);
  if (backups !== undefined) note(`What was kept in ${bookkeeping(path).backups} is in ${backups} now.`);
}

/** How often a folder may be taken away between its making and the lock in it: `remove` tidies up behind the last pak. */
const mostTries = 20;

interface Taken {
  readonly held: LockFile;
  readonly made: string | undefined;
}

async function takeLock(path: string, signal: AbortSignal | undefined): Promise<Taken> {
  const { base, lock } = bookkeeping(path);
  let made: string | undefined;
  for (let tries = 1; ; tries += 1) {
    made = makeFolder(base) ?? made;
    try {
      return { held: await waitForLockFile(lock, { what: path, timeout: lockTimeout, signal }), made };
    } catch (error) {
      if (systemErrorCode(error) !== "ENOENT" || tries >= mostTries) throw error;
    }
  }
}

async function takeLockOrLook<T>(
  path: string,
  { look, signal }: LookingOptions<T>,
): Promise<Taken | { readonly done: T }> {
  try {
    return await tellingPlaces(() => takeLock(path, signal));
  } catch (error) {
    if (look === undefined || !isForbidden(error)) throw error;
    return { done: await lookOnly(path, look, error) };
  }
}

/** A disk that is full may be written again in a moment; this one not, whatever is waited for. */
const isForbidden = (error: unknown): error is PaksError =>
  isPaksError(error, "READ_ONLY_TARGET") && ["EROFS", "EACCES", "EPERM"].includes(systemErrorCode(error.cause) ?? "");

/**
 * Without the lock, which nobody can take here. Somebody else may be able to: what he works at while we look, or has
 * left unfinished, counts as not in place.
 */
async function lookOnly<T>(path: string, look: () => Promise<Looked<T>>, refused: PaksError): Promise<T> {
  if (isUnfinished(path)) throw unfinished(refused);
  try {
    const looked = await look();
    if ("owed" in looked) throw owing(refused, looked.owed);
    if (!isUnfinished(path)) return looked.done;
  } catch (error) {
    // What is half replaced looks like something edited.
    if (!isUnfinished(path)) throw error;
  }
  throw unfinished(refused);
}

const owing = (refused: PaksError, owed: string): PaksError =>
  withHint(refused, `${owed} would have to be written. ${refused.hint ?? ""}`);

const unfinished = (refused: PaksError): PaksError =>
  withHint(
    refused,
    "A paks command of somebody who can write there is at work, or was interrupted. When none is running, `paks list` as that user ends what was begun.",
  );

/** What is cleaned up here must be here: as links, these folders would have somebody else's files cleaned up. */
async function requireOwnFolders(skillsFolder: string, boundary: string | undefined): Promise<void> {
  const places = listAsidePlaces(skillsFolder);
  for (const path of places.flatMap(({ base, work, backups }) => [base, work, backups])) {
    // One look: the command that removes the last pak may take these folders away between two.
    if (lstatSync(path, { throwIfNoEntry: false })?.isDirectory() ?? true) continue;
    throw notOurs(path, "folder");
  }
  const { base, lock } = bookkeeping(skillsFolder);
  // Nobody would ever let go of such a lock.
  for (const path of [lock, join(base, "made")])
    if (lstatSync(path, { throwIfNoEntry: false })?.isFile() === false) throw notOurs(path, "file");
  if (boundary !== undefined) for (const { base } of places) await requireInside(base, boundary);
}

const notOurs = (path: string, kind: "file" | "folder"): PaksError =>
  new PaksError("UNSAFE_TARGET", `${path} is not a ${kind} that paks made.`, {
    hint: "Look at where it leads, then delete it.",
    details: { path },
  });

const isLock = (name: string): boolean => /^lock(?:\.|$)/.test(name);

/** A link is none, wherever it leads. */
function isEmptyOrAbsent(path: string): boolean {
  const facts = lstatSync(path, { throwIfNoEntry: false });
  return facts === undefined || (facts.isDirectory() && readdirSync(path).length === 0);
}

/** Ends what killed commands left, when there is anything to end: for commands that only read. */
export async function recoverIfNeeded(path: string, options: SkillsFolderOptions): Promise<void> {
  if (isUnfinished(path)) await inSkillsFolder(path, options, () => Promise.resolve());
}

/** Something in a folder to work in, which itself stays; a lock, or the draft of one. */
function isUnfinished(path: string): boolean {
  try {
    if (listAsidePlaces(path).some(({ work }) => !isEmptyOrAbsent(work))) return true;
    return readdirSync(bookkeeping(path).base).some(isLock);
  } catch (error) {
    const code = systemErrorCode(error);
    if (code === "ENOENT" || code === "ENOTDIR") return false;
    throw error;
  }
}
