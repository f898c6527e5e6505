import { lstat, readFile, stat } from "node:fs/promises";
import { basename, dirname, join, resolve } from "node:path";
import {
  type Finding,
  type Limits,
  type Manifest,
  PaksError,
  type ReleaseFile,
  checkEntries,
  checkReleaseFiles,
  defaultLimits,
  fileSystemError,
  findManifests,
  readManifest,
  systemErrorCode,
} from "@paks/schema";
import { listFolder } from "./install/read-folder.ts";

export interface Validation {
  /** Absolute. */
  readonly folder: string;
  readonly profile: "lenient" | "strict";
  readonly valid: boolean;
  /** What could be read, also when it is not valid. */
  readonly manifest: Manifest | undefined;
  readonly findings: readonly Finding[];
  readonly files: number;
  readonly bytes: number;
}

/** Not part of any release, so not judged. */
const passOver = new Set([".git", ".paks", "node_modules", ".DS_Store"]);

/**
 * Checks the folder of one pak as publishing (strict) or installing (lenient) would. Throws only when the folder
 * cannot be read: NOT_FOUND, READ_ONLY_TARGET.
 */
export async function validatePak(
  path: string,
  { cwd, strict, limits = defaultLimits }: { cwd: string; strict: boolean; limits?: Limits },
): Promise<Validation> {
  const folder = await findFolder(resolve(cwd, path));
  const entries = await listFolder(folder, { limits, passOver });
  const { files, findings: unreadable } = await readFiles(folder, entries, limits);
  const profile = strict ? "strict" : "lenient";
  const texts = new Map(files.map((file) => [file.path, file.bytes]));
  const reading = readManifest(texts, { profile, directory: basename(folder) });
  const unread = hasUnreadManifest(entries, texts);
  const findings = [
    ...reading.findings
      .filter(({ code }) => !(unread && code === "MANIFEST_MISSING"))
      .map((finding) => pointElsewhere(finding, texts.keys())),
    ...checkEntries(entries, limits),
    ...unreadable,
    ...checkReleaseFiles(files, limits),
  ].filter(unseen());
  return {
    folder,
    profile,
    valid: findings.every((finding) => finding.severity !== "error"),
    manifest: reading.manifest,
    findings,
    files: files.length,
    bytes: files.reduce((sum, file) => sum + file.bytes.length, 0),
  };
}

/** The folder itself, or the one in which the named manifest lies. */
async function findFolder(path: string): Promise<string> {
  try {
    return (await stat(path)).isDirectory() ? path : dirname(path);
  } catch (error) {
    const code = systemErrorCode(error);
    if (code !== "ENOENT" && code !== "ENOTDIR") throw fileSystemError(error, path) ?? error;
    throw new PaksError("NOT_FOUND", `There is no ${path}.`, { hint: "Name the pak's folder.", cause: error });
  }
}

interface Entry {
  readonly path: string;
  readonly mode: string;
}

/** The regular files, without those that are too large to be read at all. */
async function readFiles(
  folder: string,
  entries: readonly Entry[],
  limits: Limits,
): Promise<{ files: ReleaseFile[]; findings: Finding[] }> {
  const files: ReleaseFile[] = [];
  const findings: Finding[] = [];
  let total = 0;
  for (const { path, mode } of entries) {
    if (!mode.startsWith("100")) continue;
    const { size } = await lstat(join(folder, path));
    total += size;
    if (size > limits.fileBytes) findings.push(tooLarge(path, size, limits));
    // Far beyond the limit the sum is known to be too large; the rest need not be in memory for that.
    else if (total <= 2 * limits.releaseBytes) {
      files.push({ path, executable: mode === "100755", bytes: await readFile(join(folder, path)) });
    }
  }
  return { files, findings };
}

const tooLarge = (path: string, size: number, limits: Limits): Finding => ({
  severity: "error",
  code: "TOO_LARGE",
  message: `The file has ${size} bytes; a release's files have at most ${limits.fileBytes}.`,
  hint: "Leave it out of the pak, or fetch it from elsewhere when it is needed.",
  path,
});

/** It lies there, but is too large or no plain file: another finding says so, and "missing" would be untrue. */
const hasUnreadManifest = (entries: readonly Entry[], read: ReadonlyMap<string, unknown>): boolean =>
  findManifests(entries.map(({ path }) => path)).some(({ directory, path }) => directory === "" && !read.has(path));

/** Someone at the root of a repository with several paks is told where they are. */
function pointElsewhere(finding: Finding, paths: Iterable<string>): Finding {
  if (finding.code !== "MANIFEST_MISSING") return finding;
  const folders = findManifests(paths).map((place) => place.directory);
  if (folders.length === 0) return finding;
  return { ...finding, hint: `There are paks below: ${folders.slice(0, 5).join(", ")}. Name one of them.` };
}

/** The same thing may be noticed by two checks; it is told once. */
function unseen(): (finding: Finding) => boolean {
  const seen = new Set<string>();
  return ({ code, path, line, field }) => {
    const key = JSON.stringify([code, path, line, field]);
    if (seen.has(key)) return false;
    seen.add(key);
    return true;
  };
}
