import { realpathSync } from "node:fs";
import { dirname, relative, sep } from "node:path";
import { PaksError, systemErrorCode } from "@paks/schema";

/**
 * A project that came from a stranger may hold `.agents` as a link to anywhere. Throws UNSAFE_TARGET when the real
 * place of `path` is outside `boundary`.
 */
export async function requireInside(path: string, boundary: string): Promise<void> {
  const real = realpathOfNearest(path);
  if (isBelow(real, boundary)) return;
  throw new PaksError("UNSAFE_TARGET", `${path} leads outside this project, to ${real}.`, {
    hint: "Name the folder yourself with --dir if that is what you want.",
    details: { path, real },
  });
}

/** Whether the real place of `path` is inside `boundary`. */
export const isInside = async (path: string, boundary: string): Promise<boolean> =>
  isBelow(realpathOfNearest(path), boundary);

function isBelow(real: string, boundary: string): boolean {
  const inside = relative(realpathSync.native(boundary), real);
  return inside !== ".." && !inside.startsWith(`..${sep}`) && !/^[A-Za-z]:/.test(inside);
}

function realpathOfNearest(path: string): string {
  try {
    return realpathSync.native(path);
  } catch (error) {
    const code = systemErrorCode(error);
    if (code !== "ENOENT" && code !== "ENOTDIR") throw error;
    const parent = dirname(path);
    if (parent === path) throw error;
    return realpathOfNearest(parent);
  }
}
