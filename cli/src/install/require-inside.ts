import { relative, sep } from "node:path";
import { PaksError, quoteForShell } from "@paks/schema";
import { realPlace } from "./same-folder.ts";

/**
 * A project that came from a stranger may hold `.agents` as a link to anywhere. Throws UNSAFE_TARGET when the real
 * place of `path` is outside `boundary`.
 */
export async function requireInside(path: string, boundary: string): Promise<void> {
  const real = realPlace(path);
  if (!isBelow(real, boundary))
    throw leadsOutside(path, real, "Name the folder yourself with --dir if that is what you want.");
}

/** The same for a folder that `paks.jsonc` or the lock names as a source: there no flag names another one. */
export async function requireSourceInside(path: string, root: string): Promise<void> {
  const real = realPlace(path);
  if (!isBelow(real, root))
    throw leadsOutside(
      path,
      real,
      `What a project's files name has to lie in it. Put a copy there, or install it by itself: paks install ${quoteForShell(real)}`,
    );
}

const leadsOutside = (path: string, real: string, hint: string): PaksError =>
  new PaksError("UNSAFE_TARGET", `${path} leads outside this project, to ${real}.`, { hint, details: { path, real } });

/** Whether the real place of `path` is inside `boundary`. */
export const isInside = async (path: string, boundary: string): Promise<boolean> => isBelow(realPlace(path), boundary);

function isBelow(real: string, boundary: string): boolean {
  const inside = relative(realPlace(boundary), real);
  return inside !== ".." && !inside.startsWith(`..${sep}`) && !/^[A-Za-z]:/.test(inside);
}
