import { mkdirSync, renameSync } from "node:fs";
import { rename } from "node:fs/promises";
import { dirname, join } from "node:path";
import { removeFile } from "@paks/locks";
import type { ReleaseFile } from "@paks/schema";
import type { WorkspaceChange } from "../workspace/change-workspace.ts";
import { type Unsynced, replaceFile, writeNewFile } from "../write-file.ts";
import { makeFolder } from "../make-folder.ts";
import { type WorkFolder, makeBackupsFolder, placesIn } from "./aside.ts";
import { exists } from "./installed-state.ts";
import { readOwnFile } from "./read-own-file.ts";
import { type InstallRecord, bookkeeping, formatRecord } from "./record.ts";
import type { Intent } from "./work-folder.ts";

export interface ReplacePlan {
  readonly skillsFolder: string;
  readonly record: InstallRecord;
  readonly files: readonly ReleaseFile[];
  /** Where the present folder is kept; absent: it is deleted in the end. */
  readonly backup: string | undefined;
  readonly previous: InstallRecord | undefined;
  /** What is to follow in the workspace's files; whoever finds this after a crash does it. */
  readonly workspace: WorkspaceChange | undefined;
}

/** New files beside the folder that they are about to replace. */
export interface Replacement {
  /** What is to be on disk before `swap`, like the files. */
  readonly intent: Intent;
  /** Writes the new files into the work folder, and changes nothing that anybody sees. They are to be synced. */
  write(): Unsynced;
  /** The two renames. Whoever syncs the folder that `target` is in may write the record. */
  swap(): Promise<void>;
  /** What was there before is there again. When this fails, the next command ends what is left. */
  undo(): Promise<void>;
}

export function planReplacement(plan: ReplacePlan, work: WorkFolder, index: number): Replacement {
  const { skillsFolder, record, workspace } = plan;
  const target = join(skillsFolder, record.folder);
  const places = placesIn(work, index);
  const aside = plan.backup ?? places.aside;
  const done = { aside: false, placed: false };
  return {
    intent: { folder: record.folder, aside, record, ...(workspace && { workspace }) },
    write: () => writeFiles(places.fresh, plan.files),
    swap: async () => {
      if (plan.backup !== undefined) makeBackupsFolder(dirname(aside));
      makeFolder(dirname(target));
      done.aside = await renameIfThere(target, aside);
      renameSync(places.fresh, target);
      done.placed = true;
    },
    undo: async () => {
      if (done.placed) await rename(target, places.undone);
      if (done.aside) await rename(aside, target);
      await restoreRecord(bookkeeping(skillsFolder).record(record.folder), plan.previous);
    },
  };
}

async function restoreRecord(path: string, previous: InstallRecord | undefined): Promise<void> {
  const before = previous && formatRecord(previous);
  if ((await readOwnFile(path)) === before) return;
  await (before === undefined ? removeFile(path) : replaceFile(path, before));
}

/** False when there was nothing. */
export async function renameIfThere(from: string, to: string): Promise<boolean> {
  if (!(await exists(from))) return false;
  renameSync(from, to);
  return true;
}

function writeFiles(folder: string, files: readonly ReleaseFile[]): Unsynced {
  mkdirSync(folder);
  const below = new Set(files.map((file) => dirname(join(folder, file.path))));
  below.delete(folder);
  for (const path of below) makeFolder(path);
  const written = files.map(({ path, bytes, executable }) => {
    const full = join(folder, path);
    writeNewFile(full, bytes, executable ? 0o755 : 0o644);
    return full;
  });
  return { files: written, folders: [...below, folder] };
}
