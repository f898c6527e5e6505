import { type GitPoint, type ListedRefs, pointText } from "@paks/git";
import {
  type GitSource,
  PaksError,
  isCommit,
  isPaksError,
  isRepositoryWideTag,
  isVersion,
  selectVersion,
  tagVersion,
} from "@paks/schema";
import type { SharedReader, SharedSnapshot } from "./shared-reader.ts";

/** Which state of a repository is meant, and what led there. */
export interface ChosenPoint {
  readonly point: GitPoint;
  readonly tag?: string | undefined;
  readonly branch?: string | undefined;
  /** Where the source says so, or its address in a browser does. */
  readonly path?: string | undefined;
  /** Tags of the repository, when they were asked for because the source names no state. */
  readonly tags?: readonly string[];
}

/** The state itself. */
export interface FoundPoint extends ChosenPoint {
  readonly snapshot: SharedSnapshot;
}

/**
 * What a source means, looked up in the repository: a tag before a branch of the same name, the newest stable version
 * where nothing is named, and the default branch where there are no versions.
 * @throws PaksError TAG_NOT_FOUND, REF_NOT_FOUND, VERSION_NOT_FOUND and those of fetching
 */
export async function findPoint(reader: SharedReader, source: GitSource): Promise<FoundPoint> {
  const { ref, path } = source;
  if (ref !== undefined) return { ...(await findRef(reader, ref)), path };
  return await fetchChosen(reader, await choosePoint(reader, source));
}

const fetchChosen = async (reader: SharedReader, chosen: ChosenPoint): Promise<FoundPoint> => ({
  ...chosen,
  snapshot: await reader.fetch(chosen.point),
});

/** For all that does not name a tag or a branch without saying which of the two. */
async function choosePoint(reader: SharedReader, source: GitSource): Promise<ChosenPoint> {
  const { tag, branch, commit, tree, version, path } = source;
  if (tag !== undefined) return { point: { type: "tag", name: tag }, tag, path };
  if (branch !== undefined) return { point: { type: "branch", name: branch }, branch, path };
  if (commit !== undefined) return { point: { type: "commit", oid: commit }, path };
  const refs = await reader.listRefs();
  if (tree !== undefined) return chooseTree(reader, refs, tree);
  return chooseVersion(reader, refs, { selector: version, path });
}

/** The folders of those sources that mean the state that was found. */
export async function listFoldersAt(
  reader: SharedReader,
  { point }: ChosenPoint,
  sources: readonly GitSource[],
): Promise<string[]> {
  const folders: string[] = [];
  for (const source of sources) {
    const chosen = await chooseOrNothing(reader, source);
    if (chosen?.path !== undefined && pointText(chosen.point) === pointText(point)) folders.push(chosen.path);
    else if (source.ref !== undefined && source.path !== undefined && nameIn(point) === source.ref)
      folders.push(source.path);
  }
  return folders;
}

const nameIn = (point: GitPoint): string | undefined =>
  point.type === "commit" ? point.oid : point.type === "head" ? undefined : point.name;

/** What a source fails with is told where it is read. */
async function chooseOrNothing(reader: SharedReader, source: GitSource): Promise<ChosenPoint | undefined> {
  if (source.ref !== undefined) return undefined;
  try {
    return await choosePoint(reader, source);
  } catch (error) {
    if (!isPaksError(error) || error.code === "CANCELLED") throw error;
    return undefined;
  }
}

/** A full commit id is that commit, as for git itself; else a tag, else a branch. */
async function findRef(reader: SharedReader, ref: string): Promise<FoundPoint> {
  if (isCommit(ref)) return await fetchChosen(reader, { point: { type: "commit", oid: ref } });
  try {
    return await fetchChosen(reader, { point: { type: "tag", name: ref }, tag: ref });
  } catch (error) {
    // A branch moves: whoever names a version must never get one that only is called like it.
    if (!isPaksError(error, "TAG_NOT_FOUND") || namesVersion(ref)) throw error;
    return await findBranch(reader, ref);
  }
}

async function findBranch(reader: SharedReader, branch: string): Promise<FoundPoint> {
  try {
    return await fetchChosen(reader, { point: { type: "branch", name: branch }, branch });
  } catch (error) {
    if (!isPaksError(error, "REF_NOT_FOUND")) throw error;
    throw new PaksError("REF_NOT_FOUND", `${reader.repository.url} has neither a tag nor a branch ${branch}.`, {
      hint: "Check the name; it is case-sensitive.",
      details: { repository: reader.repository.url },
      cause: error,
    });
  }
}

/**
 * Only the refs say where `feature/x/skills/pdf` ends and the folder begins. Of two that fit the longer one is meant, and
 * a tag rather than a branch of the same name.
 */
