import { compareVersions, tagVersion } from "@paks/schema";

/** A tag as the host lists it. `object` is the tag object's id, or the commit's for a lightweight tag. */
export interface ListedTag {
  readonly tag: string;
  readonly object: string;
}

/** A tag that led to a release, with the object that was recorded. One tag may have released several paks. */
export interface RecordedTag {
  readonly tag: string;
  readonly tagObject: string;
  readonly pakId: string;
}

export interface TagNaming {
  readonly name: string;
  readonly path: string;
  readonly tagPrefix: string | null;
}

export interface TagFacts {
  readonly listed: readonly ListedTag[];
  readonly recorded: readonly RecordedTag[];
  /** Tag objects on which there is a verdict that looking again would only repeat. */
  readonly judged: readonly ListedTag[];
  /** Tags that an attempt is open for already. */
  readonly open: ReadonlySet<string>;
  /** The paks of the repository. */
  readonly paks: readonly TagNaming[];
}

export interface TagDiff {
  /** Tags to look at, lowest version first. */
  readonly added: ListedTag[];
  /** Released tags that lead to another object now. */
  readonly moved: ListedTag[];
  /** Released tags that are gone. */
  readonly deleted: RecordedTag[];
}

/** What the registry has to do so that it agrees with the repository's tags. */
export function diffTags(facts: TagFacts): TagDiff {
  const recorded = new Map<string, Set<string>>();
  for (const { tag, tagObject } of facts.recorded) {
    recorded.set(tag, (recorded.get(tag) ?? new Set()).add(tagObject));
  }
  const judged = new Set(facts.judged.map(tagKey));
  const settled = (listed: ListedTag): boolean =>
    facts.open.has(listed.tag) || judged.has(tagKey(listed)) || (recorded.get(listed.tag)?.has(listed.object) ?? false);
  const left = facts.listed.filter((listed) => !settled(listed));
  const added = left.flatMap((listed) => {
    const version = recorded.has(listed.tag) ? undefined : versionFor(listed.tag, facts.paks);
    return version === undefined ? [] : [{ listed, version }];
  });
  return {
    added: added.toSorted((a, b) => compareVersions(a.version, b.version)).map(({ listed }) => listed),
    moved: left.filter(({ tag }) => recorded.has(tag)),
    deleted: findDeleted(facts),
  };
}

const tagKey = ({ tag, object }: ListedTag): string => `${object} ${tag}`;

function versionFor(tag: string, paks: readonly TagNaming[]): string | undefined {
  for (const { name, path, tagPrefix } of paks) {
    const version = tagVersion(tag, { name, path, prefix: tagPrefix });
    if (version !== undefined) return version;
  }
  return undefined;
}

/** `listTags` answers only for hosts that speak git, so an empty listing is an empty repository and no login page. */
function findDeleted({ listed, recorded }: TagFacts): RecordedTag[] {
  const there = new Set(listed.map(({ tag }) => tag));
  return recorded.filter(({ tag }) => !there.has(tag));
}
