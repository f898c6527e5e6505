import { readFile } from "node:fs/promises";
import { join, resolve } from "node:path";
import { PaksError, systemErrorCode } from "@paks/schema";

import { cleanGitText, localGitError } from "./work-tree-errors.ts";
import { requireGit, runWorkTreeGit, wallClock, type WorkTree } from "./work-tree-run.ts";

/** One entry of `git stash list`. */
export interface StashEntry {
  /** Stays the same while others come and go. */
  readonly commit: string;
  /** `stash@{0}`: what git's commands take; counted anew with every entry. */
  readonly name: string;
  /** With the branch that git writes in front of it. */
  readonly message: string;
}

/** Newest first. */
export async function listStashes(tree: WorkTree): Promise<StashEntry[]> {
  const out = await requireGit(tree, ["stash", "list", "--format=%H %gs"], {
    translate: ({ stderr }) => localGitError("list what is put aside", stderr),
  });
  const lines = out.toString("utf8").split("\n");
  return lines.flatMap((line, at) => {
    const [, commit, message] = /^([0-9a-f]{40,64}) (.*)$/.exec(line) ?? [];
    return commit === undefined ? [] : [{ commit, name: `stash@{${at}}`, message: message ?? "" }];
  });
}

/**
 * The same without a process, from the file that git keeps of it; what is not there is no entry.
 * @param gitDir of a linked work tree too
 */
export async function readStashLog(gitDir: string): Promise<Pick<StashEntry, "name" | "message">[]> {
  const common = await readIfThere(join(gitDir, "commondir"));
  const dir = common === undefined ? gitDir : resolve(gitDir, common.trim());
  const lines = ((await readIfThere(join(dir, "logs", "refs", "stash"))) ?? "")
    .split("\n")
    .filter((line) => line !== "");
  return lines.toReversed().map((line, at) => ({ name: `stash@{${at}}`, message: line.slice(line.indexOf("\t") + 1) }));
}

async function readIfThere(path: string): Promise<string | undefined> {
  try {
    return await readFile(path, "utf8");
  } catch (error) {
    if (systemErrorCode(error) === "ENOENT") return undefined;
    throw error;
  }
}

/**
 * Puts everything aside that is not committed, staged and untracked files included, ignored ones not.
 * @param path from the top folder, with `/`; "" is the whole repository
 * @throws PaksError DIRTY_WORK_TREE when git refuses; then nothing was put aside, or `details.stash` names what was
 */
export async function putAside(
  tree: WorkTree,
  { path, message }: { readonly path: string; readonly message: string },
): Promise<StashEntry> {
  const known = new Set((await listStashes(tree)).map(({ commit }) => commit));
  const where = path === "" ? [] : ["--", `:(top,literal)${path}`];
  const args = ["stash", "push", "--quiet", "--include-untracked", "--message", message, ...where];
  const run = await runWorkTreeGit(tree, args, { milliseconds: wallClock.withHooks, apart: true });
  const made = (await listStashes(tree)).find((entry) => !known.has(entry.commit) && entry.message.endsWith(message));
  if (run.exitCode === 0 && made) return made;
  const kept = made ? ` They are kept as ${made.name}.` : "";
  throw new PaksError("DIRTY_WORK_TREE", `git could not put the uncommitted files aside.${kept}`, {
    hint: made ? `Put them back: ${putBackCommand(made)}` : "Commit them, then run the same command again.",
    details: { git: cleanGitText(run.stderr), ...(made ? { stash: made.commit } : {}) },
  });
}

/** What a person types. */
export const putBackCommand = ({ name }: Pick<StashEntry, "name">): string => `git stash pop --index '${name}'`;

/**
 * `back`: everything is as it was, and the entry is gone. `unstaged`: the files are back, but what was staged of them is
 * not staged any more; the entry is kept. `kept`: git could not put it back cleanly; the entry is kept.
 */
export type PutBack = { readonly state: "back" | "unstaged" | "kept"; readonly name: string };

/** Puts back exactly this entry, wherever it stands in the list by now. Never loses it. */
export async function putBack(tree: WorkTree, { commit, name }: StashEntry): Promise<PutBack> {
  const apply = async (...how: string[]) =>
    await runWorkTreeGit(tree, ["stash", "apply", "--quiet", ...how, commit], {
      milliseconds: wallClock.withHooks,
      apart: true,
    });
  const first = await apply("--index");
  // Something else is staged: git refuses the index before it touches a file. After a real conflict it refuses this too.
  const done = first.exitCode === 0 || (await apply()).exitCode === 0;
  const now = (await listStashes(tree)).find((entry) => entry.commit === commit)?.name ?? name;
  if (!done) return { state: "kept", name: now };
  if (first.exitCode !== 0) return { state: "unstaged", name: now };
  await runWorkTreeGit(tree, ["stash", "drop", "--quiet", now], { apart: true });
  return { state: "back", name: now };
}
