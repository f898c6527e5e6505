import { PaksError, findManifests, parseFolder, readManifest } from "@paks/schema";
import { discoverPaks } from "./discover.ts";
import type { PakTree } from "./pak-tree.ts";

/** One line of `install --list`. */
export interface ListedPak {
  /** Folder; "" is the root. */
  readonly path: string;
  readonly name: string;
  readonly description: string;
  readonly version: string | null;
  /** Why it cannot be installed. */
  readonly problem?: string;
}

/** Where a choice is made, in words. */
export interface ChoosingFrom {
  /** For messages: `https://github.com/acme/skills at tag v1.0.0`. */
  readonly where: string;
  /** The source's text with this folder. */
  readonly sourceOf: (path: string) => string;
}

/**
 * The folder of the one pak that is meant: the one that was named, the root, or the only one.
 * @param prefer picks among several
 * @throws PaksError MANIFEST_MISSING, AMBIGUOUS_MANIFEST with `details.paths`
 */
export async function choosePak(
  tree: PakTree,
  from: ChoosingFrom,
  o: { readonly path?: string | undefined; readonly prefer?: (path: string) => boolean } = {},
): Promise<string> {
  if (o.path !== undefined) return await requirePak(tree, from, parseFolder(o.path));
  const found = await discoverPaks(tree);
  if (found.includes("")) return "";
  const preferred = o.prefer ? found.filter(o.prefer) : [];
  const candidates = await withoutInternal(tree, preferred.length > 0 ? preferred : found);
  const [only, second] = candidates;
  if (only === undefined) throw nothingThere(from);
  if (second === undefined) return only;
  throw new PaksError("AMBIGUOUS_MANIFEST", `${from.where} holds ${candidates.length} paks: ${shorten(candidates)}.`, {
    hint: `Name one, for example ${from.sourceOf(only)}, or see them all with --list.`,
    details: { paths: candidates, sources: candidates.map((path) => from.sourceOf(path)) },
  });
}

/** Those that are listed: what an author marks as internal is taken by its name only, or when there is nothing else. */
async function withoutInternal(tree: PakTree, folders: readonly string[]): Promise<readonly string[]> {
  if (folders.length < 2) return folders;
  const listed = (await describePaks(tree, folders)).map(({ path }) => path);
  return listed.length > 0 ? listed : folders;
}

const nothingThere = ({ where }: ChoosingFrom): PaksError =>
  new PaksError("MANIFEST_MISSING", `There is no SKILL.md in ${where}.`, {
    hint: "Give the address of a repository, package or folder that holds paks.",
  });

function shorten(paths: readonly string[]): string {
  const shown = paths.slice(0, 10).join(", ");
  return paths.length > 10 ? `${shown} and ${paths.length - 10} more` : shown;
}

/** A folder that was named need not be in a known place; it must hold a manifest. */
async function requirePak(tree: PakTree, from: ChoosingFrom, path: string): Promise<string> {
  const inside = path === "" ? "" : `${path}/`;
  if (tree.paths.some((one) => one.startsWith(inside) && isManifest(one.slice(inside.length)))) return path;
  const found = await discoverPaks(tree);
  const meant = found.filter((one) => one === path || one.endsWith(`/${path}`) || one.startsWith(inside));
  throw new PaksError("MANIFEST_MISSING", `There is no SKILL.md in the folder ${path || "."} of ${from.where}.`, {
    hint:
      meant[0] !== undefined
        ? `Did you mean ${from.sourceOf(meant[0])}?`
        : found.length > 0
          ? `It holds ${shorten(found)}.`
          : "Check the path; it is case-sensitive.",
    details: { path, paths: found },
  });
}

const isManifest = (name: string): boolean => findManifests([name])[0]?.directory === "";

/** What the manifests say of themselves; those that cannot be read are listed by their folder's name. */
export async function describePaks(tree: PakTree, folders: readonly string[]): Promise<ListedPak[]> {
  const wanted = new Set(folders);
  const manifests = tree.paths.filter((path) => {
    const slash = path.lastIndexOf("/");
    const name = path.slice(slash + 1);
    return wanted.has(path.slice(0, Math.max(slash, 0))) && (isManifest(name) || name === "skill.yaml");
  });
  const files = await tree.read(manifests);
  return folders.flatMap((path) => describe(path, files) ?? []);
}

function describe(path: string, files: ReadonlyMap<string, Uint8Array>): ListedPak | undefined {
  const inside = path === "" ? "" : `${path}/`;
  const own = [...files]
    .filter(([file]) => file.startsWith(inside) && !file.slice(inside.length).includes("/"))
    .map(([file, bytes]) => [file.slice(inside.length), bytes] as const);
  const directory = path.slice(path.lastIndexOf("/") + 1);
  const { manifest, findings } = readManifest(new Map(own), {
    profile: "lenient",
    directory: path === "" ? undefined : directory,
  });
  const error = findings.find(({ severity }) => severity === "error");
  const problem = error?.message ?? "The manifest cannot be read.";
  if (!manifest) return { path, name: directory, description: "", version: null, problem };
  // Marked by its author as not for others.
  if (manifest.metadata?.["internal"] === true) return undefined;
  const { name, description, version = null } = manifest;
  return { path, name, description, version, ...(error === undefined ? {} : { problem }) };
}
