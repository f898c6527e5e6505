import { posix } from "node:path";
import {
  type GitOrigin,
  type GitSource,
  type Lock,
  type LockedPak,
  type NpmOrigin,
  type Origin,
  PaksError,
  type RegistryOrigin,
  type Source,
  formatPakId,
  formatSource,
  isPaksError,
  isRange,
  isVersion,
  lockFileName,
  parseSource,
  selectVersion,
  tagVersion,
} from "@paks/schema";

type Entry = Omit<LockedPak, "previous">;

/**
 * A lock may come with a clone, and nobody reads it as closely as `paks.jsonc`: what an entry was resolved to has to be
 * something that its source can mean. Everybody who reads the lock gets it through here.
 * @throws PaksError LOCKFILE_MISMATCH
 */
export function requireResolvedAsAsked(lock: Lock): Lock {
  for (const [folder, entry] of Object.entries(lock.paks)) {
    const stray = findStray(entry);
    if (stray !== undefined) throw mismatch(folder, stray);
    const before = entry.previous && (findStray(entry.previous) ?? findOther(entry.previous, entry));
    if (before !== undefined) throw mismatch(folder, `before, ${before}`);
  }
  return lock;
}

const mismatch = (folder: string, why: string): PaksError =>
  new PaksError("LOCKFILE_MISMATCH", `${lockFileName} contradicts itself about ${folder}: ${why}.`, {
    hint: `Look at who changed ${lockFileName}, and take it from version control again.`,
    details: { folder },
  });

/** In words, why an entry cannot be what its source asks for. */
export function findStray({ source: text, resolved, version: locked }: Entry): string | undefined {
  const version = findOtherVersion(resolved, locked);
  if (version !== undefined) return version;
  // Only paks of registries have names by which others can depend on them.
  if (text === null)
    return resolved.type === "registry" ? undefined : `nothing asked for it, and it is of ${resolved.type}`;
  const source = parseLocked(text);
  if (source === undefined) return `its source "${text}" cannot be read`;
  const found = source.type === resolved.type ? findDifference(source, resolved, locked) : `a pak of ${resolved.type}`;
  return found === undefined ? undefined : `it asks for ${formatSource(source)}, and what it got is ${found}`;
}

/** A release is of the version that its tag names, and a package of its own. */
function findOtherVersion(origin: Origin, version: string | null): string | undefined {
  const said =
    origin.type === "registry" ? tagVersion(origin.tag, origin) : origin.type === "npm" ? origin.version : undefined;
  if (said === undefined || said === version) return undefined;
  const what = origin.type === "registry" ? `the tag ${origin.tag}` : `${said} of ${placeOf(origin)}`;
  return `it is ${version ?? "without a version"}, and what it got is ${what}`;
}

function parseLocked(text: string): Source | undefined {
  try {
    return parseSource(text);
  } catch (error) {
    if (isPaksError(error)) return undefined;
    throw error;
  }
}

function findDifference(source: Source, origin: Origin, version: string | null): string | undefined {
  if (source.type === "registry" && origin.type === "registry") return differsFromRelease(source, origin);
  if (source.type === "git" && origin.type === "git") return differsInGit(source, origin, version);
  if (source.type === "npm" && origin.type === "npm") return differsOnNpm(source, origin);
  if (source.type === "local" && origin.type === "local")
    return isFolder(source.path, origin.path) ? undefined : `the folder ${origin.path || "."}`;
  return undefined;
}

function differsFromRelease(source: Extract<Source, { type: "registry" }>, origin: RegistryOrigin): string | undefined {
  if (formatPakId(source) !== formatPakId(origin)) return formatPakId(origin);
  return fitsSelector(origin.version, source.selector) ? undefined : `version ${origin.version}`;
}

const fitsSelector = (version: string, selector: string | undefined): boolean =>
  selectVersion([{ version, yanked: false }], selector) !== undefined;

