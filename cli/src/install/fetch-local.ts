import { basename, join, resolve } from "node:path";
import { pathToFileURL } from "node:url";
import { PaksError, describeFiles } from "@paks/schema";
import type { ListedPak } from "./choose-pak.ts";
import type { Fetched } from "./fetched.ts";
import { readFetchedManifest } from "./fetched-manifest.ts";
import { readFolder } from "./read-folder.ts";

/**
 * A folder of this machine, copied as it is. No git runs in it. Where it is no pak itself, the only one below it is meant.
 * @throws PaksError MANIFEST_MISSING, AMBIGUOUS_MANIFEST, UNSAFE_PATH and the codes of the rules for releases
 */
export async function fetchLocalSource(path: string, cwd: string): Promise<Fetched> {
  const folder = await findLocal(resolve(cwd, path), path);
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
  const { isBareRepository, isPakFolder, openLocalTree } = await import("./local-tree.ts");
  if (await isPakFolder(root)) return root;
  if (await isBareRepository(root)) throw bareRepository(root);
  const { choosePak } = await import("./choose-pak.ts");
  const chosen = await choosePak(await openLocalTree(root), {
    where: root,
    sourceOf: (folder) => `${path.replace(/[\\/]$/, "")}/${folder}`,
  });
  return join(root, chosen);
}

const bareRepository = (root: string): PaksError =>
  new PaksError("MANIFEST_MISSING", `There is no SKILL.md in ${root}, which is a git repository without a work tree.`, {
    hint: `Install what is committed there: paks install ${pathToFileURL(root).href}`,
  });

/** Every pak at or below a folder. */
export async function listLocalPaks(path: string, cwd: string): Promise<ListedPak[]> {
  const { isBareRepository, openLocalTree } = await import("./local-tree.ts");
  if (await isBareRepository(resolve(cwd, path))) throw bareRepository(resolve(cwd, path));
  const { discoverPaks } = await import("./discover.ts");
  const { describePaks } = await import("./choose-pak.ts");
  const tree = await openLocalTree(resolve(cwd, path));
  return await describePaks(tree, await discoverPaks(tree));
}
