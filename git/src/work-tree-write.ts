import { PaksError } from "@paks/schema";

import { cleanGitText, localGitError } from "./work-tree-errors.ts";
import { type GitObject, isSigned, objectMessage, readObjects } from "./work-tree-read.ts";
import { changeWithGit, requireChange } from "./work-tree-change.ts";
import { requireGit, wallClock, type WorkTree } from "./work-tree-run.ts";

/**
 * Commits these files and nothing else: what others have staged stays staged and out of the commit.
 * @param files names relative to the folder
 * @throws PaksError HOOK_REFUSED, GIT_IDENTITY_MISSING, LOCK_BUSY …
 */
export async function commitFiles(tree: WorkTree, files: readonly string[], message: string): Promise<void> {
  const args = ["--literal-pathspecs", "commit", "--only", "--file=-", "--", ...files];
  const run = await changeWithGit(tree, args, { input: message, milliseconds: wallClock.withHooks });
  if (run.exitCode !== 0) throw refusedByHook("commit", run.stderr);
}

/** `signed` by what the user's git is set up for (ssh or gpg); `lightweight` has no message at all. */
export const tagForms = ["annotated", "signed", "lightweight"] as const;
export type TagForm = (typeof tagForms)[number];

export interface NewTag {
  readonly name: string;
  readonly commit: string;
  readonly message: string;
  readonly form: TagForm;
  /** Id of the tag of this name that is there already and gives way. */
  readonly replaces?: string | undefined;
}

const fromStdin = "--file=-";

/** The command that reads the message from stdin, byte for byte: git's own cleanup would delete lines that begin with `#`. */
export function tagArgs(tag: Pick<NewTag, "name" | "commit" | "form" | "replaces">): string[] {
  const { name, commit, form, replaces } = tag;
  const force = replaces === undefined ? [] : ["--force"];
  // A configuration that signs every tag would make an annotated one of it.
  if (form === "lightweight") return ["tag", ...force, "--no-sign", name, commit];
  const how = form === "signed" ? "--sign" : "--annotate";
  return ["tag", ...force, how, "--cleanup=verbatim", fromStdin, name, commit];
}

/** @throws PaksError HOOK_REFUSED (also: it cannot be signed), TAG_EXISTS, LOCK_BUSY … */
export async function createTag(tree: WorkTree, tag: NewTag): Promise<void> {
  if (tag.replaces !== undefined) await requireReplaced(tree, tag);
  // Not on stdin: git takes the end of a caller that died for the end of the message, and tags without one.
  const args = tagArgs(tag).map((arg) => (arg === fromStdin ? `--message=${tag.message}` : arg));
  const run = await changeWithGit(tree, args, { milliseconds: wallClock.withHooks });
  if (run.exitCode !== 0) throw refusedByHook("tag", run.stderr);
  if (tag.form === "signed") await requireSignature(tree, tag, run.stderr);
}

/** `git tag --force` takes no expected value. @throws PaksError TAG_EXISTS */
async function requireReplaced(tree: WorkTree, tag: NewTag): Promise<void> {
  const found = (await readObjects(tree, [refOf(tag)], 128 * 1024)).get(refOf(tag));
  if (found?.oid === tag.replaces) return;
  throw new PaksError("TAG_EXISTS", `The tag ${tag.name} is not the one that was to be overwritten any more.`, {
    hint: `Look at it with git show ${tag.name}, then run the same command again.`,
  });
}

/** git 2.39 makes an unsigned tag and ends well when the ssh key cannot be read. */
async function requireSignature(tree: WorkTree, tag: NewTag, stderr: string): Promise<void> {
  const found = (await readObjects(tree, [refOf(tag)], 128 * 1024)).get(refOf(tag));
  if (found && isSigned(objectMessage(found))) return;
  await takeBackRefs(tree, { tags: [tag] });
  throw refusedByHook("tag", stderr);
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
  /** Tags that this run made: deleted, or put back to what they replaced, when they still are what was made. */
  readonly tags?: readonly NewTag[] | undefined;
  /** A commit that this run made: the branch goes back when it still ends there. */
  readonly commit?: { readonly branch: string; readonly made: string; readonly before: string } | undefined;
}

/**
 * Takes back refs that this run made, all in one transaction, each only from the value that it must have.
 * @throws PaksError LOCK_BUSY … when a ref is no longer ours; then nothing was taken back
 */
export async function takeBackRefs(tree: WorkTree, undo: Undo): Promise<void> {
  const lines: string[] = [];
  const tags = undo.tags ?? [];
  if (tags.length > 0) {
    const found = await readObjects(tree, tags.map(refOf), tags.length * 128 * 1024);
    for (const tag of tags) {
      const ours = requireOurTag(tag, found.get(refOf(tag)));
      lines.push(tag.replaces ? `update ${refOf(tag)} ${tag.replaces} ${ours}` : `delete ${refOf(tag)} ${ours}`);
    }
  }
  if (undo.commit) {
    const { branch, made, before } = undo.commit;
    lines.push(`update refs/heads/${branch} ${before} ${made}`);
  }
  if (lines.length === 0) return;
  await requireChange(tree, ["update-ref", "-m", "paks publish: taken back", "--stdin"], {
    input: `${lines.join("\n")}\n`,
    translate: ({ stderr }) => localGitError("take back the commit and the tag", stderr),
  });
}

const refOf = ({ name }: NewTag): string => `refs/tags/${name}`;

/** The tag's own id. @throws PaksError TAG_EXISTS when it is not what was made */
function requireOurTag(tag: NewTag, found: GitObject | undefined): string {
  if (tag.form === "lightweight") {
    if (found?.oid === tag.commit) return found.oid;
  } else if (found?.type === "tag" && found.bytes.toString("utf8").startsWith(`object ${tag.commit}\n`)) {
    // A signature may follow the message.
    if (objectMessage(found).startsWith(tag.message)) return found.oid;
  }
  throw new PaksError("TAG_EXISTS", `The tag ${tag.name} is not the one that was made a moment ago.`, {
    hint: `Somebody else changed it: look at it with git show ${tag.name}`,
  });
}

export interface IndexUndo {
  /** From the top folder, with `/`. */
  readonly path: string;
  readonly before: { readonly mode: string; readonly oid: string };
  readonly made: string;
}

/** Puts the index entries of files back, of each that still has the one that our commit left there. */
export async function takeBackIndexEntries(tree: WorkTree, files: readonly IndexUndo[]): Promise<void> {
  const paths = files.map(({ path }) => `:(top,literal)${path}`);
  const listed = await requireGit(tree, ["ls-files", "--stage", "--full-name", "-z", "--", ...paths], {
    translate: ({ stderr }) => localGitError("read the index", stderr),
  });
  const entries = new Set(
    listed
      .toString("utf8")
      .split("\0")
      .map((line) => line.replace(/^[0-7]{6} /, "")),
  );
  const ours = files.filter(({ path, made }) => entries.has(`${made} 0\t${path}`));
  if (ours.length === 0) return;
  await requireChange(tree, ["update-index", "-z", "--index-info"], {
    input: ours.map(({ path, before }) => `${before.mode} ${before.oid} 0\t${path}\0`).join(""),
    translate: ({ stderr }) => localGitError("restore the index", stderr),
  });
  // Only so that the next `git status` need not read the file again; a difference is no failure.
  await changeWithGit(tree, ["update-index", "-q", "--refresh"]);
}
