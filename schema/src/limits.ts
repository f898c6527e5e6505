/** Sizes are bytes unless the name says otherwise. Every limit is checked at the limit and one above it in tests. */
export interface Limits {
  readonly fileBytes: number;
  readonly releaseBytes: number;
  readonly files: number;
  readonly pathBytes: number;
  readonly pathComponentBytes: number;
  readonly pathDepth: number;
  readonly manifestBytes: number;
  readonly frontmatterBytes: number;
  /** Entries of a repository's tree that are looked at before it is called too complex. */
  readonly treeEntries: number;
  /** Bytes a fetch may write to disk. */
  readonly packBytes: number;
  /** Bytes of a tag listing that are read. */
  readonly listingBytes: number;
  readonly fetchMilliseconds: number;
}

const KiB = 1024;
const MiB = 1024 * KiB;

export const defaultLimits: Limits = {
  fileBytes: 2 * MiB,
  releaseBytes: 10 * MiB,
  files: 1000,
  pathBytes: 180,
  pathComponentBytes: 120,
  pathDepth: 16,
  manifestBytes: 256 * KiB,
  frontmatterBytes: 16 * KiB,
  treeEntries: 20_000,
  packBytes: 100 * MiB,
  listingBytes: 16 * MiB,
  fetchMilliseconds: 60_000,
};

/**
 * The most bytes that an archive within the limits can have: the files, and for each its header, padding and long
 * name. Gzip adds less than a thousandth to bytes that it cannot shrink.
 */
export const maxArchiveBytes = (limits: Limits): number =>
  Math.ceil((limits.releaseBytes + limits.files * 2560 + 10_240) * 1.01);

/** Paks that a registry tells about in one request. */
export const mostPaksAtOnce = 50;

/** Tags of one repository that a registry is told of in one request, and attempts that it tells about. */
export const mostTagsAtOnce = 50;
