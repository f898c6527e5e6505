import type { RefFact, Status, StatusEntry } from "@paks/git/work-tree";
import type { Finding } from "@paks/schema";

const error = (code: Finding["code"], message: string, hint: string): Finding => ({
  severity: "error",
  code,
  message,
  hint,
});

export const checkBranch = ({ branch }: Status): Finding | undefined =>
  branch === undefined
    ? error("DETACHED_HEAD", "HEAD is not on a branch.", "Go to one: git switch main (or git switch -c <name>).")
    : undefined;

const isBelow = (path: string, folder: string): boolean =>
  folder === "" || path.startsWith(`${folder}/`) || folder.startsWith(path.replace(/\/?$/, "/"));

/** What is uncommitted, told apart: of this pak, and of others, which stays as it is. */
export function splitEntries(
  { entries }: Status,
  path: string,
): { readonly own: readonly StatusEntry[]; readonly others: readonly StatusEntry[] } {
  return {
    own: entries.filter((entry) => isBelow(entry.path, path)),
    others: entries.filter((entry) => !isBelow(entry.path, path)),
  };
}

const shown = 10;

/** @param own uncommitted files of the pak, without what publish itself has left there */
export function checkClean(own: readonly StatusEntry[], path: string): Finding | undefined {
  if (own.length === 0) return undefined;
  const names = own.slice(0, shown).map((entry) => (path === "" ? entry.path : entry.path.replace(`${path}/`, "")));
  const more = own.length > shown ? ` and ${own.length - shown} more` : "";
  const hint = own.some(({ conflict }) => conflict)
    ? "Resolve the conflicts and commit."
    : own.every(({ untracked }) => untracked)
      ? "Commit them, or name them in .gitignore: only what is committed is released."
      : "Commit them (git add, git commit), or put them aside: git stash -u";
  return error("DIRTY_WORK_TREE", `The pak has uncommitted files: ${names.join(", ")}${more}.`, hint);
}

/** One line about what others have uncommitted. */
export function describeOthers(others: readonly StatusEntry[]): string | undefined {
  if (others.length === 0) return undefined;
  const staged = others.filter(({ staged }) => staged).length;
  const counts = `${others.length} uncommitted outside this pak${staged === 0 ? "" : `, ${staged} of them staged`}`;
  const names = others.slice(0, 5).map(({ path }) => path);
  return `${counts}: they stay as they are and are not released (${names.join(", ")}${others.length > 5 ? ", …" : ""})`;
}

/** git keeps a tag as a file or folder: `pdf` and `pdf/v1` cannot both be there. */
export function checkPrefixConflict(
  tag: string,
  refs: readonly RefFact[],
  place: "here" | "on the remote",
): Finding | undefined {
  const name = `refs/tags/${tag}`;
  const clash = refs.find((ref) => ref.name.startsWith(`${name}/`) || name.startsWith(`${ref.name}/`));
  if (!clash) return undefined;
  const other = clash.name.replace("refs/tags/", "");
  return error(
    "REF_PREFIX_CONFLICT",
    `The tag ${tag} cannot be made: the tag ${other} is ${place}.`,
    `Choose other tag names with --tag-prefix, or delete ${other} where nobody needs it.`,
  );
}

export interface TagFacts {
  readonly tag: string;
  readonly local: RefFact | undefined;
  readonly remote: RefFact | undefined;
  /** The commit that the tag has to lead to; `undefined` when it is yet to be made. */
  readonly target: string | undefined;
  /** The local tag's message is one that this release would have. */
  readonly localIsOurs: boolean;
  /** `paks publish` of this pak, as it is typed. */
  readonly command: string;
  readonly version: string;
  /** An earlier run of ours pushed it, and the registry does not know the release. */
  readonly untold?: boolean | undefined;
  /** The author asked for no other version than the manifest's. */
  readonly unchanged: boolean;
}

/** Whether the tag is free, or is the one that an interrupted run has left. */
export function checkTag(facts: TagFacts): Finding | undefined {
  const { tag, local, remote, target } = facts;
  const taken = (place: string, hint: string) => error("TAG_EXISTS", `The tag ${tag} is taken: ${place}.`, hint);
  const next = facts.unchanged ? `Release the next version: ${facts.command} --bump patch.` : "Choose another version.";
  const force = "A tag that no release was made of can be overwritten with --force.";
  const at = (ref: RefFact) => `it leads to ${ref.commit.slice(0, 7)}`;
  if (remote && remote.commit !== target && facts.untold === true) {
    const { command, version } = facts;
    const tell = `The registry was never told of it: ${command} --version ${version} makes up for that.`;
    return taken(`on the remote ${at(remote)}`, `${tell} What has changed since: ${command} --bump patch.`);
  }
  if (remote && remote.commit !== target) return taken(`on the remote ${at(remote)}`, `${next} ${force}`);
  if (remote) return undefined;
  const remove = `Nobody else has it yet. When it is a leftover: git tag -d ${tag}, or --force`;
  if (local && local.commit !== target) return taken(`in this repository ${at(local)}`, remove);
  if (local && !facts.localIsOurs)
    return taken("in this repository, and paks did not make it for this release", remove);
  return undefined;
}

export const findTag = (refs: readonly RefFact[], tag: string): RefFact | undefined =>
  refs.find(({ name }) => name === `refs/tags/${tag}`);

export const tagNames = (refs: readonly RefFact[]): string[] =>
  refs.flatMap(({ name }) => (name.startsWith("refs/tags/") ? [name.slice("refs/tags/".length)] : []));
