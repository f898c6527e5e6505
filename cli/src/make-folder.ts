import { PaksError, systemErrorCode } from "@paks/schema";
import { makeFolderPlainly } from "./start/make-folder-plainly.ts";

/**
 * Makes a folder and those above it; answers the uppermost that was made, `undefined` when none was.
 * @throws PaksError READ_ONLY_TARGET where none can be made; what the system says of all else
 */
export function makeFolder(path: string): string | undefined {
  try {
    return makeFolderPlainly(path);
  } catch (error) {
    if (systemErrorCode(error) !== "ENOENT") throw error;
    throw new PaksError("READ_ONLY_TARGET", `No folder can be made at ${path}.`, {
      hint: "Name a folder where files can be written.",
      details: { path, system: "ENOENT" },
      cause: error,
    });
  }
}
