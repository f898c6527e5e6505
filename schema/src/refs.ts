import { escapeText, findUnsafeCharacter, formatCodePoint } from "./characters.ts";
import { PaksError } from "./errors.ts";
import { formatPakId, type PakId, parsePakId } from "./names.ts";
import { requirePath } from "./paths.ts";
import { type GitPolicy, parseRepositoryUrl } from "./repository-url.ts";
import { parseTagName } from "./tags.ts";
import { parseSelector } from "./version.ts";

/** A pak of a registry and, behind the `@`, which of its releases: an exact version, a range or a channel. */
export interface PakRef extends PakId {
  readonly selector?: string;
}

export const formatPakRef = (ref: PakRef): string =>
  ref.selector === undefined ? formatPakId(ref) : `${formatPakId(ref)}@${ref.selector}`;

/**
 * `acme/pdf`, `acme/pdf@1.2.0`, `acme/pdf@^1.2`, `acme/pdf@beta`.
 * @throws PaksError INVALID_NAME, INVALID_CHARACTERS, INVALID_PARAMETER
 */
export function parsePakRef(text: string): PakRef {
  const at = text.indexOf("@", 1);
  if (at < 0) return parsePakId(text);
  return { ...parsePakId(text.slice(0, at)), selector: parseSelector(text.slice(at + 1)) };
}

export interface GitSource {
  readonly type: "git";
  readonly url: string;
  readonly tag?: string;
  /** Folder of the pak inside the repository; absent: wherever it is found. */
  readonly path?: string;
}

/** Where a user says that a pak comes from. */
export type Source =
  | ({ readonly type: "registry" } & PakRef)
  | GitSource
  | { readonly type: "local"; readonly path: string };

const maxLength = 4096;
const local = /^(?:\.{1,2}$|\.{1,2}[\\/]|\/|[A-Za-z]:[\\/]|\\\\)/;
const remote = /^(?:[A-Za-z][A-Za-z0-9+.-]*:(?:\/\/|:)|[A-Za-z0-9._-]+@[^@:/]+:)/;
const shorthand = /^(github|gitlab|npm):(.*)$/s;
/** A source is only read here; whether its host may be asked is decided by who asks it. */
const anyHost: GitPolicy = { hosts: ["*"], protocols: ["https", "http", "ssh", "file"], allowPrivate: true };

/**
 * A registry ref, a git URL (`#v1.0.0`, `#tag=v1.0.0&path=skills/pdf` behind it) or a local folder
 * (`./x`, `../x`, `/x`, `C:\x`).
 * @throws PaksError INVALID_PARAMETER, and the codes of `parsePakRef`, `parseRepositoryUrl`, `parseTagName`
 */
export function parseSource(text: string): Source {
  if (text.length > maxLength)
    throw new PaksError("INVALID_PARAMETER", `The source is longer than ${maxLength} characters.`);
  if (text === "") throw new PaksError("INVALID_PARAMETER", "The source is empty.", { hint: sourceHint });
  if (local.test(text)) return parseLocal(text);
  if (remote.test(text)) return parseGit(text);
  const short = shorthand.exec(text);
  if (short) throw shorthandError(short[1]!);
  return { type: "registry", ...parsePakRef(text) };
}

const sourceHint = "For example acme/pdf, https://github.com/acme/skills#v1.0.0 or ./my-skill.";

const shorthandError = (prefix: string): PaksError =>
  new PaksError("INVALID_PARAMETER", `Sources that begin with ${prefix}: are not understood.`, {
    hint:
      prefix === "npm"
        ? "Give the git repository of the package."
        : `Write the full address, for example https://${prefix}.com/acme/skills#path=skills/pdf.`,
  });

function parseLocal(path: string): Source {
  const unsafe = findUnsafeCharacter(path);
  if (!unsafe) return { type: "local", path };
  throw new PaksError("INVALID_CHARACTERS", `The folder's name holds ${formatCodePoint(unsafe.codePoint)}.`, {
    details: { path: escapeText(path) },
  });
}

function parseGit(text: string): GitSource {
  const hash = text.indexOf("#");
  const { url } = parseRepositoryUrl(hash < 0 ? text : text.slice(0, hash), anyHost);
  return { type: "git", url, ...(hash < 0 ? {} : parseFragment(text.slice(hash + 1))) };
}

function parseFragment(fragment: string): { tag?: string; path?: string } {
  if (fragment === "") return {};
  if (!fragment.includes("=")) return { tag: parseTagName(decode(fragment)) };
  const found: { tag?: string; path?: string } = {};
  for (const part of fragment.split("&")) {
    const equals = part.indexOf("=");
    const key = part.slice(0, Math.max(equals, 0));
    if ((key !== "tag" && key !== "path") || found[key] !== undefined) throw fragmentError(key || part);
    const value = decode(part.slice(equals + 1));
    found[key] = key === "tag" ? parseTagName(value) : parseFolder(value);
  }
  // The root is where one looks without being told.
  if (found.path === "") delete found.path;
  return found;
}

const fragmentError = (key: string): PaksError =>
  new PaksError("INVALID_PARAMETER", `"${escapeText(key, 40)}" cannot stand behind the # here.`, {
    hint: "Write #v1.0.0 or #tag=v1.0.0&path=skills/pdf, each key once. Only tags are releases.",
  });

function decode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch (cause) {
    if (!(cause instanceof URIError)) throw cause;
    throw new PaksError("INVALID_PARAMETER", "A % behind the # is not followed by two hexadecimal digits.", { cause });
  }
}

/**
 * A folder inside a repository, with `/` and without `./` or a slash at its ends; "" is the root.
 * @throws PaksError UNSAFE_PATH
 */
export function parseFolder(text: string): string {
  const path = text.replace(/^(?:\.\/)+/, "").replace(/\/$/, "");
  if (path === "" || path === ".") return "";
  requirePath(path);
  return path;
}

/** The text that `parseSource` reads back. */
export function formatSource(source: Source): string {
  if (source.type === "local") return source.path;
  if (source.type === "registry") return formatPakRef(source);
  const parts = [source.tag && `tag=${source.tag}`, source.path && `path=${encodeFolder(source.path)}`].filter(Boolean);
  return parts.length === 0 ? source.url : `${source.url}#${parts.join("&")}`;
}

const encodeFolder = (path: string): string => encodeURIComponent(path).replaceAll("%2F", "/");
