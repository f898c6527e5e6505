import { PaksError } from "@paks/schema";

import { cleanGitText, localGitError } from "./work-tree-errors.ts";
import { objectMessage, readObjects } from "./work-tree-read.ts";
import { requireGit, runWorkTreeGit, wallClock, type WorkTree } from "./work-tree-run.ts";

/**
 * Commits one file of the folder and nothing else: what others have staged stays staged and out of the commit.
 * @param file name relative to the folder
 * @throws PaksError HOOK_REFUSED, GIT_IDENTITY_MISSING, LOCK_BUSY …
 */
export async function commitFile(tree: WorkTree, file: string, message: string): Promise<void> {
  const args = ["commit", "--only", "--file=-", "--", file];
  const run = await runWorkTreeGit(tree, args, { input: message, milliseconds: wallClock.withHooks });
  if (run.exitCode !== 0) throw refusedByHook("commit", run.stderr);
}

/** Annotated, `message` byte for byte: git's own cleanup would delete lines that begin with `#`. */
export async function createTag(
  tree: WorkTree,
  tag: { readonly name: string; readonly commit: string; readonly message: string },
): Promise<void> {
  const args = ["tag", "--annotate", "--cleanup=verbatim", "--file=-", tag.name, tag.commit];
  const run = await runWorkTreeGit(tree, args, { input: tag.message, milliseconds: wallClock.withHooks });
  if (run.exitCode !== 0) throw refusedByHook("tag", run.stderr);
}

function refusedByHook(doing: "commit" | "tag", stderr: string): PaksError {
  const known = localGitError(doing, stderr);
  if (known.code !== "INTERNAL") return known;
  return new PaksError("HOOK_REFUSED", `git refused to ${doing}; a hook or signing may be the reason.`, {
    hint: cleanGitText(stderr)
      .split("\n")
      .findLast((line) => line !== "")
      ?.slice(0, 300),
    details: { git: cleanGitText(stderr) },
  });
}

export interface CommitFacts {
  readonly commit: string;
  readonly parents: readonly string[];
  readonly message: string;
  /** Against the first parent, in the whole repository. */
  readonly changes: readonly { readonly path: string; readonly mode: string; readonly oid: string }[];
}

/** What HEAD's commit is and changes. */
export async function readHeadCommit(tree: WorkTree): Promise<CommitFacts> {
  const args = ["diff-tree", "--root", "--always", "-r", "-z", "--raw", "--no-abbrev", "--no-renames"];
  args.push("--no-ext-diff", "--format=%H%x00%P%x00%B%x00", "HEAD");
  const out = await requireGit(tree, args, { translate: ({ stderr }) => localGitError("read the commit", stderr) });
  const [commit = "", parents = "", message = "", ...raw] = out.toString("utf8").split("\0");
  const changes = [];
  for (let at = raw.findIndex((field) => field.trimStart().startsWith(":")); at >= 0 && at + 1 < raw.length; at += 2) {
    const [, mode = "", , oid = ""] = raw[at]!.trim().split(" ");
    if (oid !== "") changes.push({ path: raw[at + 1]!, mode, oid });
  }
  return { commit, parents: parents.split(" ").filter((parent) => parent !== ""), message, changes };
}

export interface Undo {
  /** A tag that this run made: deleted when it still is what was made. */
  readonly tag?: { readonly name: string; readonly commit: string; readonly message: string } | undefined;
  /** A commit that this run made: the branch goes back when it still ends there. */
  readonly commit?: { readonly branch: string; readonly made: string; readonly before: string } | undefined;
}

/**
 * Takes back refs that this run made, all in one transaction, each only from the value that it must have.
 * @throws PaksError LOCK_BUSY … when a ref is no longer ours; then nothing was taken back
 */
export async function takeBackRefs(tree: WorkTree, undo: Undo): Promise<void> {
  const lines: string[] = [];
  if (undo.tag) lines.push(`delete refs/tags/${undo.tag.name} ${await requireOurTag(tree, undo.tag)}`);
  if (undo.commit) {
    const { branch, made, before } = undo.commit;
    lines.push(`update refs/heads/${branch} ${before} ${made}`);
  }
  if (lines.length === 0) return;
  await requireGit(tree, ["update-ref", "-m", "paks publish: taken back", "--stdin"], {
    input: `${lines.join("\n")}\n`,
    translate: ({ stderr }) => localGitError("take back the commit and the tag", stderr),
  });
}

async function requireOurTag(tree: WorkTree, tag: NonNullable<Undo["tag"]>): Promise<string> {
  const name = `refs/tags/${tag.name}`;
  const found = (await readObjects(tree, [name], 1024 * 1024)).get(name);
  const ours = found?.type === "tag" && found.bytes.toString("utf8").startsWith(`object ${tag.commit}\n`);
  // A signature may follow the message.
  if (found && ours && objectMessage(found).startsWith(tag.message)) return found.oid;
  throw new PaksError("TAG_EXISTS", `The tag ${tag.name} is not the one that was made a moment ago.`, {
    hint: `Somebody else changed it: look at it with git show ${tag.name}`,
  });
}

/**
 * Puts the index entry of one file back, when it still is the one that our commit left there.
 * @param file.path relative to the folder
 */
export async function takeBackIndexEntry(
  tree: WorkTree,
  file: {
    readonly path: string;
    readonly before: { readonly mode: string; readonly oid: string };
    readonly made: string;
  },
): Promise<void> {
  const listed = await requireGit(tree, ["ls-files", "--stage", "--full-name", "-z", "--", file.path], {
    translate: ({ stderr }) => localGitError("read the index", stderr),
  });
  const match = /^[0-7]{6} ([0-9a-f]+) 0\t([^\0]+)\0$/.exec(listed.toString("utf8"));
  if (match?.[1] !== file.made) return;
  const args = ["update-index", "--cacheinfo", `${file.before.mode},${file.before.oid},${match[2]}`];
  await requireGit(tree, args, { translate: ({ stderr }) => localGitError("restore the index", stderr) });
  // Only so that the next `git status` need not read the file again; a difference is no failure.
  await runWorkTreeGit(tree, ["update-index", "-q", "--refresh"]);
}