function chooseTree({ repository }: SharedReader, refs: ListedRefs, tree: string): ChosenPoint {
  const parts = tree.split("/");
  for (let length = parts.length; length > 0; length--) {
    const name = parts.slice(0, length).join("/");
    const path = parts.slice(length).join("/") || undefined;
    const point = pointNamed(refs, name);
    if (point?.type === "tag") return { point, tag: name, path };
    if (point?.type === "branch") return { point, branch: point.name, path };
    if (point) return { point, path };
  }
  throw new PaksError("REF_NOT_FOUND", `No tag or branch of ${repository.url} begins "${tree}".`, {
    hint: "Check the address: the branch may have been renamed or deleted.",
    details: { repository: repository.url },
  });
}

function pointNamed(refs: ListedRefs, name: string): GitPoint | undefined {
  if (refs.tags.some(({ tag }) => tag === name)) return { type: "tag", name };
  if (refs.branches.some(({ branch }) => branch === name)) return { type: "branch", name };
  if (name === "HEAD") return pointOfHead(refs);
  return isCommit(name) ? { type: "commit", oid: name } : undefined;
}

function pointOfHead({ head }: ListedRefs): GitPoint {
  return head?.branch === undefined ? { type: "head" } : { type: "branch", name: head.branch };
}

/** HEAD may name a branch that was never pushed; the only other one, or the only usual one, is meant then. */
function pointWithoutHead({ tags, branches }: ListedRefs, repository: string): GitPoint {
  const names = branches.map(({ branch }) => branch);
  const usual = names.filter((name) => name === "main" || name === "master");
  const only = names.length === 1 ? names[0] : usual.length === 1 ? usual[0] : undefined;
  if (only !== undefined) return { type: "branch", name: only };
  if (names.length === 0 && tags.length === 0)
    throw new PaksError("REF_NOT_FOUND", `${repository} is empty.`, { details: { repository } });
  const has =
    names.length > 0
      ? { what: "branches", list: names, flag: "--branch" }
      : { what: "tags", list: tags.map(({ tag }) => tag), flag: "--tag" };
  throw new PaksError("REF_NOT_FOUND", `The HEAD of ${repository} leads nowhere, so no branch is its default.`, {
    hint: `It has the ${has.what} ${has.list.slice(0, 5).join(", ")}${has.list.length > 5 ? " …" : ""}: name one with ${has.flag}.`,
    details: { repository, [has.what]: has.list.slice(0, 20) },
  });
}

interface Wanted {
  readonly selector: string | undefined;
  readonly path: string | undefined;
}

function chooseVersion({ repository }: SharedReader, refs: ListedRefs, { selector, path }: Wanted): ChosenPoint {
  const tags = refs.tags.map(({ tag }) => tag);
  const tag = newestTag(tags, { path, selector });
  if (tag !== undefined) return { point: { type: "tag", name: tag }, tag, path, tags };
  if (selector !== undefined) throw noSuchVersion(repository.url, selector, tags);
  const point = refs.head === undefined ? pointWithoutHead(refs, repository.url) : pointOfHead(refs);
  return { point, branch: point.type === "branch" ? point.name : undefined, path, tags };
}

/**
 * The tag of the version that a selector means. Without a folder only tags that speak to the whole repository count, or
 * those of the one pak that all others belong to.
 */
export function newestTag(
  tags: readonly string[],
  wanted: { readonly path?: string | undefined; readonly name?: string; readonly selector?: string | undefined },
): string | undefined {
  const { path, selector } = wanted;
  const name = wanted.name ?? path?.slice(path.lastIndexOf("/") + 1) ?? "";
  const versions = tags
    .filter((tag) => name !== "" || isRepositoryWideTag(tag))
    .map((tag) => ({ tag, version: tagVersion(tag, { name, path: path ?? "" }), yanked: false }))
    .filter((row): row is { tag: string; version: string; yanked: boolean } => row.version !== undefined);
  return selectVersion(versions, selector)?.tag;
}

/** `v1.2.0`, `1.2.0`, `pdf--v1.2.0`, `pdf@1.2.0` … */
const namesVersion = (ref: string): boolean =>
  isRepositoryWideTag(ref) || isVersion(ref.replace(/^.*(?:--v|@|\/v|-v)/, ""));

function noSuchVersion(repository: string, selector: string, tags: readonly string[]): PaksError {
  const versions = tags.filter(namesVersion);
  return new PaksError("VERSION_NOT_FOUND", `${repository} has no tag of a version that fits "${selector}".`, {
    hint:
      versions.length > 0
        ? `It has ${versions.slice(0, 5).join(", ")}; a pak in a folder also needs --path.`
        : "It has no tags of versions. Name a branch or a commit instead.",
    details: { repository, tags: tags.slice(0, 20) },
  });
}
