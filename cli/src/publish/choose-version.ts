import { type Bump, bumpVersion, compareVersions, PaksError, parseVersion, tagVersion } from "@paks/schema";

export interface VersionFacts {
  /** In the committed manifest. */
  readonly manifest: string | undefined;
  /** The highest that a tag of this pak carries, here or on the remote; below another when one is given. */
  readonly released: (below?: string) => string | undefined;
  /** Whether its release is out: the remote has the tag, or this machine when nothing is pushed. */
  readonly isOut: (version: string) => boolean;
  /** In the manifest of the commit before HEAD's; `undefined` when nobody could look. */
  readonly before: { readonly version: string | undefined } | undefined;
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
 * The version to release. A rerun finds the version commit of the run before and never bumps a second time; another
 * bump after a finished release is a wish for the next version.
 * @throws PaksError INVALID_PARAMETER
 */
export function chooseVersion(facts: VersionFacts, wish: VersionWish): string {
  if (wish.version !== undefined) return parseVersion(wish.version);
  const made = facts.manifest === undefined ? facts.tagged : facts.prepared;
  const isHere = made !== undefined && (facts.manifest === undefined || facts.manifest === made);
  if (wish.bump === undefined) return facts.manifest ?? facts.tagged ?? noVersion();
  if (isHere && (!facts.isOut(made) || isSameBump(facts, made, { ...wish, bump: wish.bump }))) return made;
  return bumpVersion(facts.manifest ?? facts.released(), wish.bump, wish.preid);
}

/** Whether this bump is the one that made the version. When nobody can tell, it is: nothing is released twice. */
function isSameBump(facts: VersionFacts, made: string, wish: VersionWish & { readonly bump: Bump }): boolean {
  const { manifest, before } = facts;
  const released = facts.released(made);
  // A version that was prepared by one more run before says nothing here.
  const from = before && before.version !== made ? (before.version ?? released) : released;
  const isKnown = from !== undefined || manifest === undefined || (before && before.version !== made);
  return !isKnown || bumpVersion(from, wish.bump, wish.preid) === made;
}

function noVersion(): never {
  throw new PaksError("INVALID_PARAMETER", "The manifest has no version, and none was asked for.", {
    hint: "Choose one: paks publish --bump patch (or minor, major, prerelease), or paks publish --version 1.0.0",
    details: { field: "version" },
  });
}

export function highestVersion(
  tags: Iterable<string>,
  pak: { readonly name: string; readonly path: string; readonly prefix?: string | undefined },
  below?: string,
): string | undefined {
  let highest: string | undefined;
  for (const tag of tags) {
    const version = tagVersion(tag, pak);
    if (version !== undefined && below !== undefined && compareVersions(version, below) >= 0) continue;
    if (version !== undefined && (highest === undefined || compareVersions(version, highest) > 0)) highest = version;
  }
  return highest;
}
