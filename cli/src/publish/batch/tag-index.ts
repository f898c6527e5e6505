import type { RefFact } from "@paks/git/work-tree";
import { compareVersions, isRepositoryWideTag, tagVersion } from "@paks/schema";
import { tagNames } from "../git-checks.ts";

const separators = ["--v", "/v", "@", "-v"];

/** Tags by what stands before the version, so that five hundred paks do not each read all of them. */
export interface TagIndex {
  readonly byOwner: ReadonlyMap<string, readonly RefFact[]>;
  /** `v1.2.0`: they speak to every pak. */
  readonly wide: readonly RefFact[];
}

export function indexTags(refs: readonly RefFact[]): TagIndex {
  const byOwner = new Map<string, RefFact[]>();
  const wide: RefFact[] = [];
  for (const ref of refs) {
    const [tag] = tagNames([ref]);
    if (tag === undefined) continue;
    if (isRepositoryWideTag(tag)) wide.push(ref);
    for (const owner of ownersOf(tag)) byOwner.set(owner, [...(byOwner.get(owner) ?? []), ref]);
  }
  return { byOwner, wide };
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

/** The highest release of a pak by its own tags; by those of the whole repository when it has none. */
export function findLastRelease(
  index: TagIndex,
  pak: { readonly name: string; readonly path: string; readonly prefix?: string | undefined },
  prefixed: readonly RefFact[],
): LastRelease | undefined {
  const own = [...(index.byOwner.get(pak.name) ?? []), ...(index.byOwner.get(pak.path) ?? []), ...prefixed];
  return highest(own, pak) ?? highest(index.wide, pak);
}

function highest(refs: readonly RefFact[], pak: Parameters<typeof tagVersion>[1]): LastRelease | undefined {
  let last: LastRelease | undefined;
  for (const ref of refs) {
    const version = tagVersion(ref.name.slice("refs/tags/".length), pak);
    if (version === undefined || (last && compareVersions(version, last.version) <= 0)) continue;
    last = { ref, version };
  }
  return last;
}
