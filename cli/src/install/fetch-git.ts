import { type GitPoint, readPakFiles, type Snapshot } from "@paks/git";
import {
  type GitOrigin,
  type GitPolicy,
  type GitSource,
  type ReleaseFile,
  PaksError,
  type Trailers,
  defaultLimits,
  describeFiles,
  findManifests,
  formatSource,
  isPaksError,
  isRepositoryWideTag,
  parseTagTrailers,
  tagVersion,
  withHint,
} from "@paks/schema";
import { type ListedPak, choosePak, describePaks } from "./choose-pak.ts";
import { discoverPaks } from "./discover.ts";
import type { Fetched } from "./fetched.ts";
import { readFetchedManifest } from "./fetched-manifest.ts";
import { type FoundPoint, findPoint, listFoldersAt, newestTag } from "./git-point.ts";
import { type Reading, openGitReader, treeOfSnapshot } from "./git-reader.ts";
import type { PakTree } from "./pak-tree.ts";
import type { SharedReader, SharedSnapshot } from "./shared-reader.ts";

type Fetching = Reading;

/**
 * One pak of a git repository, read with the same functions and rules as the registry's.
 * @throws PaksError those of `findPoint` and `choosePak`; TRAILER_MISMATCH and the codes of the rules for releases
 */
export async function fetchGitSource(source: GitSource, fetching: Fetching): Promise<Fetched> {
  const reader = await openGitReader(source.url, fetching);
  const found = await findPoint(reader, source);
  try {
    await found.snapshot.expect(() => listFoldersAt(reader, found, fetching.repositories.expectedOf(source.url)));
    const path = await choosePath(found, source);
    const tag = found.tag === undefined ? tagOfPak(found, path) : undefined;
    if (tag === undefined) return await fetchFound(found, path, source);
    return await fetchGitSource({ type: "git", url: source.url, tag, path }, fetching);
  } finally {
    await found.snapshot.close();
  }
}

/** Paks of a repository that has no tags for all of it may each have their own. */
function tagOfPak({ tags, path: named }: FoundPoint, path: string): string | undefined {
  return tags === undefined || path === "" || named !== undefined ? undefined : newestTag(tags, { path });
}

/** @throws PaksError as `choosePak` */
async function choosePath(found: FoundPoint, source: GitSource): Promise<string> {
  const { snapshot, path } = found;
  const asserted = readTrailers(found);
  const named = path ?? asserted?.path;
  const chosen = (await hasManifest(snapshot, named)) ? named! : await chooseAmong(found, source, named);
  if (asserted && asserted.path !== chosen)
    throw mismatch(snapshot, `it releases ${asserted.package} in ${asserted.path || "the root"}, not ${chosen}`);
  return chosen;
}

/** A pak that was named is found without listing a repository that may be huge. */
async function hasManifest(snapshot: Snapshot, path: string | undefined): Promise<boolean> {
  const listed = path === undefined ? undefined : await snapshot.listTree(path);
  return findManifests((listed?.entries ?? []).map((entry) => entry.path)).some(({ directory }) => directory === "");
}

async function chooseAmong(found: FoundPoint, source: GitSource, path: string | undefined): Promise<string> {
  const { snapshot, tag } = found;
  const state = stateOf(found, source);
  return await choosePak(
    await treeOf(snapshot),
    {
      where: `${source.url} at ${snapshot.place}`,
      sourceOf: (folder) => formatSource({ type: "git", url: source.url, ...state, path: folder }),
    },
    {
      path,
      // `pdf--v1.0.0` names one of them; a folder is usually called like its pak.
      prefer: (folder) => tag !== undefined && !isRepositoryWideTag(tag) && versionOf(tag, folder) !== undefined,
    },
  );
}

/** Only what the user named: a state that was found for him would pin what should follow the newest release. */
function stateOf({ snapshot, tag, branch, tags }: FoundPoint, { version }: GitSource) {
  if (tags !== undefined) return defined({ version });
  return defined({ tag, branch, commit: tag === undefined && branch === undefined ? snapshot.commit : undefined });
}

