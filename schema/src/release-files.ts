import { escapeText } from "./characters.ts";
import { compareBytes, contentDigest, sha256Hex } from "./digest.ts";
import { type ErrorCode, PaksError } from "./errors.ts";
import type { Finding } from "./finding.ts";
import { defaultLimits, type Limits } from "./limits.ts";
import { checkEntries, isLfsPointer, requireEntries } from "./paths.ts";

/** One file of a release; `path` is relative to the pak, with `/`. */
export interface ReleaseFile {
  readonly path: string;
  readonly executable: boolean;
  readonly bytes: Uint8Array;
}

/** What is recorded of a file. */
export interface FileFact {
  readonly path: string;
  /** Bytes. */
  readonly size: number;
  readonly sha256: string;
  readonly executable: boolean;
}

/** What is recorded of a release's files. */
export interface FilesDescription {
  /** In byte order of the paths. */
  readonly files: readonly FileFact[];
  /** `h1` digest over them. */
  readonly digest: string;
  /** Sum of the sizes. */
  readonly bytes: number;
}

/** Who checks files, who places them and who records them each need their hashes: they are made once. */
const described = new WeakMap<readonly ReleaseFile[], FilesDescription>();

/**
 * Facts in byte order of the paths, with the digest over them and the sum of the sizes. The list is frozen: what was
 * said of it stays true.
 */
export function describeFiles(files: readonly ReleaseFile[]): FilesDescription {
  const known = described.get(files);
  if (known !== undefined) return known;
  const description = hashFiles(files);
  described.set(Object.freeze(files), description);
  return description;
}

function hashFiles(files: readonly ReleaseFile[]): FilesDescription {
  const facts = files
    .map(({ path, executable, bytes }) => ({ path, size: bytes.length, sha256: sha256Hex(bytes), executable }))
    .sort((a, b) => compareBytes(a.path, b.path));
  return { files: facts, digest: contentDigest(facts), bytes: facts.reduce((sum, { size }) => sum + size, 0) };
}

const asEntries = (files: readonly ReleaseFile[]) =>
  files.map(({ path, executable }) => ({ path, mode: executable ? "100755" : "100644" }));

export interface ContentProblem {
  readonly code: ErrorCode;
  readonly rule: string;
  readonly message: string;
  readonly hint: string;
  readonly path?: string;
}

function* findContentProblems(files: readonly ReleaseFile[], limits: Limits): Generator<ContentProblem, void> {
  let total = 0;
  for (const file of files) {
    total += file.bytes.length;
    const path = escapeText(file.path);
    if (file.bytes.length > limits.fileBytes) {
      const message = `"${path}" has ${file.bytes.length} bytes; at most ${limits.fileBytes} are allowed.`;
      yield { code: "TOO_LARGE", rule: "file-too-large", path, message, hint: "Shorten, split or remove it." };
    }
    if (isLfsPointer(file.bytes)) {
      const message = `"${path}" is a Git LFS pointer: its bytes are not in the repository.`;
      yield { code: "LFS_NOT_SUPPORTED", rule: "lfs-pointer", path, message, hint: "Commit the file without LFS." };
    }
  }
  if (total > limits.releaseBytes) yield releaseTooLarge(total, limits);
}

/** For those too who know the sizes, and do not read so much. */
export const releaseTooLarge = (total: number, limits: Limits): ContentProblem => ({
  code: "TOO_LARGE",
  rule: "release-too-large",
  message: `The files have ${total} bytes together; at most ${limits.releaseBytes} are allowed.`,
  hint: "Remove what the release does not need.",
});

/** Everything that the bytes, paths and modes of a release can break. */
export function checkReleaseFiles(files: readonly ReleaseFile[], limits: Limits = defaultLimits): Finding[] {
  const findings = checkEntries(asEntries(files), limits);
  for (const { code, message, hint, path } of findContentProblems(files, limits)) {
    findings.push({ severity: "error", code, message, hint, ...(path === undefined ? {} : { path }) });
  }
  return findings;
}

/**
 * The first problem of `checkReleaseFiles`, thrown.
 * @throws PaksError TOO_LARGE, LFS_NOT_SUPPORTED and the codes of `requireEntries`
 */
export function requireReleaseFiles(files: readonly ReleaseFile[], limits: Limits = defaultLimits): void {
  requireEntries(asEntries(files), limits);
  for (const { code, message, hint, path, rule } of findContentProblems(files, limits)) {
    throw new PaksError(code, message, { hint, details: { rule, ...(path === undefined ? {} : { path }) } });
  }
}
