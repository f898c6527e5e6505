import { PaksError } from "@paks/schema";
import { redactGitText } from "./redact.ts";
import { type Environment, runGit } from "./run-git.ts";
import { makeGitEnvironment } from "./work-tree-environment.ts";

/** A file as git would commit it now. */
export interface IndexEntry {
  /** From the folder that was asked about, with `/`. */
  readonly path: string;
  readonly mode: string;
  readonly oid: string;
  /** 0; otherwise one side of a conflict. */
  readonly stage: number;
}

export interface IndexOptions {
  /** Absolute; what lies below it is listed. */
  readonly dir: string;
  readonly env: Environment;
  /** Absolute. During `git commit -a` and `git commit <path>` the index that counts is another file than usual. */
  readonly indexFile?: string | undefined;
  readonly git?: string | undefined;
  readonly signal?: AbortSignal | undefined;
}

const stdoutBytes = 128 * 1024 * 1024;
const milliseconds = 60_000;

/** What is staged below a folder. @throws PaksError NOT_A_REPOSITORY, GIT_MISSING */
export async function readIndex({ dir, env, indexFile, git, signal }: IndexOptions): Promise<IndexEntry[]> {
  const run = await runGit(["-c", "core.fsmonitor=false", "ls-files", "--stage", "-z"], {
    cwd: dir,
    env: { ...makeGitEnvironment(env, false).env, ...(indexFile === undefined ? {} : { GIT_INDEX_FILE: indexFile }) },
    machine: env,
    stdoutBytes,
    milliseconds,
    git,
    signal,
  });
  if (run.exitCode !== 0) {
    throw new PaksError("NOT_A_REPOSITORY", `git could not list what is staged in ${dir}.`, {
      hint: "Run it inside a git repository.",
      details: { git: redactGitText(run.stderr).slice(-500) },
    });
  }
  return run.stdout
    .toString("utf8")
    .split("\0")
    .filter((record) => record !== "")
    .map((record) => {
      const tab = record.indexOf("\t");
      const [mode = "", oid = "", stage = ""] = record.slice(0, tab).split(" ");
      return { path: record.slice(tab + 1), mode, oid, stage: Number(stage) };
    });
}
