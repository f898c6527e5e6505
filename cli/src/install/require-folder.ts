import { lstat, stat } from "node:fs/promises";
import { dirname } from "node:path";
import { PaksError, isMissing, systemErrorCode } from "@paks/schema";

/**
 * Refuses a path whose own place, or one above it, is a file: below it no folder can be made. A path that is not there
 * yet is fine.
 * @throws PaksError UNSAFE_TARGET
 */
export async function requireFolderOrNothing(
  path: string,
  hint = "Move it away, or name another folder with --dir.",
): Promise<void> {
  for (let place = path; ; place = dirname(place)) {
    const found = await findKind(place);
    if (found === "folder" || dirname(place) === place) return;
    if (found === undefined) continue;
    throw new PaksError("UNSAFE_TARGET", `${place} is ${found}, and paks needs a folder there.`, {
      hint,
      details: { path: place },
    });
  }
}

/** `undefined`: there is nothing. */
async function findKind(path: string): Promise<"folder" | "a file" | "a link that leads nowhere" | undefined> {
  try {
    return (await stat(path)).isDirectory() ? "folder" : "a file";
  } catch (error) {
    if (systemErrorCode(error) === "ELOOP") return "a link that leads nowhere";
    if (!isMissing(error)) throw error;
    return (await isLink(path)) ? "a link that leads nowhere" : undefined;
  }
}

/** Asked again of the path itself: between two questions another command may have made a folder there. */
async function isLink(path: string): Promise<boolean> {
  try {
    return (await lstat(path)).isSymbolicLink();
  } catch (error) {
    if (isMissing(error)) return false;
    throw error;
  }
}
