import { parseTagName, type RepositoryUrl } from "@paks/schema";

import { type CagedRepository, type GitCage, openCage } from "./cage.ts";
import { fetchRef } from "./fetch-ref.ts";
import { type BlobPlace, fetchBlobs, readBlobs } from "./read-blobs.ts";
import { type ReadTag, readTag, type TagAnnotation } from "./read-tag.ts";
import { openTreeReader, type TreeReader } from "./read-tree.ts";

/** One tag as it was at the moment of the fetch: everything is read from this one commit. */
export interface TagSnapshot {
  /** The ref's name, which is authoritative; the annotation may lie. */
  readonly tag: string;
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
  const caged = await openCage(cage, repository, options.signal);
  try {
    await fetchRef(caged, { tag: name, filter: true });
    return snapshotOf(caged, name, await readTag(caged));
  } catch (error) {
    await caged.scratch.close();
    throw error;
  }
}

function snapshotOf(caged: CagedRepository, tag: string, { object, commit, annotation }: ReadTag): TagSnapshot {
  const place: BlobPlace = { caged, tag, object };
  return {
    tag,
    object,
    commit,
    annotation,
    listTree: openTreeReader(caged, commit),
    fetchBlobs: async (oids) => void (await fetchBlobs(place, oids)),
    readBlobs: (oids) => readBlobs(place, oids),
    close: () => caged.scratch.close(),
  };
}
