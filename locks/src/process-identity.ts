import { readFileSync } from "node:fs";

/** What tells this process from a later one that was given the same pid. Null where it cannot be known. */
export interface ProcessIdentity {
  readonly pid: number;
  /** Clock ticks between boot and start (Linux only: elsewhere it could be learned only by starting a process). */
  readonly startTime: string | null;
  /** Random per boot (Linux only). */
  readonly bootId: string | null;
}

export const currentProcess = (): ProcessIdentity => ({
  pid: process.pid,
  startTime: readStartTime(process.pid),
  bootId: readBootId(),
});

/**
 * False only when it is certain that `identity` no longer runs: its pid is free, or was given to a process with
 * another start time, or the machine was booted since. Outside Linux only the pid is looked at, so a pid that was
 * given away again counts as running: a false alarm, never two owners.
 */
export function mayRun(identity: ProcessIdentity): boolean {
  const bootId = readBootId();
  if (identity.bootId !== null && bootId !== null && identity.bootId !== bootId) return false;
  if (!pidExists(identity.pid) || isZombie(identity.pid)) return false;
  const startTime = readStartTime(identity.pid);
  return identity.startTime === null || startTime === null || identity.startTime === startTime;
}

function pidExists(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    // EPERM: it exists and belongs to somebody else.
    return !hasCode(error, "ESRCH");
  }
}

/** Dead, and only not yet waited for by its parent: in a container that may be for ever. */
const isZombie = (pid: number): boolean => {
  const stat = readIfThere(`/proc/${pid}/stat`);
  return stat !== undefined && ["Z", "X"].includes(stat.slice(stat.lastIndexOf(")") + 2, stat.lastIndexOf(")") + 3));
};

function readStartTime(pid: number): string | null {
  const stat = readIfThere(`/proc/${pid}/stat`);
  // The second field is the program's name in parentheses and may hold blanks and parentheses: count from its end.
  return stat?.slice(stat.lastIndexOf(")") + 2).split(" ")[19] ?? null;
}

const readBootId = (): string | null => readIfThere("/proc/sys/kernel/random/boot_id")?.trim() ?? null;

function readIfThere(file: string): string | undefined {
  try {
    return readFileSync(file, "utf8");
  } catch (error) {
    if (["ENOENT", "EACCES", "ESRCH"].some((code) => hasCode(error, code))) return undefined;
    throw error;
  }
}

export const hasCode = (error: unknown, code: string): boolean =>
  error instanceof Error && "code" in error && error.code === code;
