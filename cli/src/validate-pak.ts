import { lstat, readFile, stat } from "node:fs/promises";
import { basename, dirname, join, relative, resolve, sep } from "node:path";
import {
  type ConsumerVerdict,
  type Finding,
  type Limits,
  type Manifest,
  PaksError,
  type ReleaseFile,
  checkEntries,
  checkReleaseFiles,
  consumers,
  defaultLimits,
  fileSystemError,
  findManifests,
  findSecrets,
  isPaksError,
  judgeByConsumer,
  readManifest,
  releaseTooLarge,
  isMissing,
  systemErrorCode,
  systemErrorPath,
} from "@paks/schema";
import { allowSecrets } from "./allow-secrets.ts";
import { listFolder } from "./install/read-folder.ts";

/** A pak's files, wherever they come from. */
export interface PakContent {
  /** Absolute. */
  readonly folder: string;
  /** The name that the manifest must have; absent at a repository's root, which each clone calls as it likes. */
  readonly directory: string | undefined;
  readonly entries: readonly { readonly path: string; readonly mode: string }[];
  /** Those that could be read. */
  readonly files: readonly ReleaseFile[];
  /** About those that could not. */
  readonly unreadable: readonly Finding[];
  /** Those that were not read because all of them are too much anyway; absent: none. */
  readonly passedOver?: Count;
}

interface Count {
  readonly files: number;
  readonly bytes: number;
}

export interface Validation {
  /** Absolute. */
  readonly folder: string;
  readonly profile: "lenient" | "strict";
  readonly valid: boolean;
  /** What could be read, also when it is not valid. */
  readonly manifest: Manifest | undefined;
  readonly findings: readonly Finding[];
  /** What each consumer would say, whatever the profile. */
  readonly verdicts: readonly ConsumerVerdict[];
  readonly files: number;
  readonly bytes: number;
}

interface Where {
  readonly cwd: string;
  readonly limits?: Limits;
}

/** Not part of any release, so not judged. */
const passOver = new Set([".git", ".paks", "node_modules", ".DS_Store"]);

/**
 * Checks the folder of one pak as publishing (strict) or installing (lenient) would. Throws only when the folder
 * cannot be read: NOT_FOUND, READ_ONLY_TARGET.
 */
export const validatePak = async (
  path: string,
  { strict, ...where }: Where & { readonly strict: boolean },
): Promise<Validation> => judgePak(await readPak(path, where), { strict, ...where });

/** Reads one pak from the disk. @throws PaksError NOT_FOUND, READ_ONLY_TARGET */
export async function readPak(path: string, { cwd, limits = defaultLimits }: Where): Promise<PakContent> {
  const folder = await findFolder(resolve(cwd, path));
  const directory = await directoryOf(folder);
  try {
    const entries = await listFolder(folder, { limits, passOver });
    const { findings: unreadable, ...read } = await readFiles(folder, entries, limits);
    return { folder, directory, entries, unreadable, ...read };
  } catch (error) {
    const cause = isPaksError(error, "READ_ONLY_TARGET") ? error.cause : error;
    const where = systemErrorPath(cause) ?? folder;
    return { folder, directory, entries: [], files: [], unreadable: [unreadableAt(relative(folder, where), cause)] };
  }
}

/** It is nobody's rule, but nobody can go by what he cannot read. @throws the error when it is no such failure */
export function unreadableAt(path: string, error: unknown): Finding {
  const code = systemErrorCode(error);
  if (code !== "EACCES" && code !== "EPERM") throw error;
  return {
    severity: "error",
    code: "READ_ONLY_TARGET",
    message: `${path === "" ? "The folder" : "It"} cannot be read (${code}).`,
    hint: "Check who owns it and what its rights are (ls -l).",
    ...(path === "" ? {} : { path: path.split(sep).join("/") }),
  };
}

export interface JudgeOptions {
  readonly strict: boolean;
  readonly limits?: Limits;
  /** Fingerprints of findings that are no secrets. */
  readonly allowedSecrets?: readonly string[];
}

