import { isAbsolute } from "node:path";
import {
  type GitOrigin,
  type LocalOrigin,
  type NpmOrigin,
  type Origin,
  PaksError,
  type RegistryOrigin,
  type Source,
  compareVersions,
  formatPakId,
  formatSource,
  isVersion,
  parseSource,
  selectVersion,
  tagVersion,
} from "@paks/schema";
import type { ListedRefs } from "@paks/git";
import type { Context } from "../context.ts";
import { pakGone, requireUpdatingRegistry } from "../install/locked-registry.ts";
import { findRegistryWish } from "../workspace/open-workspace.ts";
import { requireTypedSource } from "../workspace/typed-repositories.ts";
import type { ListRow } from "./list-paks.ts";

/**
 * What a newer state of a pak would be that no lock knows: only the record of its install says where it is from, not
 * what was asked for. So what has versions follows the newest stable one, a branch the branch and a folder the folder.
 */
export type Newer =
  /** A commit, or a tag that names no version, never becomes another one. */
  | { readonly state: "fixed" }
  /** `latest`: the newest stable version there is; null where there are no versions. */
  | { readonly state: "current"; readonly latest: string | null }
  /** `version` is absent where only the files tell whether they are others. */
  | { readonly state: "newer"; readonly text: string; readonly version: string | undefined };

export type FindNewer = (row: ListRow) => Promise<Newer>;

/**
 * Asks each repository for its refs once.
 * @throws PaksError PROTOCOL_NOT_ALLOWED for what lies on this machine and was never named; REF_NOT_FOUND for a branch
 *   and TAG_NOT_FOUND for a tag that is gone; INTEGRITY_MISMATCH for a record that cannot be right; LOCKFILE_MISMATCH for one of another registry than
 *   the name is looked up in; those of asking
 */
export function openNewer(context: Context): FindNewer {
  const listed = new Map<string, Promise<ListedRefs>>();
  const refsOf = (url: string): Promise<ListedRefs> => {
    const refs = listed.get(url) ?? listRefs(context, url);
    listed.set(url, refs);
    return refs;
  };
  let wished: Promise<string | undefined> | undefined;
  const findWish = () => (wished ??= findRegistryWish(context));
  return async (row) => {
    const { pak, folder, place } = row;
    if (pak?.record.origin.type === "registry")
      return await newerRelease(context, pak.record.origin, row.place.locked ? await findWish() : undefined);
    // Only what a registry gave lies below an account.
    if (pak === undefined || folder.includes("/")) throw impossible(folder);
    const { origin, name } = pak.record;
    const source = sourceOf(origin, folder);
    await requireTypedSource(context, source, place.locked ? place.root : place.skillsFolder);
    if (origin.type === "git") return await newerInGit({ origin, name }, refsOf);
    if (origin.type === "npm") return await newerOnNpm(context, origin);
    return { state: "newer", text: formatSource(source), version: undefined };
  };
}

/** A withdrawn version is left for the newest one, also where that is older. */
async function newerRelease(context: Context, origin: RegistryOrigin, wish: string | undefined): Promise<Newer> {
  const text = formatPakId(origin);
  // A newer one is installed from where the name is looked up; nobody else's versions say what that will be.
  const registry = requireUpdatingRegistry(origin, context, { wish, isLocked: false });
  const all = await registry.listVersions(origin);
  if (all.length === 0) throw pakGone(origin, false);
  const versions = all.filter(({ version }) => isVersion(version));
  const latest = selectVersion(versions)?.version;
  const isYanked = versions.some(({ version, yanked }) => yanked && version === origin.version);
  if (isYanked && latest !== undefined) return { state: "newer", text, version: latest };
  return compare(origin.version, latest, () => text);
}

