import { join } from "node:path";
import { type LockedPak, PaksError, isPaksError } from "@paks/schema";
import type { Context } from "../context.ts";
import { readLockedFolder } from "./adopt.ts";
import { readInstalledState, recordedDigest } from "./installed-state.ts";
import type { LockedOptions } from "./fetch-locked.ts";
import type { Fetched } from "./fetched.ts";
import { findOtherFact, isRecordedAsLocked, isUnanswered } from "./locked-record.ts";
import { type InstallRecord, bookkeeping } from "./record.ts";

export interface LockedPlace {
  readonly skillsFolder: string;
  /** Of the workspace; absolute. */
  readonly root: string;
  /** Compiled Python that was left there is to go: the folder is put in place anew. */
  readonly force?: boolean;
}

/** What stands where the lock has a pak. */
export interface LockedPresent {
  /** Of just what is locked: nothing need be fetched. */
  readonly present?: InstallRecord;
  /** The locked files are there, and their record says that they are something else: one of the two is wrong. */
  readonly doubt?: Doubt;
}

export interface Doubt {
  /** In words, another fact of the very release that was installed. Absent: it may be another one with the same files. */
  readonly contradiction: string | undefined;
}

/**
 * @param folder below the skills folder
 * @throws PaksError LOCKFILE_MISMATCH for another version, or other files, than lie there; INTEGRITY_MISMATCH for a record
 * that contradicts itself
 */
export async function findLockedPresent(
  { skillsFolder, root, force = false }: LockedPlace,
  folder: string,
  entry: LockedPak,
): Promise<LockedPresent> {
  const found = await readInstalledState(skillsFolder, folder);
  if (found.state !== "intact" || found.record.digest !== entry.digest) return {};
  const { record } = found;
  if (recordedDigest(record) !== record.digest) throw falseRecord(skillsFolder, folder);
  if (force && found.compiled.length > 0) return {};
  if (isRecordedAsLocked(entry, record)) return { present: record };
  // Before anybody is asked, what is here already.
  await requireSaidByFiles({ skillsFolder, root }, folder, entry);
  return { doubt: { contradiction: findOtherFact(entry, record) } };
}

/** It lists files of another digest than it names, so nothing it says of the folder can be believed. */
function falseRecord(skillsFolder: string, folder: string): PaksError {
  const path = bookkeeping(skillsFolder).record(folder);
  return new PaksError("INTEGRITY_MISMATCH", `The record of ${folder} names the locked digest and lists other files.`, {
    hint: `Somebody changed the record, and the folder with it. Look at ${join(skillsFolder, folder)}, then delete ${path} and run paks ci --force: it keeps a copy of the folder and installs what is locked.`,
    details: { path },
  });
}

interface Doubted {
  readonly place: LockedPlace;
  readonly folder: string;
  readonly entry: LockedPak;
  readonly doubt: Doubt;
  readonly options: LockedOptions;
}

/**
 * Lock and record of the same bytes say different things: whoever gave them out decides. Where the lock is right, the
 * record is to be written anew with what this answers; a contradiction is settled by nobody but the registry.
 * @throws PaksError LOCKFILE_MISMATCH when the lock is wrong, or nobody can be asked about a contradiction; the codes of
 * `fetchLocked`
 */
export async function fetchDoubted(context: Context, doubted: Doubted): Promise<Fetched> {
  const { entry, folder, options } = doubted;
  const { contradiction } = doubted.doubt;
  if (contradiction !== undefined && context.config.offline) throw undecided(doubted);
  const { fetchLocked } = await import("./fetch-locked.ts");
  try {
    const fetched = await fetchLocked(entry, context, { ...options, doubted: true });
    if (contradiction !== undefined)
      context.warn(
        `paks.lock has ${contradiction}. The registry says the same as paks.lock, so the record of ${folder} is written anew.`,
      );
    return fetched;
  } catch (error) {
    if (contradiction === undefined || !isPaksError(error) || !isUnanswered(error)) throw error;
    throw undecided(doubted, error);
  }
}

function undecided({ folder, doubt, place }: Doubted, cause?: PaksError): PaksError {
  const record = bookkeeping(place.skillsFolder).record(folder);
  const why = `the lock has ${doubt.contradiction ?? "something else"}`;
  return new PaksError("LOCKFILE_MISMATCH", `paks.lock and the record of ${folder} do not fit: ${why}.`, {
    hint: `Run the same command with a network: the registry decides. Without it: if somebody changed paks.lock, take it from version control again; if that is done, the record is wrong: delete ${record}, then run paks ci.`,
    details: { path: record },
    cause,
  });
}

/** @throws PaksError LOCKFILE_MISMATCH when the files of the folder, if they are the locked ones, say another version */
export async function requireSaidByFiles(
  { skillsFolder, root }: LockedPlace,
  folder: string,
  entry: LockedPak,
): Promise<void> {
  const files = await readLockedFolder(skillsFolder, { folder, entry });
  if (files === undefined) return;
  const { lockedFiles } = await import("./fetch-locked.ts");
  lockedFiles(entry, files, root);
}
