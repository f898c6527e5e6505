import { createHash } from "node:crypto";
import { isPaksError, PaksError, readManifest, setVersion } from "@paks/schema";
import { decodeManifest, type PakContent } from "./pak-content.ts";

/** How the version gets into the manifest: what git will hold, and what the file in the work tree becomes. */
export interface VersionEdit {
  /** Relative to the pak. */
  readonly file: string;
  readonly mode: string;
  readonly committed: { readonly before: string; readonly after: string; readonly bytes: Buffer };
  readonly workTree: { readonly before: Buffer; readonly after: Buffer };
  /** A run before was ended between the edit and the commit. */
  readonly done: boolean;
}

/**
 * Both are edited apart, because git may turn line ends between them.
 * @throws PaksError of `setVersion`; DIRTY_WORK_TREE when a manifest file is not in both places
 */
export function planEdit(content: PakContent, version: string): VersionEdit {
  const after = setVersionIn(content.manifest.committed, version);
  const file = after.path;
  const entry = content.entries.find(({ path }) => path === file);
  const before = content.manifest.workTree.get(file);
  if (!entry || !before) throw notCommitted(file);
  const bytes = Buffer.from(after.text);
  const edited = hasCommitted(content) ? bytes : Buffer.from(setVersionIn(content.manifest.workTree, version).text);
  const oid = blobId(bytes, entry.oid.length);
  return {
    file,
    mode: entry.mode,
    committed: { before: entry.oid, after: oid, bytes },
    workTree: { before, after: edited },
    done: entry.oid !== oid && sameText(before, bytes),
  };
}

/** What somebody, or a run that was ended, has written into the manifest and not committed, when it is a version and no more. */
export function findWritten(content: PakContent): { readonly version: string; readonly edit: VersionEdit } | undefined {
  if (hasCommitted(content)) return undefined;
  const { manifest } = readManifest(content.manifest.workTree, { profile: "lenient" });
  if (manifest?.version === undefined) return undefined;
  try {
    const edit = planEdit(content, manifest.version);
    return edit.done ? { version: manifest.version, edit } : undefined;
  } catch (error) {
    if (isPaksError(error)) return undefined;
    throw error;
  }
}

/** Whether the manifest's bytes are the same in both places: the usual case, in which nothing need be read twice. */
function hasCommitted({ manifest: { committed, workTree } }: PakContent): boolean {
  const isSame = ([name, bytes]: [string, Buffer]): boolean => {
    const other = committed.get(name);
    return other !== undefined && bytes.equals(other);
  };
  return committed.size === workTree.size && [...workTree].every(isSame);
}

function setVersionIn(files: ReadonlyMap<string, Uint8Array>, version: string) {
  const texts = decodeManifest(files);
  const main = texts.get("SKILL.md");
  if (main === undefined) throw notCommitted("SKILL.md");
  return setVersion({ "SKILL.md": main, "skill.yaml": texts.get("skill.yaml") }, version);
}

export const notCommitted = (file: string): PaksError =>
  new PaksError("DIRTY_WORK_TREE", `${file} is not committed yet.`, {
    hint: `git add ${file} && git commit: only what is committed is released.`,
    details: { path: file },
  });

/** The id that git gives a file's bytes. @param length of the repository's ids: 40 is SHA-1, 64 SHA-256 */
export const blobId = (bytes: Uint8Array, length: number): string =>
  createHash(length === 64 ? "sha256" : "sha1")
    .update(`blob ${bytes.length}\0`)
    .update(bytes)
    .digest("hex");

const sameText = (a: Buffer, b: Buffer): boolean => unixLines(a) === unixLines(b);
const unixLines = (bytes: Buffer): string => bytes.toString("latin1").replaceAll("\r\n", "\n");
