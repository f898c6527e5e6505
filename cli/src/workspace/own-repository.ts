import { type Dirent, lstatSync, readdirSync, statSync } from "node:fs";
import { join } from "node:path";
import { systemErrorCode } from "@paks/schema";
import { isInside } from "../install/require-inside.ts";

/** What git appends to a path to find the repository: the first that is one is taken, so that all have to be good. */
const endings = ["/.git", "", ".git/.git", ".git"];

/** What serving a repository never reads. */
const unread = new Set(["hooks", "lfs", "modules", "worktrees"]);

/**
 * Whether all that git would read for this path lies in `root`. That the path does is not enough: a clone can hold a
 * link, or a few small files by which git takes refs and objects from another repository of this machine.
 * @param path absolute
 */
export async function isRepositoryInside(path: string, root: string): Promise<boolean> {
  if (!(await isInside(path, root))) return false;
  for (const ending of endings) {
    const folder = `${path.replace(/[\\/]+$/, "")}${ending}`;
    const kind = kindOf(folder);
    if (kind === undefined || (kind === "folder" && kindOf(join(folder, "HEAD")) === undefined)) continue;
    // A file in its place names another folder.
    if (kind === "file" || !(await isInside(folder, root)) || !isWhole(folder)) return false;
  }
  return true;
}

function isWhole(folder: string): boolean {
  const borrowed = [join(folder, "commondir"), join(folder, "objects", "info", "alternates")];
  return borrowed.every((file) => kindOf(file) === undefined) && holdsNoLink(folder, unread);
}

function holdsNoLink(folder: string, except: ReadonlySet<string>): boolean {
  const entries = unlessGone(() => readdirSync(folder, { withFileTypes: true })) ?? [];
  const isGood = (entry: Dirent) =>
    !entry.isSymbolicLink() && (!entry.isDirectory() || holdsNoLink(join(folder, entry.name), new Set()));
  return entries.every((entry) => except.has(entry.name) || isGood(entry));
}

/** A link to a folder is one: where it leads is judged by its real place. Every other link is a file, as to git. */
function kindOf(path: string): "folder" | "file" | undefined {
  const facts = unlessGone(() => lstatSync(path, { throwIfNoEntry: false }));
  if (facts === undefined) return undefined;
  return facts.isDirectory() || (facts.isSymbolicLink() && leadsToFolder(path)) ? "folder" : "file";
}

function leadsToFolder(link: string): boolean {
  try {
    return statSync(link).isDirectory();
  } catch (error) {
    // It leads nowhere, or in a circle.
    if (systemErrorCode(error) === undefined) throw error;
    return false;
  }
}

function unlessGone<T>(read: () => T): T | undefined {
  try {
    return read();
  } catch (error) {
    if (!["ENOENT", "ENOTDIR"].includes(systemErrorCode(error) ?? "")) throw error;
    return undefined;
  }
}
