import { basename, relative, resolve, sep } from "node:path";
import { PaksError } from "@paks/schema";
import { placeItself, realPlace } from "./same-folder.ts";

/**
 * A pak that holds the place where it is put would hold itself, once more with every install; one that lies there would
 * be its own source, which no clone has.
 * @param isNamed whoever names the place with --dir may well copy from one folder of it to another
 * @throws PaksError UNSAFE_TARGET
 */
export function requireElsewhere(folder: string, skillsFolder: string, isNamed: boolean): void {
  const [from, to] = [realPlace(folder), realPlace(skillsFolder)];
  if (isWithin(to, from))
    throw new PaksError("UNSAFE_TARGET", `${folder} cannot be installed into itself: ${skillsFolder} lies in it.`, {
      hint: `Move the pak into a folder of its own, for example skills/${basename(folder)}, or install it with --global or in another project.`,
      details: { path: folder, skills_folder: skillsFolder },
    });
  if (!isNamed && isWithin(from, to)) throw ownSource(folder);
}

/** The same for a place where a tool is to have its link: with --force that would replace the source. */
export function requireNoLinkAt(folder: string, links: readonly { readonly path: string }[]): void {
  if (links.some(({ path }) => placeItself(path) === placeItself(folder))) throw ownSource(folder);
}

const ownSource = (folder: string): PaksError =>
  new PaksError("UNSAFE_TARGET", `${folder} lies where paks installs to: it would be its own source.`, {
    hint: `Move it, for example to skills/${basename(folder)}, and install it from there: then it is put where it was, and for other tools too.`,
    details: { path: folder },
  });

const isWithin = (path: string, folder: string): boolean => {
  const below = relative(folder, path);
  return below !== ".." && !below.startsWith(`..${sep}`) && resolve(folder, below) === path;
};
