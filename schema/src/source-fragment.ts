import { escapeText } from "./characters.ts";
import { PaksError } from "./errors.ts";
import { checkPath, requirePath } from "./paths.ts";
import { parseTagName } from "./tags.ts";
import { parseSelector } from "./version.ts";

/** What can stand behind the `#` of a source. */
export interface SourceFragment {
  readonly tag?: string;
  readonly branch?: string;
  /** 40 hexadecimal digits. */
  readonly commit?: string;
  /** A tag, a branch or a commit, looked for in this order: what stands behind the `#` without a key. */
  readonly ref?: string;
  /** An exact version, a range or a channel, found among the tags. */
  readonly version?: string;
  /** A tag, branch or commit and behind it a folder, as in a browser's address: only the remote knows where the one ends. */
  readonly tree?: string;
  /** Folder of the pak; absent: wherever it is found. */
  readonly path?: string;
}

type Key = keyof SourceFragment;

const parsers: { readonly [K in Key]: (text: string) => string } = {
  tag: parseTagName,
  branch: parseBranchName,
  commit: parseCommit,
  ref: parseRef,
  version: parseSelector,
  tree: parseTree,
  path: parseFolder,
};

const allKeys = Object.keys(parsers) as Key[];
/** Everything but the folder says the same thing in another way. */
const isPlace = (key: Key): boolean => key !== "path";

/** The text before the first `#` and the one behind it. */
export function splitFragment(text: string): { before: string; fragment: string } {
  const hash = text.indexOf("#");
  return hash < 0 ? { before: text, fragment: "" } : { before: text.slice(0, hash), fragment: text.slice(hash + 1) };
}

/**
 * `v1.0.0`, `tag=v1.0.0&path=skills/pdf`. At most one of tag, branch, commit, ref, version and tree; each key once.
 * @throws PaksError INVALID_PARAMETER, INVALID_TAG, UNSAFE_PATH
 */
export function parseFragment(fragment: string, allowed: readonly Key[] = allKeys): SourceFragment {
  const found: { -readonly [K in Key]?: string } = {};
  if (fragment === "") return found;
  const parts = fragment.includes("=") ? fragment.split("&") : [`ref=${fragment}`];
  // `#v1.0.0&path=skills/pdf`
  if (!parts[0]!.includes("=") && allowed.includes("ref")) parts[0] = `ref=${parts[0]!}`;
  for (const part of parts) {
    const equals = part.indexOf("=");
    const key = allowed.find((one) => one === part.slice(0, Math.max(equals, 0)));
    if (key === undefined || found[key] !== undefined) throw fragmentError(part, allowed);
    found[key] = parsers[key](decode(part.slice(equals + 1)));
  }
  requireOnePlace(found);
  // The root is where one looks without being told.
  if (found.path === "") delete found.path;
  return found;
}

/** @throws PaksError INVALID_PARAMETER when two of the keys name a state of the repository */
export function requireOnePlace(fragment: SourceFragment): void {
  const places = allKeys.filter((key) => isPlace(key) && fragment[key] !== undefined);
  if (places.length > 1)
    throw new PaksError("INVALID_PARAMETER", `${places.join(" and ")} cannot both be named.`, {
      hint: "Name one of tag, branch, commit and version.",
    });
  if (fragment.tree === undefined || fragment.path === undefined) return;
  throw new PaksError("INVALID_PARAMETER", "This address names a folder already.", {
    hint: "Give the address of the repository and #branch=…&path=….",
  });
}

function fragmentError(part: string, allowed: readonly Key[]): PaksError {
  // `tree` is what a browser's address becomes; nobody has to write it.
  const known = allowed.filter((key) => key !== "tree");
  return new PaksError("INVALID_PARAMETER", `"${escapeText(part, 40)}" cannot stand behind the # here.`, {
    hint: `Known there: ${known.map((key) => `${key}=…`).join(", ")}; with & between them, each once.`,
  });
}

/** @throws PaksError INVALID_PARAMETER */
export function decode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch (cause) {
    if (!(cause instanceof URIError)) throw cause;
    throw new PaksError("INVALID_PARAMETER", "A % in the source is not followed by two hexadecimal digits.", { cause });
  }
}

/**
 * A branch's short name, by the rule for tags: what no option, shell or file system could misread.
 * @throws PaksError INVALID_PARAMETER
 */
export function parseBranchName(text: string): string {
  try {
    return parseTagName(text);
  } catch (cause) {
    if (!(cause instanceof PaksError)) throw cause;
    throw new PaksError("INVALID_PARAMETER", `"${escapeText(text, 140)}" cannot be the name of a branch here.`, {
      hint: "Give the short name, for example main.",
      cause,
    });
  }
}

/** @throws PaksError INVALID_PARAMETER */
export function parseCommit(text: string): string {
  const lower = text.toLowerCase();
  if (isCommit(lower)) return lower;
  throw new PaksError("INVALID_PARAMETER", `"${escapeText(text, 60)}" is not the full id of a commit.`, {
    hint: "A commit is named by all of its 40 hexadecimal digits; short ids can mean several.",
  });
}

/** 40 lower-case hexadecimal digits. */
export const isCommit = (text: string): boolean => /^[0-9a-f]{40}$/.test(text);

function parseRef(text: string): string {
  return isCommit(text.toLowerCase()) ? text.toLowerCase() : parseTagName(text);
}

function parseTree(text: string): string {
  const tree = parseFolder(text);
  if (tree !== "" && !tree.startsWith("-")) return tree;
  throw new PaksError("INVALID_PARAMETER", "The address names no tag, branch or commit.", {
    hint: "For example https://github.com/acme/skills/tree/main/skills/pdf.",
  });
}

/**
 * A folder inside a repository, with `/` and without `./` or a slash at its ends; "" is the root.
 * @throws PaksError UNSAFE_PATH
 */
export function parseFolder(text: string): string {
  const path = text.replace(/^(?:\.\/)+/, "").replace(/\/$/, "");
  if (path === "" || path === ".") return "";
  try {
    requirePath(path);
  } catch (error) {
    if (!(error instanceof PaksError) || error.code !== "UNSAFE_PATH") throw error;
    const { code, message, details } = error;
    throw new PaksError(code, message, { hint: hintOnFolder(path), details, cause: error });
  }
  return path;
}

/** A folder that somebody names cannot be renamed by him. */
function hintOnFolder(path: string): string {
  const inside = path.replace(/^\/+/, "");
  const isOnlyAbsolute = path.startsWith("/") && inside !== "" && checkPath(inside) === undefined;
  const example = isOnlyAbsolute ? escapeText(inside, 180) : "skills/pdf";
  return `Name the folder as it is below the top of the repository, without .. and without / in front: ${example}`;
}

/** With the `#` in front; "" when there is nothing to say. */
export function formatFragment(fragment: { readonly [K in Key]?: string | undefined }): string {
  const parts = allKeys
    .filter((key) => fragment[key] !== undefined && fragment[key] !== "")
    .map((key) => `${key}=${readable(fragment[key]!)}`);
  return parts.length === 0 ? "" : `#${parts.join("&")}`;
}

/** What no reader of a URL takes for something else stays as people write it. */
const readable = (text: string): string =>
  encodeURIComponent(text).replaceAll("%2F", "/").replaceAll("%5E", "^").replaceAll("%40", "@");
