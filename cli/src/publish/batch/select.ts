import { basename, relative, resolve, sep } from "node:path";
import { objectMessage } from "@paks/git/work-tree";
import { findManifests, listReleaseTrailers, nearest, PaksError } from "@paks/schema";
import type { Context } from "../../context.ts";
import type { PublishOptions } from "../options.ts";
import type { WholeRepository } from "../repository-facts.ts";
import { readReleasedFolders } from "./released-folders.ts";
import { findLastRelease, type LastRelease, type TagIndex } from "./tag-index.ts";

export type Selection =
  | { readonly type: "all" }
  /** Those whose folder is not what their last release tag holds. */
  | { readonly type: "changed" }
  /** Folders or names, as typed. */
  | { readonly type: "named"; readonly paks: readonly string[] };

/** Folders of all paks of the repository. */
export const listPakFolders = ({ committed }: Pick<WholeRepository, "committed">): string[] =>
  [...new Set(findManifests(committed.map(({ path }) => path)).map(({ directory }) => directory))].sort();

function guessOf(pak: string, folders: readonly string[]): string {
  const near = nearest(
    pak,
    folders.map((folder) => basename(folder)),
  );
  return near === undefined ? "" : `Did you mean ${near}? `;
}

/** Folders of all paks of the repository, and its tags here and on the remote. */
export interface Releases {
  readonly paths: readonly string[];
  readonly tags: TagIndex;
}

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
    hint: `${guessOf(pak, folders)}Name its folder, or its name as the folder is called. Only what is committed counts.`,
  });
}

/**
 * Folders that are not what their last release was, and those that HEAD's commit prepared and that may not be out yet.
 * One process, however many paks there are. Tags are those of here and of the remote.
 * @throws PaksError TAG_NOT_FOUND when the remote's release tags were never fetched
 */
export async function selectChanged(
  { tree, status, folders, paths, tags }: Pick<WholeRepository, "tree" | "status" | "folders"> & Releases,
  options: PublishOptions,
): Promise<string[]> {
  const paks = paths.map((path) => {
    const name = basename(path);
    return { path, name, last: findLastRelease(tags, { name, path, prefix: options.tagPrefix }) };
  });
  const released = paks.flatMap(({ last, path }) => (last ? { commit: last.ref.commit, path } : []));
  const here = { commit: status.commit ?? "", path: "" };
  const { head, idOf } = await readReleasedFolders(tree, [here, ...released]);
  const top = idOf(here);
  const prepared = new Set(head ? listReleaseTrailers(objectMessage(head)).map(({ name }) => name) : []);
  const isChanged = ({ path, name, last }: (typeof paks)[number]): boolean => {
    if (!last || prepared.has(name)) return true;
    const { commit } = last.ref;
    const before = idOf({ commit, path });
    if (before === undefined) throw notFetched(last);
    const unfinished = commit === status.commit && options.bump === undefined;
    return unfinished || before !== (path === "" ? top : folders.get(path));
  };
  return paks.filter(isChanged).map(({ path }) => path);
}

const notFetched = ({ ref }: LastRelease): PaksError =>
  new PaksError("TAG_NOT_FOUND", `What ${ref.name.slice("refs/tags/".length)} released is not here to compare with.`, {
    hint: "git fetch --tags (in CI: check out with the whole history, fetch-depth: 0)",
  });
