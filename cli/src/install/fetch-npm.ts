import {
  PaksError,
  type NpmSource,
  type ReleaseFile,
  defaultLimits,
  describeFiles,
  formatSource,
  isPaksError,
  readPackageArchive,
  requireReleaseFiles,
} from "@paks/schema";
import type { Context } from "../context.ts";
import { type ListedPak, choosePak, describePaks } from "./choose-pak.ts";
import { discoverPaks } from "./discover.ts";
import type { Fetched } from "./fetched.ts";
import { readFetchedManifest } from "./fetched-manifest.ts";
import { type NpmRelease, fetchTarball, findNpmRegistry, findNpmRelease, publicNpmRegistry } from "./npm-registry.ts";
import type { PakTree } from "./pak-tree.ts";

type Fetching = Pick<Context, "config" | "home" | "fetch" | "signal">;

/**
 * One pak of an npm package. Its tarball is only read: no script of the package runs, and no dependency of it is looked at.
 * @throws PaksError those of `findNpmRelease`, `fetchTarball`, `readPackageArchive` and `choosePak`, and the rules for releases
 */
export async function fetchNpmSource(source: NpmSource, fetching: Fetching): Promise<Fetched> {
  const { release, files: all } = await fetchPackage(source, fetching);
  const path = await choosePak(treeOf(all), choosingFrom(source, release), { path: source.path });
  const files = filesIn(all, path);
  requireReleaseFiles(files);
  const { manifest, notes } = readFetchedManifest(files, path);
  return {
    name: manifest.name,
    account: undefined,
    version: release.version,
    digest: describeFiles(files).digest,
    origin: {
      type: "npm",
      registry: publicNpmRegistry,
      package: source.package,
      version: release.version,
      integrity: release.integrity,
      path,
    },
    files,
    manifest,
    notes: release.deprecated ? [...notes, `${source.package} ${release.version} is deprecated on npm.`] : notes,
  };
}

/** Every pak of a package. */
export async function listNpmPaks(source: NpmSource, fetching: Fetching): Promise<ListedPak[]> {
  const { files } = await fetchPackage(source, fetching);
  const tree = treeOf(files);
  return await describePaks(tree, await discoverPaks(tree));
}

async function fetchPackage(
  { package: name, selector }: NpmSource,
  fetching: Fetching,
): Promise<{ release: NpmRelease; files: ReleaseFile[] }> {
  const registry = await findNpmRegistry(name, fetching);
  const release = await findNpmRelease({ name, selector }, registry, fetching);
  const bytes = await fetchTarball(name, release, registry, fetching);
  return { release, files: await readNamed(bytes, `${name} ${release.version}`) };
}

/** Most packages hold no paks, and old ones are packed as no npm of today does it: it must be clear which one is meant. */
async function readNamed(bytes: Buffer, what: string): Promise<ReleaseFile[]> {
  try {
    return await readPackageArchive(bytes);
  } catch (error) {
    if (!isPaksError(error, "UNSAFE_ARCHIVE")) throw error;
    const { code, message, details, hint } = error;
    throw new PaksError(code, `${what} on npm cannot be read: ${message}`, {
      hint:
        hint ?? "Check that this package holds paks; another version of it, or its git repository, may be readable.",
      details,
      cause: error,
    });
  }
}

/**
 * The files of a folder of exactly this version and these bytes, as a lock has them.
 * @throws PaksError as `fetchNpmSource`; INTEGRITY_MISMATCH when the registry lists other bytes than were locked
 */
export async function fetchNpmFiles(
  place: { readonly package: string; readonly version: string; readonly integrity: string; readonly path: string },
  fetching: Fetching,
): Promise<{ readonly files: ReleaseFile[] }> {
  const { package: name, version, integrity, path } = place;
  const registry = await findNpmRegistry(name, fetching);
  const release = await findNpmRelease({ name, selector: version }, registry, fetching);
  const bytes = await fetchTarball(name, { ...release, integrity }, registry, fetching);
  const files = filesIn(await readPackageArchive(bytes), path);
  requireReleaseFiles(files);
  return { files };
}

function choosingFrom(source: NpmSource, { version }: NpmRelease) {
  return {
    where: `${source.package} ${version} on npm`,
    sourceOf: (path: string) => formatSource({ ...source, path }),
  };
}

function treeOf(files: readonly ReleaseFile[]): PakTree {
  const small = new Map(
    files.filter(({ bytes }) => bytes.length <= defaultLimits.manifestBytes).map((one) => [one.path, one.bytes]),
  );
  return {
    paths: files.map(({ path }) => path),
    read: (paths) =>
      Promise.resolve(
        new Map(
          paths.flatMap((path) => {
            const bytes = small.get(path);
            return bytes === undefined ? [] : [[path, bytes] as const];
          }),
        ),
      ),
  };
}

/** The files of one folder, with their names in it. */
export function filesIn(files: readonly ReleaseFile[], folder: string): ReleaseFile[] {
  const inside = folder === "" ? "" : `${folder}/`;
  return files
    .filter(({ path }) => path.startsWith(inside))
    .map((file) => ({ ...file, path: file.path.slice(inside.length) }));
}
