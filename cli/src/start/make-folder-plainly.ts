import { mkdirSync, statSync } from "node:fs";
import { dirname } from "node:path";

/** How often a folder above may be taken away by another command before that is told. */
const mostTries = 20;

/**
 * Makes a folder and those above it; answers the uppermost that was made, `undefined` when none was. Not Node's own
 * `recursive`, which tries for ever where a folder that is there answers ENOENT to whoever makes one in it: `/proc`.
 * Throws what the system says.
 */
export function makeFolderPlainly(path: string, mode?: number): string | undefined {
  const made: string[] = [];
  for (let tries = 1; ; tries += 1) {
    try {
      makeChain(path, mode, made);
      return made.toSorted((a, b) => a.length - b.length)[0];
    } catch (error) {
      if (codeOf(error) !== "ENOENT" || tries === mostTries) throw error;
    }
  }
}

/** The same for the user alone. */
export const makeOwnFolder = (path: string): string | undefined => makeFolderPlainly(path, 0o700);

function makeChain(path: string, mode: number | undefined, made: string[]): void {
  const missing: string[] = [];
  for (let place = path; !isFolder(place); place = dirname(place)) missing.push(place);
  for (const place of missing.reverse()) if (makeOne(place, mode)) made.push(place);
}

const isFolder = (path: string): boolean =>
  statSync(path, { throwIfNoEntry: false })?.isDirectory() === true || dirname(path) === path;

/** False: another command was faster. */
function makeOne(path: string, mode: number | undefined): boolean {
  try {
    mkdirSync(path, mode);
    return true;
  } catch (error) {
    if (codeOf(error) === "EEXIST" && isFolder(path)) return false;
    throw error;
  }
}

const codeOf = (error: unknown): string | undefined => (error as NodeJS.ErrnoException).code;
