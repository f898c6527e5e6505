import { basename, relative, resolve, sep } from "node:path";
import { objectMessage, readObjectIds, readObjects, type RefFact } from "@paks/git/work-tree";
import { findManifests, listReleaseTrailers, PaksError } from "@paks/schema";
import type { Context } from "../../context.ts";
import type { PublishOptions } from "../options.ts";
import type { WholeRepository } from "../repository-facts.ts";
import { findLastRelease, indexTags, type LastRelease } from "./tag-index.ts";

export type Selection =
  | { readonly type: "all" }
  /** Those whose folder is not what their last release tag holds. */
  | { readonly type: "changed" }
  /** Folders or names, as typed. */
  | { readonly type: "named"; readonly paks: readonly string[] };

/** Folders of all paks of the repository. */
export const listPakFolders = ({ committed }: Pick<WholeRepository, "committed">): string[] =>
  [...new Set(findManifests(committed.map(({ path }) => path)).map(({ directory }) => directory))].sort();

/** The folders that are meant. @throws PaksError MANIFEST_MISSING; AMBIGUOUS_MANIFEST when two paks have that name */
export function selectNamed(context: Context, whole: WholeRepository, paks: readonly string[]): string[] {
  const folders = listPakFolders(whole);
  return [...new Set(paks.map((pak) => findFolderOf(context, whole, { pak, folders })))];
}

function findFolderOf(
  context: Context,
  { place }: WholeRepository,
  { pak, folders }: { readonly pak: string; readonly folders: readonly string[] },
): string {
  const path = relative(place.root, resolve(context.cwd, pak)).split(sep).join("/");
  if (folders.includes(path)) return path;
  const named = folders.filter((folder) => folder === pak || basename(folder) === pak);
  if (named.length === 1) return named[0]!;
  if (named.length > 1) {
    throw new PaksError("AMBIGUOUS_MANIFEST", `Several paks are called ${pak}: ${named.join(", ")}.`, {
      hint: "Name the folder.",
    });
  }
  throw new PaksError("MANIFEST_MISSING", `There is no pak ${pak} in ${place.root}.`, {
    hint: "Name its folder, or its name as the folder is called. Only what is committed counts.",
  });
}

/**
 * Folders that are not what their last release was, and those that HEAD's commit prepared and that may not be out yet.
 * Two processes, however many paks there are. Tags are those of here and of the remote.
 * @throws PaksError TAG_NOT_FOUND when the remote's release tags were never fetched
 */
export async function selectChanged(
  whole: WholeRepository,
  remoteRefs: readonly RefFact[],
  options: PublishOptions,
): Promise<string[]> {
  const refs = [...new Map([...remoteRefs, ...whole.refs].map((ref) => [ref.name, ref])).values()];
  const index = indexTags(refs);
  const prefix = options.tagPrefix;
  const prefixed = prefix === undefined ? [] : refs.filter(({ name }) => name.startsWith(`refs/tags/${prefix}`));
  const paks = listPakFolders(whole).map((path) => {
    const name = basename(path);
    return { path, name, last: findLastRelease(index, { name, path, prefix }, prefixed) };
  });
  const released = paks.flatMap(({ last, path }) => (last ? [nameOf(last, path), `${last.ref.commit}^{tree}`] : []));
  const [oids, head] = await Promise.all([
    readObjectIds(whole.tree, [...new Set(released), "HEAD^{tree}"]),
    readObjects(whole.tree, ["HEAD"], 1024 * 1024),
  ]);
  const commit = head.get("HEAD");
  const prepared = new Set(commit ? listReleaseTrailers(objectMessage(commit)).map(({ name }) => name) : []);
  const isChanged = ({ path, name, last }: (typeof paks)[number]): boolean => {
    if (!last || prepared.has(name)) return true;
    if (!oids.has(`${last.ref.commit}^{tree}`)) throw notFetched(last);
    const unfinished = last.ref.commit === whole.status.commit && options.bump === undefined;
    const now = path === "" ? oids.get("HEAD^{tree}") : whole.folders.get(path);
    return unfinished || oids.get(nameOf(last, path)) !== now;
  };
  return paks.filter(isChanged).map(({ path }) => path);
}

const nameOf = ({ ref }: LastRelease, path: string): string =>
  path === "" ? `${ref.commit}^{tree}` : `${ref.commit}:${path}`;

const notFetched = ({ ref }: LastRelease): PaksError =>
  new PaksError("TAG_NOT_FOUND", `What ${ref.name.slice("refs/tags/".length)} released is not here to compare with.`, {
    hint: "git fetch --tags (in CI: check out with the whole history, fetch-depth: 0)",
  });
