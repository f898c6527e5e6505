import { randomBytes } from "node:crypto";
import { mkdir, readFile, readdir, rename, rm } from "node:fs/promises";
import { join } from "node:path";
import { systemErrorCode } from "@paks/schema";
import * as z from "zod/mini";
import { exists, findRecord, listChanges } from "./installed-state.ts";
import { InstallRecord, bookkeeping, formatRecord } from "./record.ts";
import { replaceFile, syncFolder, writeNewFile } from "./write-file.ts";

/**
 * What a command is about to do to one folder, written before the first rename. Whoever finds it later knows how to
 * end what a killed process began.
 */
const Intent = z.object({
  folder: z.string(),
  /** Where the present folder is moved to before it is replaced or removed. */
  aside: z.string(),
  /** The record of what is put there; null = the folder is removed. */
  record: z.nullable(InstallRecord),
});
export type Intent = z.infer<typeof Intent>;

export interface WorkFolder {
  readonly path: string;
  /** Files are written here first, then renamed into place. */
  readonly fresh: string;
  readonly aside: string;
  close(): Promise<void>;
}

/** A temporary folder on the file system of the skills, so that a rename is one step. */
export async function openWorkFolder(skillsFolder: string): Promise<WorkFolder> {
  const path = join(bookkeeping(skillsFolder).work, randomBytes(8).toString("hex"));
  await mkdir(path, { recursive: true });
  return {
    path,
    fresh: join(path, "new"),
    aside: join(path, "old"),
    close: () => rm(path, { recursive: true, force: true }),
  };
}

export async function writeIntent(work: WorkFolder, intent: Intent): Promise<void> {
  await writeNewFile(join(work.path, "intent.json"), JSON.stringify(intent), 0o644);
  await syncFolder(work.path);
}

/**
 * Ends what killed commands left in this skills folder; the caller holds its lock, so nobody works there. Answers the
 * folders that were put back.
 */
export async function recoverSkillsFolder(skillsFolder: string): Promise<string[]> {
  const { work } = bookkeeping(skillsFolder);
  const restored: string[] = [];
  for (const name of await listNames(work)) {
    const left = join(work, name);
    const intent = await findIntent(left);
    if (intent && (await endIntent(skillsFolder, intent))) restored.push(intent.folder);
    await rm(left, { recursive: true, force: true });
  }
  return restored;
}

/** True when the old folder was put back. */
async function endIntent(skillsFolder: string, intent: Intent): Promise<boolean> {
  const target = join(skillsFolder, intent.folder);
  const record = bookkeeping(skillsFolder).record(intent.folder);
  if (await exists(target)) {
    // Killed behind the second rename: the new files are in place and only their record is missing.
    const { record: placed } = intent;
    if (placed && (await findRecord(skillsFolder, intent.folder))?.digest !== placed.digest)
      if ((await listChanges(target, placed)).length === 0) await replaceFile(record, formatRecord(placed));
    return false;
  }
  if (intent.record === null) {
    await rm(record, { force: true });
    return false;
  }
  if (!(await exists(intent.aside))) return false;
  await rename(intent.aside, target);
  await syncFolder(skillsFolder);
  return true;
}

async function findIntent(left: string): Promise<Intent | undefined> {
  try {
    // Not `instanceof z.core.$ZodError`: naming `z.core` puts all of zod and its 50 languages into the bundle.
    return Intent.safeParse(JSON.parse(await readFile(join(left, "intent.json"), "utf8"))).data;
  } catch (error) {
    // Killed before the intent was complete: nothing had been renamed yet.
    if (systemErrorCode(error) === "ENOENT" || error instanceof SyntaxError) return undefined;
    throw error;
  }
}

async function listNames(folder: string): Promise<string[]> {
  try {
    return await readdir(folder);
  } catch (error) {
    if (systemErrorCode(error) === "ENOENT") return [];
    throw error;
  }
}
