import { lstat, mkdir, readlink, realpath, rename, rm, symlink } from "node:fs/promises";
import { dirname, isAbsolute, join, relative, resolve } from "node:path";
import { PaksError, systemErrorCode } from "@paks/schema";
import { exists } from "./installed-state.ts";

/** Where a coding tool looks, and the link there that leads to the installed folder. */
export interface LinkPlan {
  readonly target: string;
  /** Absolute. */
  readonly path: string;
}

/** What stands where a link should be. */
type LinkState = "absent" | "ours" | "taken";

/**
 * Makes the links that are missing. What is in the way is refused (ALREADY_EXISTS), or moved to `backupOf(path)` with
 * `force`. Answers the paths of moved things.
 */
export async function makeLinks(
  links: readonly LinkPlan[],
  options: { readonly to: string; readonly force: boolean; readonly backupOf: (path: string) => string },
): Promise<string[]> {
  const moved: string[] = [];
  for (const link of links) {
    const state = await readLinkState(link.path, options.to);
    if (state === "ours") continue;
    if (state === "taken") {
      const backup = options.backupOf(link.path);
      await mkdir(dirname(backup), { recursive: true });
      await rename(link.path, backup);
      moved.push(backup);
    }
    await makeLink(link.path, options.to);
  }
  return moved;
}

/** Throws ALREADY_EXISTS when something else stands where a link should be; before anything is changed. */
export async function requireFreeLinks(links: readonly LinkPlan[], to: string): Promise<void> {
  for (const link of links) {
    if ((await readLinkState(link.path, to)) !== "taken") continue;
    throw new PaksError("ALREADY_EXISTS", `${link.path} is already there and was not made by this install.`, {
      hint: "Move it away, or run again with --force to keep a copy of it and put the link in its place.",
      details: { path: link.path, target: link.target },
    });
  }
}

/** Removes links that still lead to `to`; others belong to somebody else by now. */
export async function removeLinks(paths: readonly string[], to: string): Promise<void> {
  for (const path of paths) if ((await readLinkState(path, to)) === "ours") await rm(path);
}

async function readLinkState(path: string, to: string): Promise<LinkState> {
  try {
    if (!(await lstat(path)).isSymbolicLink()) return "taken";
  } catch (error) {
    if (systemErrorCode(error) === "ENOENT") return "absent";
    throw error;
  }
  const value = await readlink(path);
  const leadsTo = isAbsolute(value) ? value : resolve(await realpath(dirname(path)), value);
  return leadsTo === to || leadsTo === (await realpathOrSame(to)) ? "ours" : "taken";
}

async function realpathOrSame(path: string): Promise<string> {
  return (await exists(path))
    ? realpath(path)
    : join(await realpathOrSame(dirname(path)), path.slice(dirname(path).length + 1));
}

/** Relative, so that a project can be moved. Windows: a junction, which needs no rights and is always absolute. */
async function makeLink(path: string, to: string): Promise<void> {
  await mkdir(dirname(path), { recursive: true });
  if (process.platform === "win32") await symlink(to, path, "junction");
  else await symlink(relative(await realpath(dirname(path)), await realpath(to)), path, "dir");
}
