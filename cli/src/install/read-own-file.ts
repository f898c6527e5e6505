import { type Stats, lstatSync, readFileSync } from "node:fs";
import { PaksError, systemErrorCode, unreadableError } from "@paks/schema";

/** The largest record: 1,000 files with the longest names. A lock of some thousand paks. */
const maxBytes = 32 * 1024 * 1024;

/**
 * Text of a file that paks keeps for itself; `undefined` when there is none. In a stranger's project a link, a pipe or
 * a device may lie in its place.
 * @throws PaksError INTEGRITY_MISMATCH, READ_ONLY_TARGET
 */
export const readOwnFile = async (path: string): Promise<string | undefined> =>
  await Promise.resolve(readRegularFile(path, notOurs));

/**
 * The same for a file that people write: nobody is told to delete it.
 * @throws PaksError MANIFEST_INVALID, READ_ONLY_TARGET
 */
export const readFileOfPeople = async (path: string): Promise<string | undefined> =>
  await Promise.resolve(readRegularFile(path, notUsable));

/** @param refuse says what lies there instead */
function readRegularFile(path: string, refuse: (path: string, what: string) => PaksError): string | undefined {
  let facts: Stats;
  try {
    facts = lstatSync(path);
    // Opening a pipe would wait for whoever writes into it.
    if (facts.isFile() && facts.size <= maxBytes) return readFileSync(path, "utf8");
  } catch (error) {
    if (systemErrorCode(error) === "ENOENT") return undefined;
    throw unreadableError(error, path) ?? error;
  }
  throw refuse(path, kindOf(facts));
}

function kindOf(facts: Stats): string {
  if (facts.isSymbolicLink()) return "a link";
  if (facts.isDirectory()) return "a folder";
  if (facts.isFile()) return `larger than ${maxBytes / 1024 / 1024} MB`;
  return "a pipe or a device";
}

const notOurs = (path: string, what: string): PaksError =>
  new PaksError("INTEGRITY_MISMATCH", `${path} is ${what}, and not a file that paks wrote.`, {
    hint: "Look at what it is, then delete it.",
    details: { path },
  });

const notUsable = (path: string, what: string): PaksError =>
  new PaksError("MANIFEST_INVALID", `${path} is ${what}; paks reads only a plain file there.`, {
    hint:
      what === "a link"
        ? "In a project of somebody else's a link may lead to any file of yours. Put the file itself there, and let the other place link to it."
        : "Put a file there, or move what is there away.",
    details: { path },
  });
