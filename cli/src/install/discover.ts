import { findManifests } from "@paks/schema";
import { readPluginFolders } from "./discover-plugins.ts";
import { type PakTree, readJsonObject } from "./pak-tree.ts";

/** Beyond these nobody chooses from a list, and reading them would cost more than it says. */
const maxPaks = 1000;
const maxDepth = 6;

/**
 * Folders of the paks that somebody could mean, those of the best known places first; "" is the root. The layouts that
 * other tools look for are taken together; all of the tree is looked through only when none of them has anything.
 */
export async function discoverPaks(tree: PakTree): Promise<string[]> {
  const places = findManifests(tree.paths).map(({ directory }) => directory);
  const found = [...new Set(places)].filter((folder) => !isLeftOut(folder)).toSorted(byDepth);
  const listed = await readPluginFolders(tree, found);
  const known = found.filter((folder) => listed.has(folder) || isOwnPlace(folder));
  const shared = await withoutInstalled(tree, found.filter(isAgentPlace));
  const names = new Set(known.map(nameOf));
  // A tool's folder often holds a copy of what lies in `skills`.
  const all = [...known, ...shared.filter((folder) => !names.has(nameOf(folder)))];
  const chosen = all.length > 0 ? all : found.filter((folder) => depthOf(folder) <= maxDepth && !isAgentPlace(folder));
  return [...new Set(chosen)].slice(0, maxPaks);
}

const depthOf = (folder: string): number => (folder === "" ? 0 : folder.split("/").length);
const nameOf = (folder: string): string => folder.slice(folder.lastIndexOf("/") + 1);
const byDepth = (a: string, b: string): number => depthOf(a) - depthOf(b) || (a < b ? -1 : 1);

/** What tools make, and what is there to test something. */
const leftOut = new Set(["node_modules", "dist", "build", "__pycache__", ".git", ".paks"]);
const isLeftOut = (folder: string): boolean => folder.split("/").some((part) => leftOut.has(part));

/** The root, its folders, `skills/…` up to three folders deep, `plugins/<name>/skills/<name>`. */
const ownPlace = /^(?:|[^./][^/]*|skills(?:\/[^/]+){1,3}|plugins\/[^/]+(?:\/[^/]+)?\/skills\/[^/]+)$/;
const isOwnPlace = (folder: string): boolean => ownPlace.test(folder);

/** `.claude/skills/<name>`, `.agents/skills/<group>/<name>`, `.posit/assistant/skills/<name>`: what a tool reads. */
const isAgentPlace = (folder: string): boolean => /^\.[^/]+(?:\/[^/]+)?\/skills(?:\/[^/]+){1,3}$/.test(folder);

/** Of the tools' folders only what the repository wrote itself: what was installed there belongs to others. */
async function withoutInstalled(tree: PakTree, folders: readonly string[]): Promise<string[]> {
  if (folders.length === 0) return [];
  const records = new Set(tree.paths.filter((path) => /(?:^|\/)\.paks\/[^/]+\.json$/.test(path)));
  const locks = await tree.read(["skills-lock.json", "paks.lock"]);
  const names = new Set([
    ...keysOf(locks.get("skills-lock.json"), "skills"),
    ...keysOf(locks.get("paks.lock"), "paks"),
  ]);
  return folders.filter((folder) => {
    const parent = folder.slice(0, -nameOf(folder).length);
    return !names.has(nameOf(folder)) && !records.has(`${parent}.paks/${nameOf(folder)}.json`);
  });
}

function keysOf(bytes: Uint8Array | undefined, field: string): string[] {
  const value = readJsonObject(bytes)[field];
  return typeof value === "object" && value !== null ? Object.keys(value) : [];
}
