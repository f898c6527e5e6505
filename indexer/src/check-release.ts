import {
  anyGitPolicy,
  type ErrorCode,
  type Finding,
  formatPakId,
  isErrorCode,
  type Manifest,
  PaksError,
  parseRepositoryUrl,
  type RepositoryUrl,
  type Trailers,
} from "@paks/schema";
import type { ChosenPak } from "./choose-paks.ts";

export interface TagFacts {
  /** The name of the ref: the only name that counts. */
  readonly tag: string;
  /** The name inside the tag object; `undefined` for a lightweight tag. */
  readonly header: string | undefined;
  readonly trailers: Trailers | undefined;
  readonly repository: RepositoryUrl;
  readonly pak: ChosenPak;
}

/** What can be said of a tag before its content is read. */
export function checkTag({ tag, header, trailers, repository, pak }: TagFacts): Finding[] {
  const findings: Finding[] = [];
  if (trailers) {
    if (header !== tag) {
      findings.push(mismatch("tag", `The tag object was made as ${header}, but the ref is called ${tag}.`));
    }
    if (!isSameRepository(trailers.repository, repository)) {
      const message = `Paks-Repository says ${trailers.repository}, but the tag is in ${repository.url}.`;
      findings.push(mismatch("Paks-Repository", message));
    }
    if (pak.toldVersion !== undefined && pak.toldVersion !== trailers.version) {
      const message = `Paks-Version says ${trailers.version}, but the tag ${tag} says ${pak.toldVersion}.`;
      findings.push(mismatch("Paks-Version", message));
    }
  }
  if (pak.toldVersion === undefined) {
    findings.push({
      severity: "error",
      code: "VERSION_TAG_MISMATCH",
      message: `The tag ${tag} does not end with the version ${pak.version}.`,
      hint: "Let `paks publish` name the tag, with --tag-prefix when it needs a form of its own.",
    });
  }
  return findings;
}

function isSameRepository(text: string, repository: RepositoryUrl): boolean {
  try {
    // Only compared, never fetched: whatever the author's remote looked like.
    return parseRepositoryUrl(text, anyGitPolicy).key === repository.key;
  } catch (error) {
    if (error instanceof PaksError) return false;
    throw error;
  }
}

export interface ReleaseFacts {
  readonly tag: string;
  readonly trailers: Trailers | undefined;
  readonly pak: ChosenPak;
  readonly manifest: Manifest;
  /** Recomputed over the files that were read. */
  readonly digest: string;
}

/** Holds what the author asserts, in tag name and trailers, against what the repository holds. */
export function checkRelease({ tag, trailers, pak, manifest, digest }: ReleaseFacts): Finding[] {
  const findings: Finding[] = [];
  if (manifest.name !== pak.name) findings.push(otherName(pak, manifest));
  if (manifest.version !== undefined && manifest.version !== pak.version) {
    findings.push({
      severity: "error",
      code: "VERSION_TAG_MISMATCH",
      message: `The manifest says version ${manifest.version}, but the tag ${tag} says ${pak.version}.`,
      hint: "Set the version in the manifest, commit, and tag that commit.",
      field: "version",
    });
  }
  if (trailers && trailers.digest !== digest) {
    const message = `Paks-Digest says ${trailers.digest}, but the files at ${tag} have ${digest}.`;
    findings.push(mismatch("Paks-Digest", message));
  }
  return findings;
}

function otherName(pak: ChosenPak, manifest: Manifest): Finding {
  if (pak.named) {
    return mismatch(
      "Paks-Package",
      `Paks-Package says ${formatPakId(pak)}, but the manifest's name is ${manifest.name}.`,
    );
  }
  return {
    severity: "error",
    code: "BINDING_CONFLICT",
    message: `${formatPakId(pak)} is released from here, but the manifest's name is ${manifest.name}.`,
    hint: "Keep the name, or put the new pak into a folder of its own.",
    field: "name",
  };
}

/** The trailer that is wrong goes into the message and, for machines, into `field`. */
const mismatch = (trailer: string, message: string): Finding => ({
  severity: "error",
  code: "TRAILER_MISMATCH",
  message,
  hint: "Delete the tag and run `paks publish` again: it writes what the repository holds.",
  field: trailer,
});

/** @throws PaksError the first error, with all of them in `details.findings` */
export function requireNoErrors(findings: readonly Finding[]): void {
  const errors = findings.filter(({ severity }) => severity === "error");
  const [first] = errors;
  if (!first) return;
  const { message, hint, path, line, field } = first;
  const code: ErrorCode = isErrorCode(first.code) ? first.code : "MANIFEST_INVALID";
  const place = {
    ...(path === undefined ? {} : { path }),
    ...(line === undefined ? {} : { line }),
    ...(field === undefined ? {} : { field }),
    ...(code === "TRAILER_MISMATCH" ? { trailer: field } : {}),
  };
  throw new PaksError(code, message, { hint, details: { ...place, findings: errors } });
}
