import { realpath } from "node:fs/promises";
import { basename, join, relative, resolve, sep } from "node:path";
import { PaksError, describeFiles, parseFolder } from "@paks/schema";
import type { ListedPak } from "./choose-pak.ts";
import type { Fetched } from "./fetched.ts";
import { readFetchedManifest } from "./fetched-manifest.ts";
import { readFolder } from "./read-folder.ts";

/**
 * A folder of this machine, copied as it is. No git runs in it. Where it is no pak itself, the only one below it is meant.
 * @param inner folder below, with `/`
 * @throws PaksError MANIFEST_MISSING, AMBIGUOUS_MANIFEST, UNSAFE_PATH and the codes of the rules for releases
 */
export async function fetchLocalSource(path: string, cwd: string, inner?: string): Promise<Fetched> {
  const root = resolve(cwd, path);
  const folder = inner === undefined ? await findLocal(root, path) : await folderInside(root, inner);
  const files = await readFolder(folder);
  const { manifest, notes } = readFetchedManifest(files, basename(folder));
  return {
    name: manifest.name,
    account: undefined,
    version: manifest.version ?? null,
    digest: describeFiles(files).digest,
    origin: { type: "local", path: folder },
    files,
    manifest,
    notes,
  };
}

async function findLocal(root: string, path: string): Promise<string> {
  const { isPakFolder, openLocalTree } = await import("./local-tree.ts");
  if (await isPakFolder(root)) return root;
  const { choosePak } = await import("./choose-pak.ts");
  const chosen = await choosePak(await openLocalTree(root), {
    where: root,
    sourceOf: (folder) => `${path.replace(/[\\/]$/, "")}/${folder}`,
  });
  return join(root, chosen);
}

/** Links on the way may not lead out of the folder that the user named. */
async function folderInside(root: string, inner: string): Promise<string> {
  const folder = join(root, parseFolder(inner));
  const [realRoot, real] = await Promise.all([root, folder].map((one) => realpath(one).catch(missing(one))));
  const way = relative(realRoot!, real!);
  if (way !== ".." && !way.startsWith(`..${sep}`) && resolve(realRoot!, way) === real) return folder;
  throw new PaksError("UNSAFE_PATH", `${inner} leads out of ${root}.`, { hint: "Name the folder itself." });
}

const missing = (path: string) => (cause: NodeJS.ErrnoException) => {
  if (cause.code !== "ENOENT" && cause.code !== "ENOTDIR") throw cause;
  throw new PaksError("MANIFEST_MISSING", `${path} is not a folder that can be read.`, { cause, details: { path } });
};

/** Every pak at or below a folder. */
export async function listLocalPaks(path: string, cwd: string): Promise<ListedPak[]> {
  const { openLocalTree } = await import("./local-tree.ts");
  const { discoverPaks } = await import("./discover.ts");
  const { describePaks } = await import("./choose-pak.ts");
  const tree = await openLocalTree(resolve(cwd, path));
  return await describePaks(tree, await discoverPaks(tree));
}
