import type { Finding } from "../finding.ts";
import type { Kind } from "./kind.ts";

export interface Dependency {
  readonly account: string;
  readonly name: string;
  /** A semver range, an exact version or a channel; `*` when the author named none. */
  readonly range: string;
}

/** What a pak says about itself, whatever its kind. */
export interface Manifest {
  readonly kind: Kind;
  readonly name: string;
  readonly description: string;
  /** Semver; absent = the tag alone decides. */
  readonly version?: string;
  readonly license?: string;
  readonly compatibility?: string;
  readonly allowedTools?: string[];
  readonly authors: string[];
  readonly repository?: string;
  readonly homepage?: string;
  readonly keywords: string[];
  readonly categories: string[];
  readonly dependencies: Dependency[];
  /** Any JSON, as written. */
  readonly metadata?: Record<string, unknown>;
  /** Fields of other tools, as written. */
  readonly extra: Record<string, unknown>;
}

/** `lenient` keeps what can be kept and warns; `strict` holds the author to the format. */
export type Profile = "lenient" | "strict";

export interface ManifestOptions {
  readonly profile: Profile;
  /** Last folder name of the pak, when known. A pak at a repository's root has none. */
  readonly directory?: string | undefined;
  /** Folder of the pak; stands before the file names in findings. */
  readonly path?: string;
}

export interface ManifestReading {
  /** Absent when no name or no description could be read. */
  readonly manifest: Manifest | undefined;
  readonly findings: Finding[];
}

/** File contents by path relative to the pak; more files than the manifest's own do no harm. */
export type PakFiles = ReadonlyMap<string, Uint8Array>;

/** What differs from kind to kind. */
export interface KindRow {
  readonly kind: Kind;
  /** The first one marks a folder as a pak of this kind; the others stand beside it. */
  readonly manifestFiles: readonly [string, ...string[]];
  /** Never throws for content. */
  readonly read: (files: PakFiles, options: ManifestOptions) => ManifestReading;
}
