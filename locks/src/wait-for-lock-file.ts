import { PaksError, isPaksError } from "@paks/schema";
import { type LockFile, takeLockFile } from "./lock-file.ts";

export interface WaitForLockOptions {
  /** What the lock protects, for the message. */
  readonly what: string;
  /** Milliseconds until LOCK_BUSY is thrown. */
  readonly timeout: number;
  /** Ends the waiting, with its reason. */
  readonly signal?: AbortSignal | undefined;
}

/** Waits for the lock at `path`. Throws LOCK_BUSY, naming the process that holds it, when the time is up. */
export async function waitForLockFile(path: string, options: WaitForLockOptions): Promise<LockFile> {
  const deadline = Date.now() + options.timeout;
  for (;;) {
    const lock = tryLock(path, options.what);
    if (!isPaksError(lock)) return lock;
    if (Date.now() >= deadline) throw lock;
    options.signal?.throwIfAborted();
    // Spread out, so that eight waiting processes do not look at the same moment.
    await new Promise((resolve) => setTimeout(resolve, 20 + Math.random() * 40));
  }
}

function tryLock(path: string, what: string): LockFile | PaksError {
  try {
    return takeLockFile(path, { busy: (holder) => busyError(holder, { what, path }) });
  } catch (error) {
    if (isPaksError(error, "LOCK_BUSY")) return error;
    throw error;
  }
}

const busyError = (
  holder: { pid: number; hostname: string; elsewhere: boolean } | undefined,
  lock: { what: string; path: string },
): PaksError =>
  new PaksError(
    "LOCK_BUSY",
    holder
      ? `Process ${holder.pid}${holder.elsewhere ? ` on ${holder.hostname}` : ""} is working on ${lock.what}.`
      : `The lock of ${lock.what} cannot be read.`,
    {
      hint: `Wait for it to end, or delete ${lock.path} when nothing uses it.`,
      details: { path: lock.path, ...(holder ? { pid: holder.pid } : {}) },
    },
  );
