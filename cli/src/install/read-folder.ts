import { lstatSync, readFileSync, readdirSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import {
  type Limits,
  type ReleaseFile,
  PaksError,
  defaultLimits,
  findManifests,
  requireReleaseFiles,
  requireEntries,
  systemErrorCode,
  unreadableError,
} from "@paks/schema";
import { inOrder } from "../in-order.ts";

/** What tools leave in a work tree and no release holds. */
const passedOver = new Set([".git", ".paks", "node_modules", ".DS_Store"]);

interface FolderEntry {
  readonly path: string;
  /** As git would record it; `010000` for what it would not. */
  readonly mode: "100644" | "100755" | "120000" | "010000";
}

/**
 * The files of a folder on this machine, under the same rules as a release's. Links are never followed.
 * Throws MANIFEST_MISSING when there is no such folder, READ_ONLY_TARGET when it may not be read, and the codes of the
 * path and size rules.
 */
export async function readFolder(folder: string, limits: Limits = defaultLimits): Promise<ReleaseFile[]> {
  const entries = await listFolder(folder, { limits, passOver: passedOver });
  requireEntries(entries, limits);
  const files = readEntries(folder, entries, limits);
  requireReleaseFiles(files, limits);
  return files;
}

/**
 * The entries below a folder, sorted by nothing; stops one above the limits' file count, which the caller's check then
 * refuses.
 */
export async function listFolder(
  folder: string,
  options: { readonly limits: Limits; readonly passOver?: ReadonlySet<string> },
): Promise<FolderEntry[]> {
  const found: FolderEntry[] = [];
  const open = [""];
  for (let below = open.pop(); below !== undefined && found.length <= options.limits.files; below = open.pop()) {
    for (const entry of readEntriesOf(join(folder, below), folder)) {
      if (options.passOver?.has(entry.name)) continue;
      const path = below === "" ? entry.name : `${below}/${entry.name}`;
      if (entry.isDirectory()) open.push(path);
      else if (entry.isFile()) found.push({ path, mode: modeOf(join(folder, path)) });
      // Links and devices: the entry check refuses them by their mode.
      else found.push({ path, mode: entry.isSymbolicLink() ? "120000" : "010000" });
    }
  }
  return found;
}

function readEntriesOf(folder: string, asked: string) {
  try {
    return inOrder(readdirSync(folder, { withFileTypes: true }));
  } catch (cause) {
    throw unreadableError(cause, folder) ?? (folder === join(asked, "") ? unreadable(asked, cause) : cause);
  }
}

/** A folder of the user's that is not there, or is something else. */
export const unreadable = (path: string, cause: unknown): PaksError =>
  new PaksError(
    "MANIFEST_MISSING",
    isAbsent(cause) ? `There is no folder ${path}.` : `${path} is not a folder that can be read.`,
    {
      cause,
      hint: findManifests([basename(path)]).length > 0 ? `Name the folder that it is in: ${dirname(path)}` : undefined,
      details: { path },
    },
  );

const isAbsent = (cause: unknown): boolean => systemErrorCode(cause) === "ENOENT";

const modeOf = (path: string) => ((lstatSync(path).mode & 0o100) === 0 ? "100644" : "100755");

function readEntries(folder: string, entries: readonly FolderEntry[], limits: Limits): ReleaseFile[] {
  const files: ReleaseFile[] = [];
  let total = 0;
  for (const { path, mode } of entries) {
    const { size } = lstatSync(join(folder, path));
    total += size;
    if (size > limits.fileBytes || total > limits.releaseBytes)
      throw new PaksError("TOO_LARGE", `${path} makes the pak larger than allowed.`, {
        hint: `At most ${limits.fileBytes} bytes a file and ${limits.releaseBytes} together.`,
        details: { path },
      });
    files.push({ path, executable: mode === "100755", bytes: readFileSync(join(folder, path)) });
  }
  return files;
}
