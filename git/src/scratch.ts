import { randomBytes } from "node:crypto";
import { mkdir, readdir, readFile, rm, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";

import { PaksError } from "@paks/schema";

/** A folder of one fetch, gone when the fetch is closed. */
export interface Scratch {
  readonly dir: string;
  readonly gitDir: string;
  /** HOME of the git processes: nothing is in it. */
  readonly home: string;
  close(): Promise<void>;
}

const prefix = "paks-git-";
/** `paks-git-<pid>-<start of that process>-<random>` */
const namePattern = /^paks-git-(\d+)-(\d+)-[0-9a-f]+$/;

/** @throws PaksError DISK_FULL, READ_ONLY_TARGET */
export async function openScratch(root: string): Promise<Scratch> {
  const start = (await startOf(process.pid)) ?? 0;
  const dir = join(root, `${prefix}${process.pid}-${start}-${randomBytes(8).toString("hex")}`);
  const scratch = { dir, gitDir: join(dir, "r.git"), home: join(dir, "home"), close: () => remove(dir) };
  try {
    await mkdir(scratch.home, { recursive: true });
    await initBare(scratch.gitDir);
    return scratch;
  } catch (error) {
    await scratch.close();
    throw diskError(error, root) ?? error;
  }
}

/** What `git init --bare --template=` writes, without the process: a tenth of the time of a small fetch. */
export async function initBare(gitDir: string): Promise<void> {
  await mkdir(join(gitDir, "objects"), { recursive: true });
  await mkdir(join(gitDir, "refs"));
  await writeFile(join(gitDir, "HEAD"), "ref: refs/heads/none\n");
  await writeConfig(gitDir);
}

/**
 * Puts the configuration back to nothing. A fetch with a filter writes down its remote as one that may be asked
 * for missing objects at any time; without that line no later command reaches for the network.
 */
export const writeConfig = (gitDir: string): Promise<void> =>
  writeFile(join(gitDir, "config"), "[core]\n\trepositoryformatversion = 0\n\tbare = true\n");

/** Bytes of all files below. Files may come and go meanwhile. */
export async function directoryBytes(dir: string): Promise<number> {
  let bytes = 0;
  for (const name of await readdir(dir, { recursive: true }).catch(ignoreMissing([]))) {
    const facts = await stat(join(dir, name)).catch(ignoreMissing(undefined));
    if (facts?.isFile()) bytes += facts.size;
  }
  return bytes;
}

const ignoreMissing =
  <T>(value: T) =>
  (error: NodeJS.ErrnoException): T => {
    if (error.code === "ENOENT") return value;
    throw error;
  };

/**
 * Removes what processes that are dead by now left behind; returns how many folders that were.
 * Folders of living processes, also of this one, stay.
 */
export async function sweepScratch(scratchRoot: string): Promise<number> {
  let removed = 0;
  for (const name of await readdir(scratchRoot).catch(ignoreMissing([]))) {
    const [, pid, start] = namePattern.exec(name) ?? [];
    if (pid === undefined || start === undefined || (await isAlive(Number(pid), Number(start)))) continue;
    await remove(join(scratchRoot, name));
    removed++;
  }
  return removed;
}

/** A pid alone says little: in a container every server is pid 1. */
async function isAlive(pid: number, start: number): Promise<boolean> {
  try {
    process.kill(pid, 0);
  } catch (error) {
    // EPERM: alive, of another user.
    if ((error as NodeJS.ErrnoException).code === "ESRCH") return false;
  }
  const known = await startOf(pid);
  return known === undefined || known === start;
}

/** When a process started, in a unit of its own; `undefined` where only the kernel knows. */
async function startOf(pid: number): Promise<number | undefined> {
  // Field 22; the name in field 2 may hold blanks and brackets.
  const text = await readFile(`/proc/${pid}/stat`, "latin1").catch(ignoreMissing(undefined));
  if (text !== undefined) return Number(text.slice(text.lastIndexOf(")") + 2).split(" ")[19]);
  return pid === process.pid ? Math.floor(performance.timeOrigin) : undefined;
}

/** A killed git may still be writing its last file, hence the retries. */
const remove = (dir: string): Promise<void> => rm(dir, { recursive: true, force: true, maxRetries: 5 });

function diskError(error: unknown, dir: string): PaksError | undefined {
  const { code } = error as NodeJS.ErrnoException;
  if (code === "ENOSPC" || code === "EDQUOT") {
    return new PaksError("DISK_FULL", `There is no space left in ${dir}.`, { cause: error });
  }
  if (code === "EROFS" || code === "EACCES" || code === "EPERM") {
    return new PaksError("READ_ONLY_TARGET", `${dir} cannot be written.`, { cause: error });
  }
  return undefined;
}
