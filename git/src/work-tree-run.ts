import { PaksError } from "@paks/schema";

import { type Environment, findExecutable, runGit } from "./run-git.ts";
import { makeGitEnvironment } from "./work-tree-environment.ts";
import { cleanGitText } from "./work-tree-errors.ts";

export interface GitProcess {
  readonly args: readonly string[];
  readonly milliseconds: number;
  readonly exitCode: number;
}

/** The user's own repository, seen from one folder in it. */
export interface WorkTree {
  /** Absolute; where git is started. Need not be the top folder. */
  readonly dir: string;
  /** The user's environment; what git sees of it is decided in `work-tree-environment.ts`. */
  readonly env: Environment;
  /** False: nobody can answer a question for a user name or password. */
  readonly interactive: boolean;
  /** The binary; `git` of the path when absent. */
  readonly git?: string | undefined;
  /** Where the path's `git` was found (`findGit`), so that not every process looks for it. */
  readonly gitPath?: string | undefined;
  readonly signal?: AbortSignal | undefined;
  /** Told of every process that ended. */
  readonly onProcess?: ((process: GitProcess) => void) | undefined;
}

export interface GitRun {
  readonly exitCode: number;
  readonly stdout: Buffer;
  /** As git wrote it: not yet fit for a terminal. */
  readonly stderr: string;
}

export interface RunOptions {
  readonly input?: string | Buffer | undefined;
  /** Wall clock. */
  readonly milliseconds?: number | undefined;
  /** Bytes of stdout that are kept before git is stopped. */
  readonly maxBytes?: number | undefined;
  /** In a process group of its own: a terminal that is closed does not end it half-way. */
  readonly apart?: boolean | undefined;
}

const minute = 60_000;
export const wallClock = { local: minute, network: minute, withHooks: 20 * minute } as const;

const MiB = 1024 * 1024;
export const defaultMaxBytes = 64 * MiB;

/** A repository's own monitor program is not started for us. */
export const fixedConfig = "core.fsmonitor=false";

/**
 * Runs a git that changes nothing in the user's work tree, and returns whatever its exit code is. What changes
 * something goes through `changeWithGit`.
 * @throws PaksError GIT_MISSING; GIT_HOST_TIMEOUT at the wall clock; REPOSITORY_TOO_COMPLEX at `maxBytes`; the signal's reason
 */
export async function runWorkTreeGit(
  tree: WorkTree,
  args: readonly string[],
  options: RunOptions = {},
): Promise<GitRun> {
  const milliseconds = options.milliseconds ?? wallClock.local;
  const started = performance.now();
  let exitCode = -1;
  try {
    const run = await runGit(["-c", fixedConfig, ...args], {
      env: makeGitEnvironment(tree.env, tree.interactive).env,
      machine: tree.env,
      git: tree.git ?? tree.gitPath,
      cwd: tree.dir,
      stdin: options.input ?? "",
      stdoutBytes: options.maxBytes ?? defaultMaxBytes,
      milliseconds,
      signal: tree.signal,
      atTerminal: options.apart !== true,
      onTimeout: () => tooLong(args, milliseconds),
      onOverflow: () => tooMuch(args),
    });
    exitCode = run.exitCode;
    return run;
  } catch (error) {
    throw tree.signal?.aborted ? tree.signal.reason : error;
  } finally {
    tree.onProcess?.({ args, milliseconds: performance.now() - started, exitCode });
  }
}

/** Absolute; `undefined` where the system itself looks for programs. */
export const findGit = async (env: Environment): Promise<string | undefined> =>
  process.platform === "win32" ? undefined : await findExecutable("git", env);

const nameOf = (args: readonly string[]): string => `git ${args.find((arg) => !arg.startsWith("-")) ?? ""}`;

export const tooLong = (args: readonly string[], milliseconds: number): PaksError =>
  new PaksError("GIT_HOST_TIMEOUT", `${nameOf(args)} did not end within ${Math.round(milliseconds / 1000)} s.`, {
    hint: "Look at the connection to the git host, and at this repository's hooks.",
  });

export const tooMuch = (args: readonly string[]): PaksError =>
  new PaksError("REPOSITORY_TOO_COMPLEX", `${nameOf(args)} printed more than can be read.`, {
    hint: "Publish from a smaller repository.",
  });

export interface Translating {
  readonly translate: (run: GitRun) => PaksError;
}

/** The run's output, or its failure as a `PaksError`. */
export const requireGit = async (
  tree: WorkTree,
  args: readonly string[],
  options: RunOptions & Translating,
): Promise<Buffer> => requireSuccess(await runWorkTreeGit(tree, args, options), options);

/** @throws PaksError what `translate` makes of it */
export function requireSuccess(run: GitRun, { translate }: Translating): Buffer {
  if (run.exitCode === 0) return run.stdout;
  throw translate({ ...run, stderr: cleanGitText(run.stderr) });
}
