import { type GitObject, listTreeEntries, readObjects, type WorkTree } from "@paks/git/work-tree";

/** A folder as a commit holds it; "" is the top. */
export interface FolderAt {
  readonly commit: string;
  readonly path: string;
}

export interface ReleasedFolders {
  /** HEAD's commit; none before the first. */
  readonly head: GitObject | undefined;
  /** Id of the folder's tree; "" when the commit has no such folder, `undefined` when the commit is not here. */
  readonly idOf: (folder: FolderAt) => string | undefined;
}

/**
 * Looks up folders in commits, in one process. Git walks down from the commit for each name that it is given, so
 * neighbours that were released together are read off the one tree that holds them.
 */
export async function readReleasedFolders(tree: WorkTree, folders: readonly FolderAt[]): Promise<ReleasedFolders> {
  const neighbours = new Map<string, number>();
  for (const folder of folders) neighbours.set(nameOfParent(folder), (neighbours.get(nameOfParent(folder)) ?? 0) + 1);
  const isAlone = (folder: FolderAt): boolean => neighbours.get(nameOfParent(folder)) === 1;
  const usable = folders.filter(({ path }) => !path.includes("\n"));
  const names = usable.flatMap((folder) => [
    folder.commit,
    ...(folder.path === "" ? [] : [isAlone(folder) ? nameOf(folder) : nameOfParent(folder)]),
  ]);
  const objects = await readObjects(tree, ["HEAD", ...new Set(names)], maxBytes);
  const listings = new Map<string, ReadonlyMap<string, string>>();
  const listingOf = (name: string): ReadonlyMap<string, string> => {
    const known = listings.get(name) ?? listTreeEntries(objects.get(name));
    listings.set(name, known);
    return known;
  };
  const idOf = (folder: FolderAt): string | undefined => {
    const commit = objects.get(folder.commit);
    if (commit?.type !== "commit") return undefined;
    if (folder.path === "") return /^tree ([0-9a-f]+)$/m.exec(commit.bytes.toString("latin1"))?.[1];
    if (isAlone(folder)) return objects.get(nameOf(folder))?.oid ?? "";
    return listingOf(nameOfParent(folder)).get(folder.path.slice(folder.path.lastIndexOf("/") + 1)) ?? "";
  };
  return { head: objects.get("HEAD"), idOf };
}

/** Trees of folders with tens of thousands of neighbours. */
const maxBytes = 256 * 1024 * 1024;

const nameOf = ({ commit, path }: FolderAt): string => `${commit}:${path}`;

const nameOfParent = ({ commit, path }: FolderAt): string =>
  `${commit}:${path.slice(0, Math.max(path.lastIndexOf("/"), 0))}`;
