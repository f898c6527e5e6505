import { mkdir } from "node:fs/promises";
import { type GitCage, type TagSnapshot, fetchTag, listTags, readPakFiles, sweepScratch } from "@paks/git";
import {
  type GitPolicy,
  type GitSource,
  type RepositoryUrl,
  PaksError,
  compareVersions,
  defaultLimits,
  describeFiles,
  type Trailers,
  findManifests,
  isPrerelease,
  isRepositoryWideTag,
  parseRepositoryUrl,
  parseTagTrailers,
  tagVersion,
} from "@paks/schema";
import type { Fetched } from "./fetched.ts";
import { readFetchedManifest } from "./fetched-manifest.ts";

export interface GitFetching {
  /** What the configuration lets an install fetch from. */
  readonly policy: GitPolicy;
  /** The git binary: a name on PATH or an absolute path. */
  readonly binary: string;
  /** A folder of the user's own: in a shared one somebody else could lay out what is read from it. */
  readonly scratchRoot: string;
  readonly signal: AbortSignal;
}

/** A tag of a git repository, read with the same functions and rules as the registry's. */
export async function fetchGitSource(source: GitSource, fetching: GitFetching): Promise<Fetched> {
  const { policy, signal } = fetching;
  const repository = parseRepositoryUrl(source.url, policy);
  const cage = { policy, limits: defaultLimits, scratchRoot: fetching.scratchRoot, git: fetching.binary };
  await mkdir(fetching.scratchRoot, { recursive: true, mode: 0o700 });
  await sweepScratch(fetching.scratchRoot);
  const tag = source.tag ?? (await newestTag(cage, repository, signal));
  const snapshot = await fetchTag(cage, repository, tag, { signal });
  try {
    const asserted = readTrailers(snapshot);
    if (asserted && source.path !== undefined && source.path !== asserted.path)
      throw mismatch(snapshot, `it releases ${asserted.package} in ${asserted.path || "the root"}, not ${source.path}`);
    const path = source.path ?? asserted?.path ?? (await findOnlyPak(snapshot, repository));
    const { files } = await readPakFiles(snapshot, path, defaultLimits);
    const { manifest, notes } = readFetchedManifest(files, path);
    if (asserted && asserted.digest !== describeFiles(files).digest)
      throw mismatch(snapshot, "the files do not have the digest that its author wrote");
    return {
      name: manifest.name,
      account: undefined,
      version: tagVersion(tag, { name: manifest.name, path }) ?? manifest.version ?? null,
      digest: describeFiles(files).digest,
      origin: { type: "git", repository: repository.url, path, tag, commit: snapshot.commit },
      files,
      manifest,
      notes,
    };
  } finally {
    await snapshot.close();
  }
}

/** What the author says in the tag: which pak it releases, and its digest. */
const readTrailers = ({ annotation }: TagSnapshot): Trailers | undefined =>
  annotation ? parseTagTrailers(annotation.message) : undefined;

const mismatch = (snapshot: TagSnapshot, what: string): PaksError =>
  new PaksError("TRAILER_MISMATCH", `The tag ${snapshot.tag} asserts something else: ${what}.`, {
    hint: "Leave out path= to install what the tag releases, or name another tag.",
  });

/** The highest stable version among the tags that stand for a whole repository. */
async function newestTag(cage: GitCage, repository: RepositoryUrl, signal: AbortSignal): Promise<string> {
  const tags = (await listTags(cage, repository, { signal })).map((ref) => ref.tag);
  const versions = tags
    .filter((tag) => isRepositoryWideTag(tag))
    .map((tag) => ({ tag, version: tagVersion(tag, { name: "", path: "" }) }))
    .filter((row): row is { tag: string; version: string } => row.version !== undefined && !isPrerelease(row.version))
    .sort((a, b) => compareVersions(b.version, a.version));
  const newest = versions[0];
  if (newest) return newest.tag;
  throw new PaksError(
    "TAG_NOT_FOUND",
    `${repository.url} has no tag that stands for a version of the whole repository.`,
    {
      hint:
        tags.length > 0
          ? `Name a tag, for example ${repository.url}#tag=${tags[0]}.`
          : "Only tags are releases; ask the author for one.",
      details: { tags: tags.slice(0, 20) },
    },
  );
}

async function findOnlyPak(snapshot: TagSnapshot, repository: RepositoryUrl): Promise<string> {
  const tree = await snapshot.listTree("");
  const all = findManifests((tree?.entries ?? []).map((entry) => entry.path));
  const root = all.find((place) => place.directory === "");
  if (root) return root.directory;
  // `pdf--v1.0.0` names one of them; a folder is usually called like its pak.
  const named = all.filter(({ directory: path }) => fitsOnly(snapshot.tag, path));
  const found = named.length > 0 ? named : all;
  const [only, second] = found;
  if (only && !second) return only.directory;
  if (!only) throw new PaksError("MANIFEST_MISSING", `There is no SKILL.md in ${repository.url} at ${snapshot.tag}.`);
  throw new PaksError("AMBIGUOUS_MANIFEST", `${repository.url} holds ${found.length} paks.`, {
    hint: `Say which: ${repository.url}#tag=${snapshot.tag}&path=${only.directory}`,
    details: { paths: found.map((place) => place.directory) },
  });
}

const fitsOnly = (tag: string, path: string): boolean =>
  !isRepositoryWideTag(tag) && tagVersion(tag, { name: path.slice(path.lastIndexOf("/") + 1), path }) !== undefined;