/** As it will be read again when it is asked for: a record says anything. */
function sourceOf(origin: Origin, folder: string): Exclude<Source, { readonly type: "registry" }> {
  if (origin.type === "registry" || (origin.type === "local" && !isAbsolute(origin.path))) throw impossible(folder);
  const source = parseSource(textOf(origin));
  const isSame = source.type === origin.type && (source.type !== "git" || source.url === repositoryOf(origin));
  if (source.type === "registry" || !isSame) throw impossible(folder);
  return source;
}

const repositoryOf = (origin: Origin): string | undefined => (origin.type === "git" ? origin.repository : undefined);

/** Where it came from, without the state. */
function textOf(origin: GitOrigin | NpmOrigin | LocalOrigin, state: { tag?: string; branch?: string } = {}): string {
  if (origin.type === "local") return origin.path;
  const { path } = origin;
  if (origin.type === "git") return formatSource({ type: "git", url: origin.repository, ...state, path });
  return formatSource({ type: "npm", package: origin.package, path });
}

async function listRefs(context: Context, url: string): Promise<ListedRefs> {
  const { openGitReader } = await import("../install/git-reader.ts");
  return await (await openGitReader(url, context)).listRefs();
}

interface InGit {
  readonly origin: GitOrigin;
  readonly name: string;
}

async function newerInGit({ origin, name }: InGit, refsOf: (url: string) => Promise<ListedRefs>): Promise<Newer> {
  const { repository, path, tag, branch, commit } = origin;
  if (tag === undefined && branch === undefined) return { state: "fixed" };
  const current = tag === undefined ? undefined : tagVersion(tag, { name, path });
  if (tag !== undefined && current === undefined) return { state: "fixed" };
  const { tags, branches } = await refsOf(repository);
  if (current === undefined) {
    const found = branches.find((one) => one.branch === branch);
    if (found === undefined) throw branchGone(repository, branch!);
    if (found.commit === commit) return { state: "current", latest: null };
    return { state: "newer", text: textOf(origin, { branch: branch! }), version: undefined };
  }
  const { newestTag } = await import("../install/git-point.ts");
  const newest = newestTag(
    tags.map((one) => one.tag),
    { name, path },
  );
  if (newest === undefined && !tags.some((one) => one.tag === tag)) throw tagGone(repository, tag!);
  const latest = newest === undefined ? undefined : tagVersion(newest, { name, path });
  return compare(current, latest, () => textOf(origin, { tag: newest! }));
}

async function newerOnNpm(context: Context, origin: NpmOrigin): Promise<Newer> {
  const { findNpmRegistry, findNpmRelease } = await import("../install/npm-registry.ts");
  const { package: name, version: current, path } = origin;
  const { version } = await findNpmRelease({ name }, await findNpmRegistry(name, context), context);
  return compare(current, version, () => formatSource({ type: "npm", package: name, selector: version, path }));
}

/** A version that is only another one is not newer: nobody is taken back from a prerelease. */
function compare(current: string, latest: string | undefined, textOfLatest: () => string): Newer {
  if (latest === undefined || !isVersion(latest) || compareVersions(latest, current) <= 0)
    return { state: "current", latest: latest ?? null };
  return { state: "newer", text: textOfLatest(), version: latest };
}

const branchGone = (repository: string, branch: string): PaksError =>
  new PaksError("REF_NOT_FOUND", `${repository} no longer has the branch ${branch}.`, {
    hint: "What is installed stays as it is. Install it again from another branch or a tag.",
    details: { repository, branch },
  });

const tagGone = (repository: string, tag: string): PaksError =>
  new PaksError("TAG_NOT_FOUND", `${repository} no longer has the tag ${tag}, nor another of a release.`, {
    hint: "What is installed stays as it is. Ask the author, or install it again from a branch.",
    details: { repository, tag },
  });

const impossible = (folder: string): PaksError =>
  new PaksError("INTEGRITY_MISMATCH", `The record of ${folder} names an origin that cannot be right.`, {
    hint: "Install it again from its source with --force.",
  });
