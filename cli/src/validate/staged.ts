import { basename, join, resolve } from "node:path";
import { type IndexEntry, readIndex } from "@paks/git";
import { readObjects } from "@paks/git/work-tree";
import { type Finding, PaksError, checkManifestPlaces, defaultLimits, findManifests, isPaksError } from "@paks/schema";
import type { Context } from "../context.ts";
import { type PakContent, directoryOf, findFolder, tooLarge } from "../validate-pak.ts";
import { noPaks } from "./find-paks.ts";

/** Of all paks together. */
const maxBytes = 512 * 1024 * 1024;

export interface StagedPaks {
  /** Absolute. */
  readonly root: string;
  /** By folder relative to the root. */
  readonly paks: ReadonlyMap<string, PakContent>;
  readonly findings: readonly Finding[];
}

/**
 * Every pak at or below a folder as git would commit it now; none at all is an answer for "." only. The work tree is not
 * looked at.
 * @throws PaksError NOT_A_REPOSITORY, GIT_MISSING, MANIFEST_MISSING, TOO_LARGE, DIRTY_WORK_TREE
 */
export async function readStaged(context: Context, path: string): Promise<StagedPaks> {
  const { cwd, config, signal } = context;
  const root = await findFolder(resolve(cwd, path));
  const git = config.git.binary;
  const indexFile = config.variable("GIT_INDEX_FILE");
  const entries = await readIndex({
    dir: root,
    env: config.environment,
    // git starts hooks in the work tree's top folder and names the index from there.
    indexFile: indexFile === undefined ? undefined : resolve(cwd, indexFile),
    git,
    signal,
  });
  requireNoConflict(entries);
  const places = findManifests(entries.map((entry) => entry.path));
  // A hook of every repository must let those commit that have no pak; who names a folder means one.
  if (places.length === 0 && path !== ".") throw noPaks(root);
  const folders = [...new Set(places.map(({ directory }) => directory))].toSorted();
  const groups = groupByPak(entries, folders);
  const blobs = await readBlobs(context, root, groups);
  const rootName = await directoryOf(root);
  const paks = [...groups].map(([folder, own]): [string, PakContent] => [
    folder,
    contentOf({ folder: join(root, folder), directory: folder === "" ? rootName : basename(folder), own, blobs }),
  ]);
  return { root, paks: new Map(paks), findings: checkManifestPlaces(places) };
}

function requireNoConflict(entries: readonly IndexEntry[]): void {
  const open = entries.find(({ stage }) => stage !== 0);
  if (open === undefined) return;
  throw new PaksError("DIRTY_WORK_TREE", `${open.path} has a conflict that is not resolved.`, {
    hint: "Resolve it and git add the file.",
    details: { path: open.path },
  });
}

type Groups = ReadonlyMap<string, readonly IndexEntry[]>;

/** Nested paks belong to the outer one, too. */
function groupByPak(entries: readonly IndexEntry[], folders: readonly string[]): Groups {
  const groups = new Map<string, IndexEntry[]>(folders.map((folder) => [folder, []]));
  for (const entry of entries) {
    groups.get("")?.push(entry);
    for (let slash = entry.path.indexOf("/"); slash >= 0; slash = entry.path.indexOf("/", slash + 1)) {
      const group = groups.get(entry.path.slice(0, slash));
      group?.push({ ...entry, path: entry.path.slice(slash + 1) });
    }
  }
  return groups;
}

type Blobs = Awaited<ReturnType<typeof readObjects>>;

/** One process for all of them. */
async function readBlobs(context: Context, dir: string, groups: Groups): Promise<Blobs> {
  const { config, signal } = context;
  const git = config.git.binary === "git" ? undefined : config.git.binary;
  const own = [...groups.values()].flatMap((entries) => entries.slice(0, defaultLimits.files + 1));
  const oids = new Set(own.filter(({ mode }) => mode.startsWith("100")).map(({ oid }) => oid));
  if (oids.size === 0) return new Map();
  try {
    return await readObjects({ dir, env: config.environment, interactive: false, git, signal }, [...oids], maxBytes);
  } catch (error) {
    if (!isPaksError(error) || error.code !== "REPOSITORY_TOO_COMPLEX") throw error;
    throw new PaksError("TOO_LARGE", `What is staged has more than ${maxBytes} bytes.`, {
      hint: "Name one pak: paks validate --staged <folder>",
      cause: error,
    });
  }
}

interface Parts {
  readonly folder: string;
  readonly directory: string | undefined;
  readonly own: readonly IndexEntry[];
  readonly blobs: Blobs;
}

function contentOf({ folder, directory, own, blobs }: Parts): PakContent {
  const read = own.slice(0, defaultLimits.files + 1).flatMap(({ path, mode, oid }) => {
    const object = mode.startsWith("100") ? blobs.get(oid) : undefined;
    return object ? [{ path, executable: mode === "100755", bytes: object.bytes }] : [];
  });
  return {
    folder,
    directory,
    entries: own.map(({ path, mode }) => ({ path, mode })),
    files: read.filter(({ bytes }) => bytes.length <= defaultLimits.fileBytes),
    unreadable: read
      .filter(({ bytes }) => bytes.length > defaultLimits.fileBytes)
      .map(({ path, bytes }) => tooLarge(path, bytes.length, defaultLimits)),
  };
}
