import type { ReleaseFile } from "@paks/schema";
import type { InstallRecord } from "./record.ts";

/** As files; what they hold is no code. */
const ofFileManagers = new Set([".DS_Store", "Thumbs.db", "desktop.ini"]);

const pythonFolder = "__pycache__";

interface Entry {
  readonly path: string;
  /** As git would record it. */
  readonly mode: string;
}

/**
 * What tools leave beside the files of an installed pak, and nobody wrote: a file manager that showed the folder, Python
 * that ran a script of it. It is no edit, and goes with the folder. What a record lists is not asked about here.
 */
export const isLeftByTools = (entry: Entry): boolean => isOfFileManager(entry) || isCompiledPython(entry);

const isOfFileManager = ({ path, mode }: Entry): boolean =>
  isFile(mode) && ofFileManagers.has(path.slice(path.lastIndexOf("/") + 1));

/** It is code that runs in place of the script beside it, so whoever vouches for every byte has to tell of it. */
export function isCompiledPython({ path, mode }: Entry): boolean {
  const [name = "", folder] = path.split("/").reverse();
  return isFile(mode) && folder === pythonFolder && name.endsWith(".pyc");
}

const isFile = (mode: string): boolean => mode.startsWith("100");

/**
 * The files of a folder without what tools left there.
 * @param record of what was installed; what it lists stays
 */
export function withoutLeft(
  files: readonly ReleaseFile[],
  record?: Pick<InstallRecord, "files">,
): readonly ReleaseFile[] {
  const recorded = new Set(record?.files.map(({ path }) => path));
  return files.filter(({ path }) => recorded.has(path) || !isLeftByTools({ path, mode: "100644" }));
}