/** A repository may be far too large to be looked through, and still hold a pak that can be named. */
async function treeOf(snapshot: Snapshot): Promise<PakTree> {
  try {
    return await treeOfSnapshot(snapshot);
  } catch (error) {
    if (!isPaksError(error, "REPOSITORY_TOO_COMPLEX")) throw error;
    throw withHint(error, "Name the pak's folder with --path.");
  }
}

const defined = <T extends Record<string, string | undefined>>(fields: T): { [K in keyof T]?: string } =>
  Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined)) as { [K in keyof T]?: string };

const versionOf = (tag: string, path: string): string | undefined =>
  tagVersion(tag, { name: path.slice(path.lastIndexOf("/") + 1), path });

/** What the author says in the tag: which pak it releases, and its digest. */
const readTrailers = ({ tag, snapshot }: FoundPoint): Trailers | undefined =>
  tag !== undefined && snapshot.annotation ? parseTagTrailers(snapshot.annotation.message) : undefined;

const mismatch = (snapshot: Snapshot, what: string): PaksError =>
  new PaksError("TRAILER_MISMATCH", `The ${snapshot.place} asserts something else: ${what}.`, {
    hint: "Leave out path= to install what the tag releases, or name another tag.",
  });

async function fetchFound(found: FoundPoint, path: string, source: GitSource): Promise<Fetched> {
  const { snapshot, tag, branch } = found;
  const { files, tree } = await readPakFiles(snapshot, path, defaultLimits);
  const { manifest, notes } = readFetchedManifest(files, path);
  const { digest } = describeFiles(files);
  const asserted = readTrailers(found);
  if (asserted && asserted.digest !== digest)
    throw mismatch(snapshot, "the files do not have the digest that its author wrote");
  const tagged = tag === undefined ? undefined : tagVersion(tag, { name: manifest.name, path });
  return {
    name: manifest.name,
    account: undefined,
    version: tagged ?? manifest.version ?? null,
    digest,
    origin: {
      type: "git",
      repository: source.url,
      path,
      commit: snapshot.commit,
      ...defined({ tag, branch: tag === undefined ? branch : undefined }),
      tree,
    },
    files,
    manifest,
    notes: [...notes, ...untaggedNote(found, source)],
  };
}

/** Only where the user named no state: who names a branch or commit knows. */
function untaggedNote({ tag, branch, tags, snapshot }: FoundPoint, { url }: GitSource): string[] {
  if (tag !== undefined || tags === undefined) return [];
  const of = branch === undefined ? "" : ` of ${branch}`;
  return [`${url} has no tag of a release for it: this is commit ${snapshot.commit.slice(0, 12)}${of}.`];
}

/**
 * Every pak that a source could mean.
 * @throws PaksError those of `findPoint`
 */
export async function listGitPaks(source: GitSource, fetching: Fetching): Promise<ListedPak[]> {
  const found = await findPoint(await openGitReader(source.url, fetching), source);
  try {
    const tree = await treeOf(found.snapshot);
    const inside = found.path === undefined ? "" : `${found.path}/`;
    const folders = (await discoverPaks(tree)).filter((folder) => folder === found.path || folder.startsWith(inside));
    const paks = await describePaks(tree, folders);
    // Among several, each is named by its folder, and its own tags count too.
    const tagOf = ({ path }: ListedPak) =>
      found.tags !== undefined && paks.length > 1
        ? newestTag(found.tags, { path, selector: source.version })
        : (found.tag ?? tagOfPak(found, path));
    return paks.map((pak) => withTag(pak, tagOf(pak)));
  } finally {
    await found.snapshot.close();
  }
}

/** As an install says it: a tag goes before what is written in the files. */
const withTag = (pak: ListedPak, tag: string | undefined): ListedPak => ({
  ...pak,
  version: (tag === undefined ? undefined : tagVersion(tag, pak)) ?? pak.version,
});

/** Where a lock or the registry says that a pak's bytes are. */
export interface GitPlace {
  readonly repository: string;
  readonly commit: string;
  readonly path: string;
  /** Where the commit is found on hosts that give out only what their refs lead to. */
  readonly tag?: string | undefined;
}

/**
 * The files of a folder at exactly this commit. Only their blobs are downloaded; whether they are the right ones says
 * their digest, which is the caller's to compare.
 * @param policy what may be read; the user's own when absent
 * @throws PaksError REF_NOT_FOUND, TAG_MOVED and those of fetching
 */
