import {
  isPaksError,
  type Limits,
  PaksError,
  type ReleaseFile,
  requireEntries,
  requireReleaseFiles,
  type TreeEntry,
} from "@paks/schema";

import type { Snapshot } from "./fetch-tag.ts";

export type FileSource = Pick<Snapshot, "place" | "listTree" | "readBlobs">;

/**
 * The files of one pak, checked by every rule for the contents of releases.
 * @param path of the pak's folder, "" for the root
 * @throws PaksError MANIFEST_MISSING when there is no such folder; the codes of `requireEntries`, `requireReleaseFiles` and `readBlobs`
 */
export async function readPakFiles(
  snapshot: FileSource,
  path: string,
  limits: Limits,
): Promise<{ tree: string; files: ReleaseFile[] }> {
  const listed = await snapshot.listTree(path);
  if (!listed) {
    throw new PaksError("MANIFEST_MISSING", `There is no folder ${path} at ${snapshot.place}.`, {
      hint: "Check the path; it is case-sensitive.",
      details: { path },
    });
  }
  requireEntries(listed.entries, limits);
  const bytes = await readBytes(snapshot, listed.entries);
  const files = listed.entries.map(({ path, mode, oid }) => ({
    path,
    executable: mode === "100755",
    bytes: bytes.get(oid)!,
  }));
  requireReleaseFiles(files, limits);
  return { tree: listed.tree, files };
}

/** Blobs are known by id; people know them by path. */
async function readBytes(snapshot: FileSource, entries: readonly TreeEntry[]): Promise<Map<string, Buffer>> {
  try {
    return await snapshot.readBlobs(entries.map(({ oid }) => oid));
  } catch (error) {
    const entry = isPaksError(error) ? entries.find(({ oid }) => oid === error.details?.["oid"]) : undefined;
    if (!entry || !isPaksError(error)) throw error;
    throw new PaksError(error.code, `"${entry.path}": ${error.message}`, {
      hint: error.hint,
      details: { ...error.details, path: entry.path },
      cause: error,
    });
  }
}
