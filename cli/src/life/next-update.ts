import { type LockedPak, type Source, parseSource, selectVersion } from "@paks/schema";

type Entry = Omit<LockedPak, "previous">;

/**
 * What the next `update` makes of a pak that was put back. `newer`: the version that went; `tip`: whatever its branch
 * has then; undefined: it stays, as far as the lock can tell.
 */
export function nextUpdate(now: Entry, left: Entry): "newer" | "tip" | undefined {
  if (now.pinned === true || now.resolved.type === "local") return undefined;
  const source = now.source === null ? undefined : parseSource(now.source);
  if (source?.type === "git" && now.resolved.type === "git" && now.resolved.tag === undefined)
    return source.commit === undefined && isOfBranch(source, now) ? "tip" : undefined;
  return isChosen(source, now, left) ? "newer" : undefined;
}

/** Without a selector it is the default branch. */
const isOfBranch = (source: Extract<Source, { type: "git" }>, { resolved }: Entry): boolean =>
  source.branch !== undefined ||
  (source.ref === undefined && source.tree === undefined) ||
  ("branch" in resolved && resolved.branch !== undefined);

/** A channel or a tag of npm may be on any version: nothing is said of it. */
function isChosen(source: Source | undefined, now: Entry, left: Entry): boolean {
  if (now.version === null || left.version === null || now.version === left.version) return false;
  const selector = selectorOf(source);
  if (selector === false) return false;
  const versions = [now.version, left.version].map((version) => ({ version, yanked: false }));
  return selectVersion(versions, selector)?.version === left.version;
}

/** False: it names one state. */
function selectorOf(source: Source | undefined): string | undefined | false {
  if (source?.type === "registry") return source.selector;
  if (source?.type === "npm")
    return source.selector !== undefined && /^[a-z]/.test(source.selector) ? false : source.selector;
  if (source?.type !== "git") return undefined;
  const isNamed = [source.tag, source.commit, source.ref, source.tree, source.branch].some((one) => one !== undefined);
  return isNamed ? false : source.version;
}