export function judgePak(pak: PakContent, options: JudgeOptions): Validation {
  const { entries, files, directory, passedOver = { files: 0, bytes: 0 } } = pak;
  const { strict, limits = defaultLimits, allowedSecrets = [] } = options;
  const bytes = files.reduce((sum, file) => sum + file.bytes.length, passedOver.bytes);
  const texts = new Map(files.map((file) => [file.path, file.bytes]));
  const unread = hasUnreadManifest(entries, texts) || (entries.length === 0 && pak.unreadable.length > 0);
  const read = (profile: "lenient" | "strict") => {
    const { manifest, findings } = readManifest(texts, { profile, directory });
    const known = findings.filter(({ code }) => !(unread && code === "MANIFEST_MISSING"));
    return { manifest, findings: known.map((finding) => pointElsewhere(finding, texts.keys())) };
  };
  const strictly = read("strict");
  // Where the strict profile finds nothing, the lenient one finds nothing either.
  const { manifest, findings: ofManifest } = strict || strictly.findings.length === 0 ? strictly : read("lenient");
  const ofFiles = [
    ...checkEntries(entries, limits).map(ruled),
    ...pak.unreadable,
    ...(passedOver.files === 0 ? [] : [ruled(tooLargeTogether(bytes, limits))]),
    ...checkReleaseFiles(files, limits).map(ruled),
  ];
  // Publishing and the registry look for secrets; what is only installed holds whatever its author has published.
  const secrets = allowSecrets(findSecrets(files), allowedSecrets).map(ruled);
  const findings = [...ofManifest, ...ofFiles, ...(strict ? secrets : [])].filter(unseen());
  return {
    folder: pak.folder,
    profile: strict ? "strict" : "lenient",
    valid: findings.every((finding) => finding.severity !== "error"),
    manifest,
    findings,
    verdicts: judgeByConsumer([...strictly.findings, ...ofFiles, ...secrets].filter(unseen())),
    files: files.length + passedOver.files,
    bytes,
  };
}

/** What a release's files may be is the registry's rule: a tool reads a folder with a link in it. */
const ruled = (finding: Finding): Finding => ({ ...finding, consumers: [consumers.registry] });

/** The folder itself, or the one in which the named manifest lies. @throws PaksError NOT_FOUND, READ_ONLY_TARGET */
export async function findFolder(path: string): Promise<string> {
  try {
    return (await stat(path)).isDirectory() ? path : dirname(path);
  } catch (error) {
    if (!isMissing(error)) throw fileSystemError(error, path) ?? error;
    throw new PaksError("NOT_FOUND", `There is no ${path}.`, { hint: "Name the pak's folder.", cause: error });
  }
}

/** Publishing does not compare a root's name either. */
export async function directoryOf(folder: string): Promise<string | undefined> {
  try {
    await lstat(join(folder, ".git"));
    return undefined;
  } catch (error) {
    if (systemErrorCode(error) === "ENOENT") return basename(folder);
    throw fileSystemError(error, folder) ?? error;
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
): Promise<{ files: ReleaseFile[]; findings: Finding[]; passedOver: Count }> {
  const files: ReleaseFile[] = [];
  const findings: Finding[] = [];
  let passedOver: Count = { files: 0, bytes: 0 };
  let total = 0;
  for (const { path, mode } of entries) {
    if (!mode.startsWith("100")) continue;
    const { size } = await lstat(join(folder, path));
    if (size > limits.fileBytes) {
      findings.push(tooLarge(path, size, limits));
      continue;
    }
    total += size;
    // Far beyond the limit the sum is known to be too large; the rest need not be in memory for that.
    if (total > 2 * limits.releaseBytes) {
      passedOver = { files: passedOver.files + 1, bytes: passedOver.bytes + size };
      continue;
    }
    const bytes = await readFile(join(folder, path)).catch((error: unknown) => unreadableAt(path, error));
    if (Buffer.isBuffer(bytes)) files.push({ path, executable: mode === "100755", bytes });
    else findings.push(bytes);
  }
  return { files, findings, passedOver };
}

function tooLargeTogether(bytes: number, limits: Limits): Finding {
  const { code, message, hint } = releaseTooLarge(bytes, limits);
  return { severity: "error", code, message, hint };
}

export const tooLarge = (path: string, size: number, limits: Limits): Finding =>
  ruled({
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
