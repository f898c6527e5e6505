import { type ChildProcessWithoutNullStreams, spawn } from "node:child_process";
import { accessSync, constants } from "node:fs";
import { constants as osConstants } from "node:os";
import { basename, delimiter, isAbsolute, join } from "node:path";

import { PaksError, systemErrorCode } from "@paks/schema";
import { withinOwnLimits } from "./own-limits.ts";

/** What the kernel allows each process of a run; enforced where there is `prlimit` (Linux). */
export interface ProcessLimits {
  readonly fileBytes: number;
  readonly memoryBytes: number;
  readonly cpuSeconds: number;
}

/** Variables by name, as a process has them. */
export type Environment = Readonly<Record<string, string | undefined>>;

export interface RunGitOptions {
  /** Everything the process sees besides PATH: nothing is inherited. */
  readonly env: Readonly<Record<string, string>>;
  /** The environment of this machine: programs are looked for on its PATH. Of it git sees that and what is named below. */
  readonly machine: Environment;
  /** Names of variables that are passed on when they are set, e.g. the socket of the ssh agent. */
  readonly inherit?: readonly string[];
  /** More output ends the run. */
  readonly stdoutBytes: number;
  /** Wall clock. */
  readonly milliseconds: number;
  /** The binary, when it is not the `git` of PATH. */
  readonly git?: string | undefined;
  readonly cwd?: string;
  readonly stdin?: Uint8Array | string;
  readonly signal?: AbortSignal | undefined;
  readonly limits?: ProcessLimits;
  /** Stays in our process group: git can ask at the terminal, and only git itself is ended, not what it has started. */
  readonly atTerminal?: boolean;
  /** Takes the output piece by piece instead of having it collected; what it throws ends the run and is thrown on. */
  readonly onStdout?: (chunk: Buffer) => void;
  /** Asked four times a second; an error it returns ends the run and is thrown. */
  readonly guard?: () => Promise<PaksError | undefined>;
  /** What is thrown when the time or the output is used up. */
  readonly onTimeout?: () => PaksError;
  readonly onOverflow?: () => PaksError;
}

export interface GitRun {
  /** Empty when `onStdout` took it. */
  readonly stdout: Buffer;
  /** The last 64 KiB. As git and the server wrote it: never show it unredacted. */
  readonly stderr: string;
  /** 128 + number when a signal ended it. */
  readonly exitCode: number;
}

const stderrBytes = 64 * 1024;
const graceMilliseconds = 2000;
const guardMilliseconds = 250;

/**
 * Runs git once, in a process group of its own. The only place of the product that starts a process.
 * A failing git is a result, not an error: look at `exitCode`.
 * @throws PaksError GIT_MISSING, CANCELLED, `onTimeout` (GIT_HOST_TIMEOUT), `onOverflow` (REPOSITORY_TOO_COMPLEX), the guard's
 */
export async function runGit(args: readonly string[], options: RunGitOptions): Promise<GitRun> {
  if (options.signal?.aborted) throw cancelled(options.signal);
  const [file, ...prefix] = await findCommand(options);
  const child = spawn(file, [...prefix, ...args], {
    env: { ...inherited(options), ...options.env },
    cwd: options.cwd,
    stdio: "pipe",
    // A group of its own, because git's helpers (git-remote-https, index-pack) outlive a git that is killed alone.
    detached: hasOwnGroup(options),
    windowsHide: true,
  });
  return follow(child, options);
}

/**
 * The version as in `2.39.5`.
 * @throws PaksError GIT_MISSING
 */
export async function gitVersion(machine: Environment, git?: string): Promise<string> {
  const limits = { stdoutBytes: 4096, milliseconds: 10_000 };
  const run = await runGit(["--version"], { env: { LC_ALL: "C" }, machine, git, ...limits });
  const version = /^git version (\d+(?:\.\d+)+)/.exec(run.stdout.toString("utf8"))?.[1];
  if (run.exitCode !== 0 || version === undefined) throw gitMissing();
  return version;
}

const gitMissing = (cause?: unknown): PaksError =>
  new PaksError("GIT_MISSING", "No git was found.", { hint: "Install git 2.37 or newer.", cause });

const hasOwnGroup = ({ atTerminal = false }: RunGitOptions): boolean => process.platform !== "win32" && !atTerminal;

/** PATH decides which helpers git finds; Windows cannot open sockets without SystemRoot. */
function inherited({ machine, inherit = [] }: RunGitOptions): Record<string, string> {
  const env: Record<string, string> = {};
  for (const name of ["PATH", "SystemRoot", ...inherit]) {
    const value = machine[name] ?? findInAnyCase(machine, name);
    if (value !== undefined) env[name] = value;
  }
  return env;
}

/** Windows calls it `Path`; only its own object of all variables does not mind. */
function findInAnyCase(machine: Environment, name: string): string | undefined {
  if (process.platform !== "win32") return undefined;
  return Object.entries(machine).find(([other]) => other.toUpperCase() === name.toUpperCase())?.[1];
}

async function findCommand({ git = "git", limits, machine }: RunGitOptions): Promise<[string, ...string[]]> {
  // Windows looks for git.exe by itself, and has no prlimit.
  if (process.platform === "win32") return [git];
  const binary = await findExecutable(git, machine);
  if (binary === undefined) throw gitMissing();
  const prlimit = limits && process.platform === "linux" ? await findExecutable("prlimit", machine) : undefined;
  if (!limits || prlimit === undefined) return [binary];
  const { fileBytes, memoryBytes, cpuSeconds } = limits;
  const wanted = { fsize: fileBytes, as: memoryBytes, cpu: cpuSeconds, nofile: 256, core: 0 };
  const flags = Object.entries(withinOwnLimits(wanted)).map(([name, value]) => `--${name}=${value}`);
  return [prlimit, ...flags, "--", binary];
}

