import { chmodSync, lstatSync } from "node:fs";
import { join } from "node:path";
import { systemErrorCode } from "@paks/schema";
import type { InstallRecord } from "./record.ts";

type Recorded = Pick<InstallRecord, "files">;

/** Files that can be run against the word of their record, or cannot. Windows has no such bit. */
export const listOtherModes = (
  { files }: Recorded,
  executable: ReadonlySet<string>,
  platform: NodeJS.Platform = process.platform,
): string[] =>
  platform === "win32"
    ? []
    : files.filter((file) => file.executable !== executable.has(file.path)).map(({ path }) => path);

/**
 * Makes files executable again, or not, as their record has it: nobody loses anything by that. Who may read a file may
 * run it then, as git does it.
 * @param executable those that are now
 * @returns absolute paths of those that were changed
 */
export function setModes(target: string, record: Recorded, executable: ReadonlySet<string>): string[] {
  const changed: string[] = [];
  for (const path of listOtherModes(record, executable)) {
    const full = join(target, path);
    const { mode } = lstatSync(full);
    const wanted = executable.has(path) ? mode & ~0o111 : mode | ((mode & 0o444) >> 2);
    try {
      chmodSync(full, wanted & 0o777);
      // Some disks take it and do nothing.
      if (((lstatSync(full).mode ^ wanted) & 0o111) === 0) changed.push(full);
    } catch (error) {
      // A disk that knows no such bit, or somebody else's file: `verify` and `list` go on telling it.
      if (!cannotBeSet.has(systemErrorCode(error) ?? "")) throw error;
    }
  }
  return changed;
}

const cannotBeSet = new Set(["EPERM", "EACCES", "EROFS", "ENOTSUP", "EOPNOTSUPP", "ENOSYS"]);