function differsInGit(source: GitSource, origin: GitOrigin, version: string | null): string | undefined {
  if (source.url !== origin.repository) return `of the repository ${origin.repository}`;
  if (source.path !== undefined && source.path !== origin.path) return `in the folder ${origin.path || "."}`;
  return isPoint(source, origin, version) ? undefined : `at ${pointOf(origin)}`;
}

const pointOf = ({ tag, branch, commit }: GitOrigin): string =>
  tag === undefined ? (branch === undefined ? `commit ${commit}` : `branch ${branch}`) : `tag ${tag}`;

/** Whether the state that was found is one that the source's words can mean; what they name is read again at its fetch. */
function isPoint(source: GitSource, origin: GitOrigin, version: string | null): boolean {
  const { tag, branch, commit, path } = origin;
  const isUntagged = tag === undefined;
  if (source.tag !== undefined) return tag === source.tag;
  if (source.branch !== undefined) return isUntagged && branch === source.branch;
  if (source.commit !== undefined) return isUntagged && commit === source.commit;
  if (source.ref !== undefined) return [tag ?? branch, ...(isUntagged ? [commit] : [])].includes(source.ref);
  if (source.tree !== undefined) {
    const inside = path === "" ? "" : `/${path}`;
    return [tag ?? branch ?? commit, commit, "HEAD"].some((name) => isTree(source.tree!, name, inside));
  }
  // Without a selector it is the newest one, and which one that was only the repository can say.
  return source.version === undefined || isVersionTag(origin, { version, selector: source.version });
}

/** Where the address names no folder, the pak may be anywhere. */
const isTree = (tree: string, name: string, inside: string): boolean => tree === name || tree === `${name}${inside}`;

function isVersionTag(
  { tag, path }: GitOrigin,
  { version, selector }: { readonly version: string | null; readonly selector: string },
): boolean {
  if (tag === undefined) return false;
  const name = path.slice(path.lastIndexOf("/") + 1);
  const said = tagVersion(tag, { name, path }) ?? version;
  return said !== null && fitsSelector(said, selector);
}

function differsOnNpm(source: Extract<Source, { type: "npm" }>, origin: NpmOrigin): string | undefined {
  const { selector } = source;
  if (source.package !== origin.package) return `the package ${origin.package}`;
  if (source.path !== undefined && source.path !== origin.path) return `in the folder ${origin.path || "."}`;
  // A tag of npm (`next`) may be on any version.
  const isTag = selector === undefined || (/^[a-z]/.test(selector) && !isVersion(selector)) || !isRange(selector);
  return isTag || fitsSelector(origin.version, selector) ? undefined : `version ${origin.version}`;
}

/**
 * The folder that was named, or one in it: that it is the only pak there is seen where its files are read.
 * @param path relative to the workspace, of which only its reader knows where it is
 */
function isFolder(source: string, path: string): boolean {
  const folder = posix.normalize(source.replaceAll("\\", "/")).replace(/\/$/, "");
  const isElsewhere = folder.startsWith("../") || /^(?:\/|[A-Za-z]:)/.test(folder);
  const parts = path.split("/");
  const above = path === "" ? ["."] : parts.map((_part, index) => parts.slice(0, index + 1).join("/"));
  return above.some((one) => folder === one || (isElsewhere && folder.endsWith(`/${one}`)));
}

/** What `rollback` would put back must be another state of the same pak. */
function findOther({ resolved: before }: Entry, { resolved }: Entry): string | undefined {
  return isOfSamePlace(before, resolved) ? undefined : `it was of ${placeOf(before)}`;
}

/** Whether a pak can have come from both, one after the other. */
export const isOfSamePlace = (one: Origin, other: Origin): boolean => placeOf(one) === placeOf(other);

function placeOf(origin: Origin): string {
  if (origin.type === "registry") return formatPakId(origin);
  if (origin.type === "git") return origin.repository;
  return origin.type === "npm" ? `npm:${origin.package}` : `./${origin.path}`;
}
