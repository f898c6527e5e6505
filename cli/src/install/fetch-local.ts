import { basename, isAbsolute, join, relative, resolve, sep } from "node:path";
import { pathToFileURL } from "node:url";
import { type ErrorDetails, PaksError, type ReleaseFile, describeFiles, isPaksError } from "@paks/schema";
import type { ListedPak } from "./choose-pak.ts";
import type { Fetched } from "./fetched.ts";
import { readFetchedManifest } from "./fetched-manifest.ts";
import { readFolder } from "./read-folder.ts";
import { requireSourceInside } from "./require-inside.ts";

/**
 * A folder of this machine, copied as it is. No git runs in it. Where it is no pak itself, the only one below it is meant.
 * @throws PaksError MANIFEST_MISSING, AMBIGUOUS_MANIFEST, UNSAFE_PATH and the codes of the rules for releases
 */
export async function fetchLocalSource(path: string, cwd: string): Promise<Fetched> {
  const folder = resolve(cwd, await narrowFolder(path, cwd));
  const files = await readFolder(folder);
  const { manifest, notes } = readManifestIn(folder, files, cwd);
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

/** Among several folders, and below one, `SKILL.md` alone does not say which one cannot be read. */
function readManifestIn(folder: string, files: readonly ReleaseFile[], cwd: string) {
  try {
    return readFetchedManifest(files, basename(folder));
  } catch (error) {
    if (!isPaksError(error) || error.details === undefined) throw error;
    const below = relative(cwd, folder);
    const inside = below.startsWith("..") || isAbsolute(below) ? folder : below;
    const { code, message, hint, details } = error;
    throw new PaksError(code, message, { hint, details: placedIn(inside, details), cause: error });
  }
}

/** What a manifest's reader says of a file, and of each finding, with the folder in front. */
function placedIn(folder: string, details: ErrorDetails): ErrorDetails {
  const place = <T extends object>(of: T): T =>
    "path" in of && typeof of.path === "string" ? { ...of, path: join(folder, of.path).replaceAll(sep, "/") } : of;
  const findings: unknown = details["findings"];
  return { ...place(details), ...(Array.isArray(findings) && { findings: findings.map(place) }) };
}

/**
 * A folder that `paks.jsonc` or the lock names. What comes with a clone must really be in it, wherever its links lead.
 * @param root folder of the workspace
 * @throws PaksError UNSAFE_TARGET and what `fetchLocalSource` throws
 */
export async function fetchOwnFolder(path: string, root: string): Promise<Fetched> {
  await requireSourceInside(resolve(root, path), root);
  try {
    return await fetchLocalSource(path, root);
  } catch (error) {
    if (!isPaksError(error, "AMBIGUOUS_MANIFEST") || !Array.isArray(error.details?.["sources"])) throw error;
    const { code, message, details } = error;
    const [first] = details["sources"] as readonly string[];
    throw new PaksError(code, message, {
      hint: `Write the ones that are meant into paks.jsonc in the place of ${path}, for example ${first}, then run \`paks install\`.`,
      details,
      cause: error,
    });
  }
}

/**
 * The folder of the pak that a folder means: itself, or the only one below it; as the path was written.
 * @throws PaksError MANIFEST_MISSING, AMBIGUOUS_MANIFEST with `details.paths`
 */
export async function narrowFolder(path: string, cwd: string): Promise<string> {
  const root = resolve(cwd, path);
  const { isBareRepository, isPakFolder, openLocalTree } = await import("./local-tree.ts");
  if (await isPakFolder(root)) return path;
  if (await isBareRepository(root)) throw bareRepository(root);
  const { choosePak } = await import("./choose-pak.ts");
  const sourceOf = (folder: string) => `${path.replace(/[\\/]$/, "")}/${folder}`;
  const chosen = await choosePak(await openLocalTree(root), { where: root, sourceOf });
  return chosen === "" ? path : sourceOf(chosen);
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
