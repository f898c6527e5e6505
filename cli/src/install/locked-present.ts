import type { LockedPak } from "@paks/schema";
import { readLockedFolder } from "./adopt.ts";
import { readInstalledState } from "./installed-state.ts";
import { isRecordedAsLocked, requireSameFacts } from "./locked-record.ts";
import type { InstallRecord } from "./record.ts";

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
  readonly doubted?: true;
}

/**
 * @param folder below the skills folder
 * @throws PaksError LOCKFILE_MISMATCH for another fact of the same release, or another version than the files say
 */
export async function findLockedPresent(
  { skillsFolder, root, force = false }: LockedPlace,
  folder: string,
  entry: LockedPak,
): Promise<LockedPresent> {
  const found = await readInstalledState(skillsFolder, folder);
  if (found.state !== "intact" || found.record.digest !== entry.digest) return {};
  if (force && found.compiled.length > 0) return {};
  const { record } = found;
  requireSameFacts(folder, entry, record);
  if (isRecordedAsLocked(entry, record)) return { present: record };
  // Before anybody is asked, what is here already.
  await requireSaidByFiles({ skillsFolder, root }, folder, entry);
  return { doubted: true };
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
