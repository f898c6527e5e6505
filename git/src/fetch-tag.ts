import { isCommit, PaksError, parseBranchName, parseTagName, type RepositoryUrl } from "@paks/schema";

import { type CagedRepository, type GitCage, openCage } from "./cage.ts";
import { fetchRef, refNotFound } from "./fetch-ref.ts";
import { type GitPoint, pointText } from "./point.ts";
import { fetchBlobs, openBlobs, readBlobs } from "./read-blobs.ts";
import { type ReadTag, readTag, type TagAnnotation } from "./read-tag.ts";
import { openTreeReader, type TreeReader } from "./read-tree.ts";

/** A repository as it was at the moment of the fetch: everything is read from this one commit. */
export interface Snapshot {
  /** For messages: `tag v1.0.0`. */
  readonly place: string;
  readonly object: string;
  readonly commit: string;
  readonly annotation: TagAnnotation | undefined;
  /** See `openTreeReader`. */
  readonly listTree: TreeReader;
  /** Brings what is missing of these blobs, in one question, so that later reads need none. Reads nothing. */
  fetchBlobs(oids: readonly string[]): Promise<void>;
  /** See `readBlobs`. */
  readBlobs(oids: readonly string[]): Promise<Map<string, Buffer>>;
  /** Removes the scratch folder. */
  close(): Promise<void>;
}

export interface TagSnapshot extends Snapshot {
  /** The ref's name, which is authoritative; the annotation may lie. */
  readonly tag: string;
}

/**
 * Fetches one tag of a repository that nobody vouches for: its commit and trees now, files when they are asked for.
 * @throws PaksError INVALID_TAG, HOST_NOT_ALLOWED, TAG_NOT_FOUND, TAG_NOT_A_COMMIT, REPOSITORY_*, GIT_*, TOO_LARGE, UNSAFE_*
 */
export async function fetchTag(
  cage: GitCage,
  repository: RepositoryUrl,
  tag: string,
  options: { signal?: AbortSignal | undefined } = {},
): Promise<TagSnapshot> {
  const name = parseTagName(tag);
  return { tag: name, ...(await fetchPoint(cage, repository, { type: "tag", name }, options)) };
}

/**
 * The same for a tag, a branch, a commit or the default branch.
 * @throws PaksError INVALID_PARAMETER, REF_NOT_FOUND and those of `fetchTag`
 */
export async function fetchPoint(
  cage: GitCage,
  repository: RepositoryUrl,
  point: GitPoint,
  options: { signal?: AbortSignal | undefined } = {},
): Promise<Snapshot> {
  requirePointName(point);
  const caged = await openCage(cage, repository, options.signal);
  try {
    await fetchRef(caged, { point, filter: true });
    const read = await readTag(caged);
    if (point.type === "commit" && read.commit !== point.oid) throw refNotFound(point, caged.repository.url);
    return snapshotOf(caged, point, read);
  } catch (error) {
    await caged.scratch.close();
    throw missingCommit(error, point, caged.repository.url);
  }
}

/** @throws PaksError INVALID_TAG, INVALID_PARAMETER */
function requirePointName(point: GitPoint): void {
  if (point.type === "tag") parseTagName(point.name);
  if (point.type === "branch") parseBranchName(point.name);
  if (point.type === "commit" && !isCommit(point.oid))
    throw new PaksError("INVALID_PARAMETER", "A commit is named by 40 lower-case hexadecimal digits.");
}

/** Hosts say "not our ref" of a commit that they do not have or do not give out. */
function missingCommit(error: unknown, point: GitPoint, repository: string): unknown {
  if (point.type !== "commit" || !(error instanceof PaksError) || error.details?.["unadvertised"] !== true)
    return error;
  const { code, message, hint, details } = refNotFound(point, repository);
  return new PaksError(code, message, { hint, details, cause: error });
}

function snapshotOf(caged: CagedRepository, point: GitPoint, { object, commit, annotation }: ReadTag): Snapshot {
  const place = openBlobs(caged, point, object);
  return {
    place: pointText(point),
    object,
    commit,
    annotation,
    listTree: openTreeReader(caged, commit),
    fetchBlobs: async (oids) => void (await fetchBlobs(place, oids)),
    readBlobs: (oids) => readBlobs(place, oids),
    close: () => caged.scratch.close(),
  };
}
