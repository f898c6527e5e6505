import { PaksError, type TreeEntry } from "@paks/schema";

import { localGitError } from "./work-tree-errors.ts";
import { requireGit, runWorkTreeGit, type WorkTree } from "./work-tree-run.ts";

const MiB = 1024 * 1024;
const translate =
  (doing: string) =>
  ({ stderr }: { stderr: string }) =>
    localGitError(doing, stderr);

export interface Place {
  /** Absolute path of the work tree's top folder. */
  readonly root: string;
  /** The folder seen from the top, with `/`, without one at the end; "" is the top. */
  readonly path: string;
  /** Absolute; of this work tree, also when it is a linked one. */
  readonly gitDir: string;
}

/** @throws PaksError NOT_A_REPOSITORY, GIT_MISSING */
export async function readPlace(tree: WorkTree): Promise<Place> {
  const args = ["rev-parse", "--show-toplevel", "--show-prefix", "--absolute-git-dir"];
  const out = await requireGit(tree, args, { translate: translate("find the repository") });
  const [root, prefix, gitDir, end] = out.toString("utf8").split("\n");
  if (!root || prefix === undefined || !gitDir || end !== "") {
    throw new PaksError("NOT_A_REPOSITORY", "git gave no usable answer about this folder.", {
      hint: "Folder names with line breaks are not supported.",
    });
  }
  return { root, path: prefix.replace(/\/$/, ""), gitDir };
}

export interface StatusEntry {
  /** From the top folder, with `/`. An untracked folder ends with `/`. */
  readonly path: string;
  readonly staged: boolean;
  /** It is to be deleted by the next commit; it may still lie there. */
  readonly removed?: boolean | undefined;
  readonly changed: boolean;
  readonly untracked: boolean;
  readonly conflict: boolean;
}

export interface Status {
  /** `undefined` before the first commit. */
  readonly commit: string | undefined;
  /** `undefined` when HEAD is detached. */
  readonly branch: string | undefined;
  readonly entries: readonly StatusEntry[];
}

/** Everything uncommitted in the whole work tree. Leaves the index file untouched. */
export async function readStatus(tree: WorkTree): Promise<Status> {
  const args = ["--no-optional-locks", "status", "--porcelain=v2", "--branch", "-z"];
  args.push("--no-renames", "--untracked-files=normal", "--no-ahead-behind");
  const out = await requireGit(tree, args, { translate: translate("read the work tree's state") });
  return parseStatus(out.toString("utf8"));
}

export function parseStatus(text: string): Status {
  let commit: string | undefined;
  let branch: string | undefined;
  const entries: StatusEntry[] = [];
  for (const record of text.split("\0")) {
    const header = /^# branch\.(oid|head) (.+)$/.exec(record);
    if (header?.[1] === "oid" && header[2] !== "(initial)") commit = header[2];
    if (header?.[1] === "head" && header[2] !== "(detached)") branch = header[2];
    const entry = parseStatusEntry(record);
    if (entry) entries.push(entry);
  }
  return { commit, branch, entries };
}

/** `1 XY sub mH mI mW hH hI path`, `u XY sub m1 m2 m3 mW h1 h2 h3 path`, `? path` */
function parseStatusEntry(record: string): StatusEntry | undefined {
  const untracked = /^\? ([\s\S]+)$/.exec(record);
  if (untracked) {
    return { path: untracked[1]!, staged: false, changed: false, untracked: true, conflict: false };
  }
  const fields = record.split(" ");
  const [type, state = ".."] = fields;
  if (type !== "1" && type !== "u") return undefined;
  return {
    path: fields.slice(type === "1" ? 8 : 10).join(" "),
    staged: state[0] !== ".",
    ...(state[0] === "D" ? { removed: true } : {}),
    changed: state[1] !== ".",
    untracked: false,
    conflict: type === "u",
  };
}

export interface RefFact {
  /** In full: `refs/tags/v1.0.0`. */
  readonly name: string;
  readonly object: string;
  /** What it leads to at the end: for an annotated tag not the tag object. */
  readonly commit: string;
}

/** Names of the tags that lead to a commit which HEAD has in its history. */
export async function listMergedTags(tree: WorkTree): Promise<ReadonlySet<string>> {
  const args = ["for-each-ref", "--merged=HEAD", "--format=%(refname:lstrip=2)", "refs/tags"];
  const out = await requireGit(tree, args, { translate: translate("list the tags of this branch") });
  return new Set(
    out
      .toString("utf8")
      .split("\n")
      .filter((name) => name !== ""),
  );
}

/** Branches and tags of this repository. */
export async function listLocalRefs(tree: WorkTree): Promise<RefFact[]> {
  const args = ["for-each-ref", "--format=%(refname)%00%(objectname)%00%(*objectname)", "refs/heads", "refs/tags"];
  const out = await requireGit(tree, args, { translate: translate("list branches and tags") });
  return out
    .toString("utf8")
    .split("\n")
    .filter((line) => line !== "")
    .map((line) => {
      const [name = "", object = "", peeled = ""] = line.split("\0");
      return { name, object, commit: peeled || object };
    });
}

/** Lower-case section and key, the middle part as written → values, last one wins. */
export type GitConfig = ReadonlyMap<string, readonly string[]>;

/** The settings that a release depends on. Headers and credentials are not read. */
export async function readConfig(tree: WorkTree): Promise<GitConfig> {
  const args = ["config", "-z", "--get-regexp", String.raw`^(remote|branch|user|author|committer|url|tag)\.`];
  const { exitCode, stdout, stderr } = await runWorkTreeGit(tree, args);
  if (exitCode > 1) throw localGitError("read its configuration", stderr);
  const config = new Map<string, string[]>();
  for (const record of stdout.toString("utf8").split("\0")) {
    const [key = "", ...value] = record.split("\n");
    if (key === "") continue;
    config.set(key, [...(config.get(key) ?? []), value.join("\n")]);
  }
  return config;
}

