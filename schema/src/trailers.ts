import { findUnsafeCharacter } from "./characters.ts";
import { PaksError } from "./errors.ts";
import type { Kind } from "./kinds/kind.ts";
import { formatPakId, type PakId, parsePakId } from "./names.ts";
import { parseFolder } from "./refs.ts";
import { isVersion, parseVersion } from "./version.ts";

/** What the author of a tag asserts. The registry computes all of it again and refuses what differs. */
export interface Trailers {
  /** `account/name` */
  readonly package: string;
  readonly version: string;
  readonly repository: string;
  /** Folder of the pak in the repository; "" is the root. */
  readonly path: string;
  /** `h1:…` */
  readonly digest: string;
}

export interface TagMessage {
  readonly kind: Kind;
  readonly name: string;
  readonly description: string;
  readonly version: string;
  /** ISO 8601, UTC. */
  readonly published: string;
  /** The author's own text, e.g. a section of a changelog. */
  readonly notes?: string | undefined;
  readonly trailers: Trailers;
}

const signatureStart = /^-----BEGIN (?:PGP SIGNATURE|PGP MESSAGE|SSH SIGNATURE|SIGNED MESSAGE)-----/;
const lineEnd = /\r\n|\r|\n/;
/** Characters (UTF-16) of the author's own text in a tag. */
export const maxNotesLength = 16_384;

/** The text of the annotated tag, ending with a line feed. Made for `git tag --cleanup=verbatim -F -`. */
export function formatTagMessage(message: TagMessage): string {
  const { kind, name, description, version, published, trailers } = message;
  const label = kind.charAt(0).toUpperCase() + kind.slice(1);
  const facts = [`${label}: ${name}`, `Description: ${oneLine(description)}`, `Published: ${published}`].join("\n");
  const notes = formatNotes(message.notes ?? "");
  const paragraphs = [`Release v${version}`, facts, ...(notes === "" ? [] : [notes]), formatTrailers(trailers)];
  return `${paragraphs.join("\n\n")}\n`;
}

// Every control character: a NUL would cut the message short, a line feed would begin a line of the author's choice.
const oneLine = (text: string): string => text.replaceAll(/[\s\p{Cc}\p{Zl}\p{Zp}]+/gu, " ").trim();

/** The first line of a text that may not stand in a tag: it would pass for a trailer or a signature. */
export const findReservedLine = (notes: string): string | undefined =>
  notes.split(lineEnd).find((line) => {
    // Blanks before do not count: those of the first line are cut, and people do not see them.
    const plain = line.trim();
    return /^paks-/i.test(plain) || signatureStart.test(plain) || plain.includes("\0");
  });

function formatNotes(notes: string): string {
  const lines = notes.split(lineEnd).map((line) => line.trimEnd());
  if (findReservedLine(notes) !== undefined || notes.length > maxNotesLength) {
    throw new PaksError("INVALID_PARAMETER", "The release's message cannot be put into the tag.", {
      hint: `It may have ${maxNotesLength} characters and no line that begins with "Paks-" or a signature.`,
      details: { field: "message" },
    });
  }
  return lines.join("\n").trim();
}

const keys = {
  package: "Paks-Package",
  version: "Paks-Version",
  repository: "Paks-Repository",
  path: "Paks-Path",
  digest: "Paks-Digest",
} as const satisfies Record<keyof Trailers, string>;
const fields = Object.keys(keys) as (keyof Trailers)[];

function formatTrailers(trailers: Trailers): string {
  const checked = parseFields(trailers);
  // Editors and hooks cut blanks at the end of a line, so the root is a dot and not nothing.
  return fields.map((field) => `${keys[field]}: ${checked[field] || "."}`).join("\n");
}

/**
 * The trailers of a tag's message: its last paragraph, before a signature. `undefined` when it has none of ours.
 * @throws PaksError TRAILER_MISMATCH when they are there but not each once and well formed
 */
