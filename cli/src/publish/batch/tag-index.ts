import type { RefFact } from "@paks/git/work-tree";
import { compareVersions, isRepositoryWideTag, tagVersion } from "@paks/schema";
import { tagNames } from "../git-checks.ts";

const separators = ["--v", "/v", "@", "-v"];

/** Tags by what stands before the version, so that five hundred paks do not each read all of them. */
export interface TagIndex {
  readonly byOwner: ReadonlyMap<string, readonly RefFact[]>;
  /** `v1.2.0`: they speak to every pak. */
  readonly wide: readonly RefFact[];
  /** With the prefix that was asked for. */
  readonly prefixed: readonly RefFact[];
}

export function indexTags(refs: readonly RefFact[], prefix?: string): TagIndex {
  const byOwner = new Map<string, RefFact[]>();
  const wide: RefFact[] = [];
  for (const ref of refs) {
    const [tag] = tagNames([ref]);
    if (tag === undefined) continue;
    if (isRepositoryWideTag(tag)) wide.push(ref);
    for (const owner of ownersOf(tag)) addTo(byOwner, owner, ref);
  }
  const prefixed = prefix === undefined ? [] : refs.filter(({ name }) => name.startsWith(`refs/tags/${prefix}`));
  return { byOwner, wide, prefixed };
}

function addTo(byOwner: Map<string, RefFact[]>, owner: string, ref: RefFact): void {
  const own = byOwner.get(owner);
  if (own) own.push(ref);
  else byOwner.set(owner, [ref]);
}

/** Whatever stands before one of the separators; most of it is no pak's name and never looked up. */
function* ownersOf(tag: string): Generator<string> {
  for (const separator of separators) {
    for (let at = tag.indexOf(separator); at >= 0; at = tag.indexOf(separator, at + 1)) yield tag.slice(0, at);
  }
}

export interface LastRelease {
  readonly ref: RefFact;
  readonly version: string;
}

export interface PakOfTags {
  readonly name: string;
  readonly path: string;
  readonly prefix?: string | undefined;
}

/** The highest release of a pak by its own tags; by those of the whole repository when it has none. */
export const findLastRelease = (index: TagIndex, pak: PakOfTags): LastRelease | undefined =>
  highest(listOwnTags(index, pak), pak) ?? highest(index.wide, pak);

const listOwnTags = ({ byOwner, prefixed }: TagIndex, { name, path }: PakOfTags): RefFact[] => [
  ...new Set([...(byOwner.get(name) ?? []), ...(byOwner.get(path) ?? []), ...prefixed]),
];

/** All tags that can be a pak's release, or stand in the way of one. */
export const listTagsOf = (index: TagIndex, pak: PakOfTags): RefFact[] => [...listOwnTags(index, pak), ...index.wide];

function highest(refs: readonly RefFact[], pak: PakOfTags): LastRelease | undefined {
  let last: LastRelease | undefined;
  for (const ref of refs) {
    const version = tagVersion(ref.name.slice("refs/tags/".length), pak);
    if (version === undefined || (last && compareVersions(version, last.version) <= 0)) continue;
    last = { ref, version };
  }
  return last;
}
