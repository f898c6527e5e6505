import { PaksError } from "@paks/schema";
import { simpleGit } from "simple-git";

import { makeGitEnvironment, permitted } from "./work-tree-environment.ts";
import {
  defaultMaxBytes,
  fixedConfig,
  type GitRun,
  type RunOptions,
  tooLong,
  tooMuch,
  wallClock,
  type WorkTree,
} from "./work-tree-run.ts";

const MiB = 1024 * 1024;

/**
 * Runs a git that changes something through simple-git, and returns whatever its exit code is.
 * @throws PaksError GIT_MISSING; GIT_HOST_TIMEOUT at the wall clock; REPOSITORY_TOO_COMPLEX at `maxBytes`; the signal's reason
 */
export async function runSimpleGit(tree: WorkTree, args: readonly string[], options: RunOptions = {}): Promise<GitRun> {
  const stop = makeStop(tree, args, options);
  const started = performance.now();
  const run = collect(options, stop);
  let exitCode = -1;
  let notStarted = false;
  try {
    const { env, allow } = makeGitEnvironment(tree.env, tree.interactive);
    await simpleGit({
      baseDir: tree.dir,
      ...(tree.git === undefined ? {} : { binary: tree.git }),
      config: [fixedConfig],
      allowEnvironment: allow,
      unsafe: permitted,
      abort: stop.signal,
      // An empty buffer closes stdin, nothing at all would leave it open.
      input: () => Buffer.from(options.input ?? ""),
      errors: (_error, result) => {
        exitCode = result.exitCode;
        // A process that could not be started has no streams: simple-git puts the reason among its own copies.
        if (exitCode < 0) notStarted = /\bENOENT\b/.test(Buffer.concat(result.stdErr).toString("utf8"));
        return undefined;
      },
    })
      .env(env)
      .outputHandler((_command, stdout, stderr) => run.listen(stdout, stderr))
      .raw([...args]);
  } catch (error) {
    throw stop.reason() ?? error;
  } finally {
    stop.clear();
    tree.onProcess?.({ args, milliseconds: performance.now() - started, exitCode });
  }
  const reason = stop.reason();
  if (reason !== undefined) throw reason;
  if (notStarted) throw gitMissing();
  return { exitCode, stdout: run.stdout(), stderr: run.stderr() };
}

const gitMissing = (): PaksError =>
  new PaksError("GIT_MISSING", "git was not found.", { hint: "Install git and make sure that it is on the PATH." });

interface Streams {
  listen(stdout: NodeJS.ReadableStream, stderr: NodeJS.ReadableStream): void;
  stdout(): Buffer;
  stderr(): string;
}

function collect(options: RunOptions, stop: Stop): Streams {
  const out: Buffer[] = [];
  const err: Buffer[] = [];
  let left = options.maxBytes ?? defaultMaxBytes;
  let errLeft = MiB;
  const listen: Streams["listen"] = (stdout, stderr) => {
    stdout.on("data", (chunk: Buffer) => {
      left -= chunk.length;
      if (left >= 0) out.push(chunk);
      else stop.overflow();
    });
    stderr.on("data", (chunk: Buffer) => {
      errLeft -= chunk.length;
      if (errLeft >= 0) err.push(chunk);
    });
    // simple-git waits 50 ms more for the output of a command that printed nothing.
    stdout.on("end", () => stdout.emit("data", Buffer.alloc(0)));
  };
  return { listen, stdout: () => Buffer.concat(out), stderr: () => Buffer.concat(err).toString("utf8") };
}

interface Stop {
  readonly signal: AbortSignal;
  /** Why git was stopped; `undefined` when it ended by itself. */
  reason(): unknown;
  overflow(): void;
  clear(): void;
}

/** simple-git's own timeout begins anew with every byte, so a slow drip would never end: this one does not. */
function makeStop(tree: WorkTree, args: readonly string[], options: RunOptions): Stop {
  const controller = new AbortController();
  const milliseconds = options.milliseconds ?? wallClock.local;
  const timer = setTimeout(() => controller.abort(tooLong(args, milliseconds)), milliseconds);
  const forward = () => controller.abort(tree.signal?.reason);
  tree.signal?.addEventListener("abort", forward, { once: true });
  if (tree.signal?.aborted) forward();
  return {
    signal: controller.signal,
    reason: () => (controller.signal.aborted ? controller.signal.reason : undefined),
    overflow: () => controller.abort(tooMuch(args)),
    clear: () => {
      clearTimeout(timer);
      tree.signal?.removeEventListener("abort", forward);
    },
  };
}
