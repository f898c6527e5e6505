import { lstatSync, readFileSync } from "node:fs";
import { PaksError, systemErrorCode } from "@paks/schema";

/** The largest record: 1,000 files with the longest names. A lock of some thousand paks. */
const maxBytes = 32 * 1024 * 1024;

/**
 * Text of a file that paks keeps for itself; `undefined` when there is none. In a stranger's project a link, a pipe or
 * a device may lie in its place.
 * @throws PaksError INTEGRITY_MISMATCH
 */
export async function readOwnFile(path: string): Promise<string | undefined> {
  try {
    const facts = lstatSync(path);
    if (facts.isFile() && facts.size <= maxBytes) return readFileSync(path, "utf8");
  } catch (error) {
    if (systemErrorCode(error) === "ENOENT") return undefined;
    throw error;
  }
  throw new PaksError("INTEGRITY_MISMATCH", `${path} is not a file that paks wrote.`, {
    hint: "Look at what it is, then delete it.",
    details: { path },
  });
}