/** Looked up each time, unless `git` is an absolute path: whoever starts many passes on what is found here. */
export async function findExecutable(name: string, machine: Environment): Promise<string | undefined> {
  // Relative parts of PATH would let a folder that came with a repository say what git is.
  const dirs = (machine["PATH"] ?? "").split(delimiter).filter((dir) => isAbsolute(dir));
  const places = isAbsolute(name) ? [name] : name === basename(name) ? dirs.map((dir) => join(dir, name)) : [];
  for (const place of places) {
    if (isExecutable(place)) return place;
  }
  return undefined;
}

/** Not through the thread pool: whatever the program loads meanwhile would keep git from being started. */
function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch (error) {
    if (systemErrorCode(error) === undefined) throw error;
    return false;
  }
}

function follow(child: ChildProcessWithoutNullStreams, options: RunGitOptions): Promise<GitRun> {
  return new Promise((resolve, reject) => {
    let failure: Error | undefined;
    let killTimer: NodeJS.Timeout | undefined;
    const stop = (error: Error): void => {
      if (failure !== undefined) return;
      failure = error;
      killGroup(child, "SIGTERM", options);
      killTimer = setTimeout(() => {
        killGroup(child, "SIGKILL", options);
        // Whatever still holds the pipes no longer keeps us waiting.
        child.stdout.destroy();
        child.stderr.destroy();
      }, graceMilliseconds);
    };
    const stdout = takeStdout(child, options, stop);
    const stderr = keepTail(child);
    const unwatch = watch(options, stop);
    const settle = (): void => {
      unwatch();
      clearTimeout(killTimer);
    };
    feed(child, options);
    child.once("error", (error: NodeJS.ErrnoException) => {
      settle();
      reject(error.code === "ENOENT" ? gitMissing(error) : error);
    });
    child.once("close", (code, signal) => {
      settle();
      // Those of the group that ignored SIGTERM while the leader obeyed.
      if (failure !== undefined) killGroup(child, "SIGKILL", options);
      if (failure !== undefined) reject(failure);
      else resolve({ stdout: Buffer.concat(stdout), stderr: stderr(), exitCode: exitCodeOf(code, signal) });
    });
  });
}

const exitCodeOf = (code: number | null, signal: NodeJS.Signals | null): number =>
  code ?? 128 + (signal === null ? 0 : osConstants.signals[signal]);

function killGroup(child: ChildProcessWithoutNullStreams, signal: "SIGTERM" | "SIGKILL", options: RunGitOptions): void {
  if (child.pid === undefined) return;
  if (!hasOwnGroup(options)) {
    child.kill(signal);
    return;
  }
  try {
    process.kill(-child.pid, signal);
  } catch (error) {
    // ESRCH: all have ended. EPERM: macOS says so of a group of zombies.
    const { code } = error as NodeJS.ErrnoException;
    if (code !== "ESRCH" && code !== "EPERM") throw error;
  }
}

function takeStdout(
  child: ChildProcessWithoutNullStreams,
  options: RunGitOptions,
  stop: (error: Error) => void,
): Buffer[] {
  const chunks: Buffer[] = [];
  let bytes = 0;
  let stopped = false;
  child.stdout.on("data", (chunk: Buffer) => {
    if (stopped) return;
    try {
      bytes += chunk.length;
      if (bytes > options.stdoutBytes) throw (options.onOverflow ?? tooMuchOutput)();
      if (options.onStdout) options.onStdout(chunk);
      else chunks.push(chunk);
    } catch (error) {
      stopped = true;
      stop(error as Error);
    }
  });
  return chunks;
}

const cancelled = ({ reason }: AbortSignal): PaksError =>
  reason instanceof PaksError ? reason : new PaksError("CANCELLED", "It was stopped.", { cause: reason });

const tooMuchOutput = (): PaksError =>
  new PaksError("REPOSITORY_TOO_COMPLEX", "git printed more than can be read safely.");

const tooSlow = (): PaksError => new PaksError("GIT_HOST_TIMEOUT", "git did not finish in time.");

/** The end is where git says why it failed. */
function keepTail(child: ChildProcessWithoutNullStreams): () => string {
  let tail = Buffer.alloc(0);
  child.stderr.on("data", (chunk: Buffer) => {
    tail = Buffer.concat([tail, chunk]);
    if (tail.length > stderrBytes) tail = Buffer.from(tail.subarray(-stderrBytes));
  });
  return () => tail.toString("utf8");
}

function feed(child: ChildProcessWithoutNullStreams, options: RunGitOptions): void {
  // EPIPE: git ended before it had read everything, and its exit code says what there is to say.
  child.stdin.on("error", () => undefined);
  child.stdin.end(options.stdin ?? "");
}

/** Ends the run from outside: wall clock, signal, guard. Returns what takes the watches away. */
function watch(options: RunGitOptions, stop: (error: Error) => void): () => void {
  const { signal, guard } = options;
  const abort = (): void => {
    if (signal) stop(cancelled(signal));
  };
  const clock = setTimeout(() => stop((options.onTimeout ?? tooSlow)()), options.milliseconds);
  const ask = (): void => void guard?.().then((error) => error && stop(error), stop);
  const interval = guard && setInterval(ask, guardMilliseconds);
  signal?.addEventListener("abort", abort, { once: true });
  return () => {
    clearTimeout(clock);
    clearInterval(interval);
    signal?.removeEventListener("abort", abort);
  };
}
