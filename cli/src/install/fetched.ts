import type { Manifest, Origin, ReleaseFile } from "@paks/schema";

/** A pak whose bytes are here and verified, wherever it came from. */
export interface Fetched {
  readonly name: string;
  /** Account that `--dir` puts it under; absent for sources without one. */
  readonly account: string | undefined;
  readonly version: string | null;
  readonly digest: string;
  readonly origin: Origin;
  readonly files: readonly ReleaseFile[];
  /** As read from the files: dependencies, licence. */
  readonly manifest: Manifest;
  /** What a user should know before using it, one sentence each. */
  readonly notes: readonly string[];
}
