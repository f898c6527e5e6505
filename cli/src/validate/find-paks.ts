import { readdir } from "node:fs/promises";
import { dirname, join, resolve } from "node:path";
import { PaksError, checkManifestPlaces, fileSystemError, findManifests } from "@paks/schema";
import type { Finding } from "@paks/schema";
import { inOrder } from "../in-order.ts";
import { findFolder, unreadableAt } from "../validate-pak.ts";

const passOver = new Set([".git", "node_modules"]);
const recordFolder = ".paks";
/** Far above any repository of skills; a home folder by mistake ends here. */
const maxFolders = 50_000;

export interface FoundPaks {
  /** Absolute. */
  readonly root: string;
  /** Folders of the paks, relative to the root with `/`, sorted; "" is the root. */
  readonly folders: readonly string[];
  readonly findings: readonly Finding[];
}

/**
 * Every pak at or below a folder, without those that were installed there: their authors are others. Links are not
 * followed.
 * @throws PaksError NOT_FOUND; MANIFEST_MISSING when there is none; TOO_MANY_FILES
 */
export async function findPaks(path: string, cwd: string): Promise<FoundPaks> {
  const root = await findFolder(resolve(cwd, path));
  const { files, installed, unread } = await walk(root);
  const places = findManifests(files).filter(({ directory }) => !installed.has(directory));
  const folders = [...new Set(places.map(({ directory }) => directory))].toSorted();
  if (folders.length === 0) throw noPaks(root);
  return {
    root,
    folders,
    findings: [...checkManifestPlaces(places), ...unread.filter((one) => !isInside(one, folders))],
  };
}

/** Then the pak's own check tells it. */
const isInside = ({ path = "" }: Finding, folders: readonly string[]): boolean =>
  folders.some((folder) => folder === "" || path.startsWith(`${folder}/`));

export const noPaks = (root: string): PaksError =>
  new PaksError("MANIFEST_MISSING", `There is no SKILL.md in ${root} or below.`, {
    hint: "Name the folder that holds the paks.",
    details: { path: root },
  });

interface Walked {
  readonly files: string[];
  readonly installed: Set<string>;
  /** Folders that nobody can look into; what is elsewhere is judged all the same. */
  readonly unread: Finding[];
}

async function walk(root: string): Promise<Walked> {
  const unread: Finding[] = [];
  const files: string[] = [];
  const installed = new Set<string>();
  const open = [""];
  let seen = 0;
  for (let below = open.pop(); below !== undefined; below = open.pop()) {
    seen += 1;
    if (seen > maxFolders) throw tooMany(root);
    for (const entry of await listOrNote(root, below, unread)) {
      const path = below === "" ? entry.name : `${below}/${entry.name}`;
      if (!entry.isDirectory()) files.push(path);
      else if (entry.name === recordFolder) await addInstalled(root, path, installed);
      else if (!passOver.has(entry.name)) open.push(path);
    }
  }
  return { files, installed, unread };
}

async function listOrNote(root: string, below: string, unread: Finding[]) {
  try {
    return inOrder(await readdir(join(root, below), { withFileTypes: true }));
  } catch (error) {
    if (below === "") throw fileSystemError(error, root) ?? error;
    unread.push(unreadableAt(below, error));
    return [];
  }
}

/** An install leaves `.paks/<folder>.json` beside each folder that it made. */
async function addInstalled(root: string, records: string, installed: Set<string>): Promise<void> {
  const parent = dirname(records) === "." ? "" : `${dirname(records)}/`;
  for (const { name } of await list(join(root, records))) {
    if (name.endsWith(".json")) installed.add(`${parent}${name.slice(0, -5)}`);
  }
}

async function list(folder: string) {
  try {
    return await readdir(folder, { withFileTypes: true });
  } catch (error) {
    throw fileSystemError(error, folder) ?? error;
  }
}

const tooMany = (root: string): PaksError =>
  new PaksError("TOO_MANY_FILES", `${root} has more than ${maxFolders} folders.`, {
    hint: "Name the folder that holds the paks.",
    details: { path: root },
  });