export function parseTagTrailers(message: string): Trailers | undefined {
  const lines = lastParagraph(message);
  if (!lines.some((line) => /^paks-/i.test(line))) return undefined;
  const found = new Map<string, string>();
  for (const line of lines) {
    const match = /^([A-Za-z0-9-]+):(?: (.*))?$/.exec(line);
    if (!match) throw malformed("The tag's last paragraph mixes trailers with other text.");
    const [, key = "", value = ""] = match;
    if (!/^paks-/i.test(key)) continue;
    if (found.has(key.toLowerCase())) throw malformed(`The tag has the trailer ${key} twice.`, key);
    if (!key.startsWith("Paks-")) throw malformed(`The tag's trailer ${key} is not written as Paks-….`, key);
    found.set(key.toLowerCase(), value.trim());
  }
  return parseFields(Object.fromEntries(fields.map((field) => [field, found.get(keys[field].toLowerCase())])));
}

const malformed = (message: string, trailer?: string, cause?: unknown): PaksError =>
  new PaksError("TRAILER_MISMATCH", message, {
    hint: "Let `paks publish` write the tag, or write a tag without Paks- trailers.",
    details: trailer === undefined ? undefined : { trailer },
    cause,
  });

type Unchecked = Partial<Record<keyof Trailers, string | undefined>>;

function parseFields(texts: Unchecked): Trailers {
  const parse = (field: keyof Trailers, reader: (text: string) => string): string => {
    const text = texts[field];
    if (text === undefined) throw malformed(`The tag lacks the trailer ${keys[field]}.`, keys[field]);
    try {
      return reader(text);
    } catch (error) {
      if (!(error instanceof PaksError)) throw error;
      throw malformed(`The tag's trailer ${keys[field]} is malformed: ${error.message}`, keys[field], error);
    }
  };
  return {
    package: parse("package", (text) => formatPakId(parsePakId(text))),
    version: parse("version", parseVersion),
    repository: parse("repository", parseRepositoryText),
    path: parse("path", parseFolder),
    digest: parse("digest", parseDigest),
  };
}

/** One line without blanks; what it leads to is judged by `parseRepositoryUrl` under the reader's own policy. */
function parseRepositoryText(text: string): string {
  if (text !== "" && text.length <= 2048 && !/\s/.test(text) && !findUnsafeCharacter(text)) return text;
  throw new PaksError("INVALID_REPOSITORY_URL", "The repository is not a URL.");
}

function parseDigest(text: string): string {
  if (/^h1:[A-Za-z0-9+/]{43}=$/.test(text)) return text;
  throw new PaksError("INVALID_PARAMETER", "It is not a digest of the form h1:….");
}

/** Lines behind the last blank line, without a signature and without blanks at the lines' ends. */
function lastParagraph(message: string): string[] {
  const lines = message.split(lineEnd);
  const signature = lines.findLastIndex((line) => signatureStart.test(line));
  const text = (signature < 0 ? lines : lines.slice(0, signature)).map((line) => line.trimEnd());
  const end = text.findLastIndex((line) => line !== "") + 1;
  const start = text.lastIndexOf("", end - 1) + 1;
  return text.slice(end === 0 ? 0 : start, end);
}

/** The line by which a rerun of `paks publish` knows its own version commit. */
export const formatReleaseTrailer = (id: PakId, version: string): string =>
  `Paks-Release: ${formatPakId(id)}@${parseVersion(version)}`;

/**
 * Which release a commit prepared. Looked for in the whole message, because commit hooks add paragraphs of their own;
 * `undefined` when there is none, more than one, or it cannot be read.
 */
export function findReleaseTrailer(commitMessage: string): PreparedRelease | undefined {
  const lines = releaseLines(commitMessage);
  return lines.length === 1 ? parseReleaseLine(lines[0]!) : undefined;
}

/** All releases that a commit prepared: a repository with several paks bumps them in one. What cannot be read is left out. */
export const listReleaseTrailers = (commitMessage: string): PreparedRelease[] =>
  releaseLines(commitMessage).flatMap((line) => parseReleaseLine(line) ?? []);

export interface PreparedRelease extends PakId {
  readonly version: string;
}

const releaseLines = (commitMessage: string): string[] => [
  ...new Set(commitMessage.split(lineEnd).flatMap((line) => /^Paks-Release: (\S{1,240})\s*$/.exec(line)?.[1] ?? [])),
];

function parseReleaseLine(line: string): PreparedRelease | undefined {
  const match = /^([a-z0-9-]+\/[a-z0-9-]+)@(.+)$/.exec(line);
  if (!match || !isVersion(match[2]!)) return undefined;
  try {
    return { ...parsePakId(match[1]!), version: match[2]! };
  } catch (error) {
    if (error instanceof PaksError) return undefined;
    throw error;
  }
}
