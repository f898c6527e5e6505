/** First word of the standalone executable when it is the child. */
export const childWord = "git-fallback-child";

/** What the child process is asked, as JSON on its stdin. */
export type Question = Common &
  (
    | { readonly ask: "refs" }
    /** Object id of what the ref points to, or of a commit. */
    | { readonly ask: "fetch"; readonly oid: string }
    | { readonly ask: "blobs"; readonly oids: readonly string[] }
  );

interface Common {
  readonly url: string;
  readonly gitDir: string;
  /** The only addresses of the host that may be connected to. */
  readonly addresses: readonly string[];
  readonly limits: ChildLimits;
  /** Then no addresses are given: the proxy finds the host. */
  readonly proxy?: string | undefined;
  readonly certificates?: string | undefined;
}

/** Bytes, unless the name says otherwise. */
export interface ChildLimits {
  readonly listingBytes: number;
  readonly packBytes: number;
  readonly treeEntries: number;
  readonly fileBytes: number;
  readonly releaseBytes: number;
  readonly memoryBytes: number;
  readonly idleMilliseconds: number;
  /** Wall clock of one answer. */
  readonly milliseconds: number;
}

/** A failure, as the one line of its stdout. */
export interface Failure {
  readonly error: { readonly code: string; readonly message: string; readonly details?: Record<string, unknown> };
}

/** In the form of `git ls-remote --symref`. */
export interface RefsAnswer {
  readonly listing: string;
}

export interface FetchAnswer {
  readonly object: string;
  readonly commit: string;
  /** Body of the outermost tag object, base64; `null` for a commit. */
  readonly tag: string | null;
  /** The root. */
  readonly tree: string;
  readonly entries: readonly ChildEntry[];
}

/** Folders too. A name that is no UTF-8 has its bytes as halves of surrogate pairs. */
export type ChildEntry = readonly [mode: string, oid: string, path: string];

/** One line, then the bytes of the blobs in this order. */
export interface BlobsAnswer {
  readonly blobs: readonly (readonly [oid: string, size: number])[];
}
