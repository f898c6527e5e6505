import { createHash, randomBytes } from "node:crypto";
import { mkdir, readdir, rm, stat, writeFile } from "node:fs/promises";
import { hostname } from "node:os";
import { join } from "node:path";

import { currentProcess, mayRun } from "@paks/locks";
import { fileSystemError } from "@paks/schema";

/** A folder of one fetch, gone when the fetch is closed. */
export interface Scratch {
  readonly dir: string;
  readonly gitDir: string;
  /** HOME of the git processes: nothing is in it. */
  readonly home: string;
  close(): Promise<void>;
}

/** `paks-git-<machine>-<pid>-<start of that process>-<random>` */
const namePattern = /^paks-git-([0-9a-f]{12})-(\d+)-(\d+)-[0-9a-f]+$/;
/** No fetch takes this long: whoever made such a folder is gone, on whatever machine. */
const abandonedAfter = 24 * 3_600_000;

/** This machine since it was started: replicas may share the folder, and only here does a pid say anything. */
const machine = (): string =>
  createHash("sha256").update(`${hostname()}\n${currentProcess().bootId}`).digest("hex").slice(0, 12);

/** @throws PaksError DISK_FULL, READ_ONLY_TARGET */
export async function openScratch(root: string): Promise<Scratch> {
  const { pid, startTime } = currentProcess();
  const dir = join(root, `paks-git-${machine()}-${pid}-${startTime ?? 0}-${randomBytes(8).toString("hex")}`);
  const scratch = { dir, gitDir: join(dir, "r.git"), home: join(dir, "home"), close: () => remove(dir) };
  try {
    await mkdir(scratch.home, { recursive: true });
    await initBare(scratch.gitDir);
    return scratch;
  } catch (error) {
    await scratch.close();
    throw fileSystemError(error, root) ?? error;
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
 * Removes what processes that are dead by now left behind; returns how many folders that were. Folders of living
 * processes, also of this one, stay; those of other machines until they are a day old.
 */
export async function sweepScratch(scratchRoot: string): Promise<number> {
  let removed = 0;
  const here = machine();
  const { bootId } = currentProcess();
  for (const name of await readdir(scratchRoot).catch(ignoreMissing([]))) {
    const [, where, pid, start] = namePattern.exec(name) ?? [];
    if (where === undefined || pid === undefined || start === undefined) continue;
    const dir = join(scratchRoot, name);
    const startTime = start === "0" ? null : start;
    const inUse = where === here ? mayRun({ pid: Number(pid), startTime, bootId }) : await isYoung(dir);
    if (inUse) continue;
    await remove(dir);
    removed++;
  }
  return removed;
}

async function isYoung(dir: string): Promise<boolean> {
  const facts = await stat(dir).catch(ignoreMissing(undefined));
  return facts !== undefined && Date.now() - facts.mtimeMs < abandonedAfter;
}

/** A killed git may still be writing its last file, hence the retries. */
const remove = (dir: string): Promise<void> => rm(dir, { recursive: true, force: true, maxRetries: 5 });
