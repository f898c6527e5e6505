import { mkdir, realpath } from "node:fs/promises";
import { dirname, relative, sep } from "node:path";
import { waitForLockFile } from "@paks/locks";
import { PaksError, systemErrorCode } from "@paks/schema";
import { exists } from "./installed-state.ts";
import { bookkeeping } from "./record.ts";
import { recoverSkillsFolder } from "./work-folder.ts";
import { explain } from "./write-file.ts";

const lockTimeout = 30_000;

export interface SkillsFolderOptions {
  /** A folder that the real path may not leave: the project. Absent where the user named the place. */
  readonly boundary: string | undefined;
  /** Told what a killed command had left and this one put back. */
  readonly note: (text: string) => void;
}

/**
 * Runs `work` while no other paks process changes this skills folder, after ending what a killed one left there.
 * Throws UNSAFE_TARGET, LOCK_BUSY, READ_ONLY_TARGET, DISK_FULL.
 */
export async function inSkillsFolder<T>(
  path: string,
  options: SkillsFolderOptions,
  work: () => Promise<T>,
): Promise<T> {
  if (options.boundary !== undefined) await requireInside(path, options.boundary);
  const { base, lock } = bookkeeping(path);
  await explain(path, () => mkdir(base, { recursive: true }));
  const held = await explain(path, () => waitForLockFile(lock, { what: path, timeout: lockTimeout }));
  try {
    for (const folder of await recoverSkillsFolder(path))
      options.note(`An earlier command was interrupted; ${folder} was put back as it was.`);
    return await explain(path, work);
  } finally {
    held.release();
  }
}

/** Ends what killed commands left, when there is anything to end: for commands that only read. */
export async function recoverIfNeeded(path: string, options: SkillsFolderOptions): Promise<void> {
  if (await exists(bookkeeping(path).work)) await inSkillsFolder(path, options, () => Promise.resolve());
}

/**
 * A project that came from a stranger may hold `.agents` as a link to anywhere. Throws UNSAFE_TARGET when the real
 * place of `path` is outside `boundary`.
 */
export async function requireInside(path: string, boundary: string): Promise<void> {
  const real = await realpathOfNearest(path);
  const inside = relative(await realpath(boundary), real);
  if (inside !== ".." && !inside.startsWith(`..${sep}`) && !/^[A-Za-z]:/.test(inside)) return;
  throw new PaksError("UNSAFE_TARGET", `${path} leads outside this project, to ${real}.`, {
    hint: "Name the folder yourself with --dir if that is what you want.",
    details: { path, real },
  });
}

async function realpathOfNearest(path: string): Promise<string> {
  try {
    return await realpath(path);
  } catch (error) {
    const code = systemErrorCode(error);
    if (code !== "ENOENT" && code !== "ENOTDIR") throw error;
    const parent = dirname(path);
    if (parent === path) throw error;
    return realpathOfNearest(parent);
  }
}
