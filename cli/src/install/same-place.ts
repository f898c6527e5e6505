import { readlinkSync, realpathSync } from "node:fs";
import { basename, dirname, join, resolve } from "node:path";
import { systemErrorCode } from "@paks/schema";

/** Whether two paths lead to one folder, which need not be there yet: many have `.claude/skills` lead to `.agents/skills`. */
export const isSamePlace = (a: string, b: string): boolean => a === b || realPlace(a) === realPlace(b);

/** As deep as Linux follows links. */
const mostLinks = 40;

function realPlace(path: string, left = mostLinks): string {
  try {
    return realpathSync.native(path);
  } catch (error) {
    if (systemErrorCode(error) === undefined) throw error;
    if (left === 0 || dirname(path) === path) return path;
    const to = linkAt(path);
    if (to !== undefined) return realPlace(resolve(realPlace(dirname(path), left - 1), to), left - 1);
    return join(realPlace(dirname(path), left - 1), basename(path));
  }
}

function linkAt(path: string): string | undefined {
  try {
    return readlinkSync(path);
  } catch (error) {
    if (systemErrorCode(error) === undefined) throw error;
    return undefined;
  }
}
