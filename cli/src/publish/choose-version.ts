import { type Bump, bumpVersion, compareVersions, PaksError, parseVersion, tagVersion } from "@paks/schema";

export interface VersionFacts {
  /** In the committed manifest. */
  readonly manifest: string | undefined;
  /** The highest that a tag of this pak carries, here or on the remote. */
  readonly released: () => string | undefined;
  /** What HEAD's commit says it prepared, when it prepared this pak. */
  readonly prepared: string | undefined;
  /** What a tag on HEAD releases, when no version goes into the manifest. */
  readonly tagged?: string | undefined;
}

export interface VersionWish {
  readonly bump?: Bump | undefined;
  readonly preid?: string | undefined;
  readonly version?: string | undefined;
}

/**
 * The version to release. A rerun finds the version commit of the run before and never bumps a second time.
 * @throws PaksError INVALID_PARAMETER
 */
export function chooseVersion(facts: VersionFacts, wish: VersionWish): string {
  if (wish.version !== undefined) return parseVersion(wish.version);
  if (facts.manifest === undefined && facts.tagged !== undefined) return facts.tagged;
  if (wish.bump === undefined) return facts.manifest ?? noVersion();
  if (facts.prepared !== undefined && facts.prepared === facts.manifest) return facts.prepared;
  return bumpVersion(facts.manifest ?? facts.released(), wish.bump, wish.preid);
}

function noVersion(): never {
  throw new PaksError("INVALID_PARAMETER", "The manifest has no version, and none was asked for.", {
    hint: "paks publish --bump patch, or paks publish --version 1.0.0",
    details: { field: "version" },
  });
}

export function highestVersion(
  tags: Iterable<string>,
  pak: { readonly name: string; readonly path: string; readonly prefix?: string | undefined },
): string | undefined {
  let highest: string | undefined;
  for (const tag of tags) {
    const version = tagVersion(tag, pak);
    if (version !== undefined && (highest === undefined || compareVersions(version, highest) > 0)) highest = version;
  }
  return highest;
}