/** Whether git signs every annotated tag without being asked to. */
export const signsTags = (config: GitConfig): boolean =>
  ["tag.gpgsign", "tag.forcesignannotated"].some((key) =>
    /^(?:true|yes|on|[1-9][0-9]*|)$/i.test(config.get(key)?.at(-1) ?? "false"),
  );

export interface CommittedEntry extends TreeEntry {
  /** Bytes; 0 for what is no blob. */
  readonly size: number;
}

/** Everything below the folder in HEAD, paths relative to the folder. Needs a commit. */
export async function listCommitted(tree: WorkTree, commit = "HEAD"): Promise<CommittedEntry[]> {
  const args = ["ls-tree", "-r", "-l", "-z", commit];
  const out = await requireGit(tree, args, { translate: translate("list the committed files"), maxBytes: 128 * MiB });
  return parseListing(out);
}

function parseListing(out: Buffer): CommittedEntry[] {
  const records = out.toString("utf8").split("\0");
  records.pop();
  return records.map((record) => {
    const tab = record.indexOf("\t");
    const [mode = "", , oid = "", size = ""] = record.slice(0, tab).split(/ +/);
    return { path: record.slice(tab + 1), mode, oid, size: Number.parseInt(size, 10) || 0 };
  });
}

export interface CommittedTree {
  readonly files: readonly CommittedEntry[];
  /** Of each folder, by its path; what lies below decides it. */
  readonly folders: ReadonlyMap<string, string>;
}

/** All of HEAD, from the top folder, wherever git is started. Needs a commit. */
export async function listCommittedTree(tree: WorkTree): Promise<CommittedTree> {
  const args = ["ls-tree", "-r", "-t", "-l", "-z", "--full-tree", "HEAD"];
  const out = await requireGit(tree, args, { translate: translate("list the committed files"), maxBytes: 128 * MiB });
  const entries = parseListing(out);
  const isFolder = ({ mode }: CommittedEntry): boolean => mode === "040000";
  return {
    files: entries.filter((entry) => !isFolder(entry)),
    folders: new Map(entries.filter(isFolder).map(({ path, oid }) => [path, oid])),
  };
}

export interface GitObject {
  readonly oid: string;
  readonly type: string;
  readonly bytes: Buffer;
}

/**
 * Objects by the names that were asked for (ids, `HEAD`, full ref names); what is not there is not in the map.
 * @param maxBytes of all of them together
 */
export async function readObjects(
  tree: WorkTree,
  names: readonly string[],
  maxBytes: number,
): Promise<Map<string, GitObject>> {
  const out = await requireGit(tree, ["cat-file", "--batch"], {
    input: names.map((name) => `${name}\n`).join(""),
    maxBytes: maxBytes + names.length * 200,
    translate: translate("read objects"),
  });
  const found = new Map<string, GitObject>();
  let at = 0;
  for (const name of names) {
    const end = out.indexOf(10, at);
    const [, oid = "", type = "", size] = /^([0-9a-f]+) (\w+) ([0-9]+)$/.exec(out.toString("utf8", at, end)) ?? [];
    at = end + 1;
    if (size === undefined) continue;
    const stop = at + Number(size);
    found.set(name, { oid, type, bytes: out.subarray(at, stop) });
    at = stop + 1;
  }
  return found;
}

/** Names and ids in a tree object, `<mode> <name>\0<id>` each; nothing when it is none. */
export function listTreeEntries(tree: GitObject | undefined): Map<string, string> {
  const entries = new Map<string, string>();
  if (tree?.type !== "tree") return entries;
  const { bytes, oid } = tree;
  const idBytes = oid.length / 2;
  for (let at = 0; at < bytes.length;) {
    const name = bytes.indexOf(32, at) + 1;
    const end = bytes.indexOf(0, name);
    at = end + 1 + idBytes;
    entries.set(bytes.toString("utf8", name, end), bytes.toString("hex", end + 1, at));
  }
  return entries;
}

/** Text behind the first empty line of a commit or annotated tag. */
export function objectMessage(object: GitObject): string {
  const text = object.bytes.toString("utf8");
  const end = text.indexOf("\n\n");
  return end < 0 ? "" : text.slice(end + 2);
}

/** A signature stands below the text that it covers. */
export const isSigned = (message: string): boolean => /^-----BEGIN (?:PGP|SSH|SIGNED) [A-Z]+-----$/m.test(message);

/**
 * Whether git can name an author and a committer; strict, the way `git commit` asks.
 * @throws PaksError GIT_IDENTITY_MISSING
 */
export async function requireIdentity(tree: WorkTree, config: GitConfig): Promise<void> {
  if (identityIsConfigured(tree, config)) return;
  for (const variable of ["GIT_COMMITTER_IDENT", "GIT_AUTHOR_IDENT"]) {
    await requireGit(tree, ["var", variable], {
      // Whatever it says about an identity, it is this.
      translate: ({ stderr }) => localGitError("name the author", `Please tell me who you are\n${stderr}`),
    });
  }
}

/** The usual cases, known from environment and configuration alone: saves two processes. */
function identityIsConfigured(tree: WorkTree, config: GitConfig): boolean {
  return ["author", "committer"].every((who) =>
    ["name", "email"].every((what) => {
      const variable = tree.env[`GIT_${who}_${what}`.toUpperCase()];
      const key = [`${who}.${what}`, `user.${what}`].find((each) => config.has(each));
      const value = variable ?? (key === undefined ? undefined : config.get(key)?.at(-1));
      return /[^\s<>"',.:;\\]/.test(value ?? "");
    }),
  );
}
