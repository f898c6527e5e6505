import { lstat, readFile, readdir } from "node:fs/promises";
import { join } from "node:path";
import { PaksError, defaultLimits, fileSystemError, findManifests, isMissing, systemErrorCode } from "@paks/schema";
import { inOrder } from "../in-order.ts";
import type { PakTree } from "./pak-tree.ts";
import { unreadable } from "./read-folder.ts";

const passedOver = new Set([".git", "node_modules"]);

/** Whether a manifest lies in the folder itself. A folder that cannot be read is left to who reads its files. */
export async function isPakFolder(folder: string): Promise<boolean> {
  const names = await readdir(folder).catch((error: unknown) => {
    if (isMissing(error) || systemErrorCode(error) === "EACCES") return ["SKILL.md"];
    throw error;
  });
  return findManifests(names).length > 0;
}

/** A repository without a work tree has no files of its own, only git's. A folder that cannot be read is none. */
export async function isBareRepository(folder: string): Promise<boolean> {
  const entries = await readdir(folder, { withFileTypes: true }).catch((error: unknown) => {
    if (systemErrorCode(error) === undefined) throw error;
    return [];
  });
  const has = (name: string, isFolder: boolean) =>
    entries.some((entry) => entry.name === name && entry.isDirectory() === isFolder);
  return has("HEAD", false) && has("config", false) && has("objects", true) && has("refs", true);
}

/**
 * The regular files below a folder. Links are not followed.
 * @throws PaksError TOO_MANY_FILES for a home folder by mistake
 */
export async function openLocalTree(root: string): Promise<PakTree> {
  const paths: string[] = [];
  const open = [""];
  for (let below = open.pop(); below !== undefined; below = open.pop()) {
    for (const entry of await list(join(root, below))) {
      const path = below === "" ? entry.name : `${below}/${entry.name}`;
      if (entry.isFile()) paths.push(path);
      else if (entry.isDirectory() && !passedOver.has(entry.name)) open.push(path);
    }
    if (paths.length + open.length > defaultLimits.treeEntries) throw tooMany(root);
  }
  return { paths, read: (wanted) => readSmall(root, wanted) };
}

async function list(folder: string) {
  try {
    return inOrder(await readdir(folder, { withFileTypes: true }));
  } catch (error) {
    if (isMissing(error)) throw unreadable(folder, error);
    throw fileSystemError(error, folder) ?? error;
  }
}

async function readSmall(root: string, paths: readonly string[]): Promise<Map<string, Uint8Array>> {
  const found = new Map<string, Uint8Array>();
  for (const path of paths) {
    const facts = await lstat(join(root, path)).catch((error: unknown) => {
      if (isMissing(error)) return undefined;
      throw error;
    });
    if (facts?.isFile() && facts.size <= defaultLimits.manifestBytes) found.set(path, await readFile(join(root, path)));
  }
  return found;
}

const tooMany = (root: string): PaksError =>
  new PaksError("TOO_MANY_FILES", `${root} holds more than ${defaultLimits.treeEntries} files.`, {
    hint: "Name the folder that holds the paks.",
    details: { path: root },
  });