export async function fetchGitFiles(
  place: GitPlace,
  fetching: Fetching,
  policy?: GitPolicy,
): Promise<{ readonly files: ReleaseFile[]; readonly tree: string }> {
  const snapshot = await fetchCommit(await openGitReader(place.repository, fetching, policy), place);
  try {
    return await readPakFiles(snapshot, place.path, defaultLimits);
  } finally {
    await snapshot.close();
  }
}

async function fetchCommit(reader: SharedReader, { commit, tag }: GitPlace): Promise<SharedSnapshot> {
  try {
    return await reader.fetch({ type: "commit", oid: commit });
  } catch (error) {
    if (tag === undefined || !isPaksError(error, "REF_NOT_FOUND")) throw error;
  }
  return await fetchTagged(reader, { commit, tag });
}

/**
 * What a lock says of a pak from git, whose digest is the caller's to compare. The large hosts give out a commit of
 * anybody's fork through the address of the original; so where the lock names a tag, the tag has to lead there.
 * @throws PaksError TAG_MOVED, TAG_NOT_FOUND, REF_NOT_FOUND, LOCKFILE_MISMATCH for another tree, and those of fetching
 */
export async function fetchLockedGitFiles(
  { repository, commit, tag, path, tree }: GitOrigin,
  fetching: Fetching,
): Promise<readonly ReleaseFile[]> {
  const reader = await openGitReader(repository, fetching);
  const snapshot = await (tag === undefined ? fetchLockedCommit(reader, commit) : fetchTagged(reader, { commit, tag }));
  try {
    const point: GitPoint = tag === undefined ? { type: "commit", oid: commit } : { type: "tag", name: tag };
    await snapshot.expect(() => listFoldersAt(reader, { point }, fetching.repositories.expectedOf(repository)));
    const found = await readPakFiles(snapshot, path, defaultLimits);
    if (tree === undefined || tree === found.tree) return found.files;
    throw new PaksError(
      "LOCKFILE_MISMATCH",
      `paks.lock and ${repository} do not fit: the tree is ${found.tree} there.`,
      {
        hint: "Take paks.lock from version control again.",
        details: { recorded: tree, found: found.tree },
      },
    );
  } finally {
    await snapshot.close();
  }
}

async function fetchLockedCommit(reader: SharedReader, commit: string): Promise<SharedSnapshot> {
  try {
    return await reader.fetch({ type: "commit", oid: commit });
  } catch (error) {
    if (!isPaksError(error, "REF_NOT_FOUND")) throw error;
    const { url } = reader.repository;
    throw new PaksError(error.code, `The commit that paks.lock has is gone from ${url}: ${commit}.`, {
      hint: "Its branch was rewritten or deleted. Take what is there now with `paks install --upgrade`, or install where a store still has it, and name a tag in paks.jsonc to be safe from this.",
      details: { repository: url, commit },
      cause: error,
    });
  }
}

interface TaggedCommit {
  readonly commit: string;
  readonly tag: string;
}

async function fetchTagged(reader: SharedReader, { commit, tag }: TaggedCommit): Promise<SharedSnapshot> {
  const snapshot = await fetchTag(reader, tag);
  if (snapshot.commit === commit) return snapshot;
  await snapshot.close();
  throw new PaksError("TAG_MOVED", `${tag} of ${reader.repository.url} leads to another commit than was recorded.`, {
    hint: "Nothing was installed. Either the author moved the tag, or somebody changed paks.lock: ask which of the two is right.",
    details: { recorded: commit, found: snapshot.commit },
  });
}

async function fetchTag(reader: SharedReader, tag: string): Promise<SharedSnapshot> {
  try {
    return await reader.fetch({ type: "tag", name: tag });
  } catch (error) {
    if (!isPaksError(error, "TAG_NOT_FOUND")) throw error;
    throw new PaksError(error.code, `${reader.repository.url} has no tag ${tag} now.`, {
      hint: "Nothing was installed: without its tag nobody can tell the recorded commit from a stranger's. Ask the author, or name another state.",
      details: { repository: reader.repository.url, tag },
      cause: error,
    });
  }
}
