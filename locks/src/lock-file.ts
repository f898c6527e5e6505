import { randomUUID } from "node:crypto";
import {
  copyFileSync,
  constants,
  linkSync,
  lstatSync,
  readFileSync,
  readdirSync,
  renameSync,
  writeFileSync,
} from "node:fs";
import { hostname } from "node:os";
import { basename, dirname, join } from "node:path";
import type { PaksError } from "@paks/schema";
import { currentProcess, hasCode, mayRun } from "./process-identity.ts";
import { removeFileSync } from "./remove-file.ts";

interface Holder {
  readonly pid: number;
  readonly startTime: string | null;
  readonly bootId: string | null;
  readonly hostname: string;
  readonly url: string | null;
  /** Tells one lock from the next at the same place. Becomes part of a file's name. */
  readonly nonce: string;
}
export type LockHolder = Omit<Holder, "nonce">;

export interface LockFile {
  release(): void;
}

export interface TakeLockOptions {
  /** Where the holder can be reached, for whoever is refused. */
  readonly url?: string | undefined;
  /** The error for a lock that another process holds; `holder` is undefined when the file cannot be read. */
  readonly busy: (holder: (LockHolder & { readonly elsewhere: boolean }) | undefined, path: string) => PaksError;
}

/**
 * Takes the lock at `path` for this process. A lock is taken over only from a process that certainly runs no more;
 * age says nothing, because a process may be busy or suspended for as long as it likes.
 * Throws what `busy` makes.
 */
export function takeLockFile(path: string, options: TakeLockOptions): LockFile {
  const own: Holder = {
    ...currentProcess(),
    hostname: hostname(),
    url: options.url ?? null,
    nonce: `${process.pid}-${randomUUID()}`,
  };
  const draft = `${path}.${own.nonce}`;
  const release = () => releaseLock(path, own.nonce, options.busy);
  let isTaken = false;
  try {
    writeFileSync(draft, JSON.stringify(own), { flag: "wx", mode: 0o600 });
    for (let tries = 1; !tryTake(path, { lock: path, draft, busy: options.busy }); tries += 1)
      if (tries === mostTries) throw options.busy(undefined, path);
    isTaken = true;
    removeFileSync(draft);
  } catch (error) {
    // Nobody could release a lock that this function does not answer.
    if (isTaken) release();
    removeFileSync(draft);
    throw error;
  }
  return { release };
}

/** How often the lock may change hands between two looks at it. */
const mostTries = 10_000;

interface Taking {
  readonly lock: string;
  readonly draft: string;
  readonly busy: TakeLockOptions["busy"];
}

/**
 * One try; false means that the world changed meanwhile. The file is written first and linked into place: a lock
 * is never seen half written. Who takes over a dead lock first links `<lock>.after-<its nonce>`, which only one
 * process can do, and then renames its own file over the lock. That successor may itself die: the same again.
 */
function tryTake(path: string, taking: Taking): boolean {
  const { lock, draft, busy } = taking;
  if (linkOnce(draft, path)) return true;
  const holder = readHolder(path, busy);
  if (!holder) return false;
  requireDead(holder, taking);
  const successor = `${lock}.after-${holder.nonce}`;
  if (!tryTake(successor, taking)) return false;
  // Somebody who was faster may have replaced the dead lock and cleaned up between our two looks.
  const unchanged = readHolder(path, busy)?.nonce === holder.nonce;
  if (unchanged) {
    copyFileSync(draft, `${draft}.new`);
    renameSync(`${draft}.new`, path);
  }
  removeFileSync(successor);
  return unchanged;
}

/**
 * Removes what processes that were killed while they took the lock at `path` have left beside it; the caller holds the
 * lock. A process that is waiting keeps its draft.
 */
export function sweepLockDrafts(path: string): void {
  const folder = dirname(path);
  for (const entry of readdirSync(folder, { withFileTypes: true })) {
    const { name } = entry;
    if (entry.isDirectory()) continue;
    const [, pid] = new RegExp(`^${basename(path)}\\.(?:after-)?(\\d{1,10})-[A-Za-z0-9.-]+$`).exec(name) ?? [];
    if (pid === undefined || mayRunAs(join(folder, name), Number(pid))) continue;
    removeFileSync(join(folder, name));
  }
}

/** The draft says who wrote it, unless that process was killed before it could. */
function mayRunAs(draft: string, pid: number): boolean {
  const text = readIfThere(draft);
  const holder = text === undefined ? undefined : parseJson(text);
  if (isHolder(holder)) return holder.hostname !== hostname() || mayRun(holder);
  return mayRun({ pid, startTime: null, bootId: null });
}

function linkOnce(from: string, to: string): boolean {
  try {
    linkSync(from, to);
    return true;
  } catch (error) {
    if (hasCode(error, "EEXIST")) return false;
    if (noHardLinks.some((code) => hasCode(error, code))) return copyOnce(from, to);
    throw error;
  }
}

// File systems such as exFAT. A copy may be seen half written, which reads as "locked".
const noHardLinks = ["EPERM", "ENOTSUP", "EOPNOTSUPP", "ENOSYS"];

function copyOnce(from: string, to: string): boolean {
  try {
    copyFileSync(from, to, constants.COPYFILE_EXCL);
    return true;
  } catch (error) {
    if (hasCode(error, "EEXIST")) return false;
    throw error;
  }
}

const mostBytes = 64 * 1024;

function readHolder(path: string, busy: TakeLockOptions["busy"]): Holder | undefined {
  const text = readIfThere(path);
  if (text === undefined) return undefined;
  const holder = parseJson(text);
  if (isHolder(holder)) return holder;
  throw busy(undefined, path);
}

/** "" for what is no file of ours: a link that came with a stranger's project may lead to a device without an end. */
function readIfThere(path: string): string | undefined {
  try {
    const facts = lstatSync(path);
    const isLock = facts.isFile() && facts.size <= mostBytes;
    return isLock ? readFileSync(path, "utf8") : "";
  } catch (error) {
    if (hasCode(error, "ENOENT")) return undefined;
    throw error;
  }
}

/** By hand: every local command reads a lock, and a schema library takes longer to load than all the rest of it. */
function isHolder(value: unknown): value is Holder {
  if (typeof value !== "object" || value === null) return false;
  const { pid, startTime, bootId, hostname: host, url, nonce } = value as { readonly [K in keyof Holder]?: unknown };
  const texts = [startTime, bootId, url].every((one) => one === null || typeof one === "string");
  return (
    Number.isSafeInteger(pid) &&
    texts &&
    typeof host === "string" &&
    typeof nonce === "string" &&
    /^[A-Za-z0-9-]{1,64}$/.test(nonce)
  );
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
}

function requireDead(holder: Holder, taking: Taking): void {
  const elsewhere = holder.hostname !== hostname();
  if (elsewhere || mayRun(holder)) throw taking.busy({ ...holder, elsewhere }, taking.lock);
}

function releaseLock(path: string, nonce: string, busy: TakeLockOptions["busy"]): void {
  if (readHolder(path, busy)?.nonce === nonce) removeFileSync(path);
}
