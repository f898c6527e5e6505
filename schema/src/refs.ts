import { escapeText, findUnsafeCharacter, formatCodePoint } from "./characters.ts";
import { PaksError, isPaksError } from "./errors.ts";
import { formatPakId, type PakId, parsePakId } from "./names.ts";
import { type GitSource, formatGit, parseForge, parseGit } from "./git-source.ts";
import { formatFragment, parseFragment, splitFragment } from "./source-fragment.ts";
import { mistakenSource, wholeAddress } from "./source-mistakes.ts";
import { parseSelector } from "./version.ts";

/** A pak of a registry and, behind the `@`, which of its releases: an exact version, a range or a channel. */
export interface PakRef extends PakId {
  readonly selector?: string;
}

export type { GitSource } from "./git-source.ts";
export {
  isCommit,
  parseBranchName,
  parseCommit,
  parseFolder,
  requireOnePlace,
  type SourceFragment,
} from "./source-fragment.ts";

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

/** An npm package that holds paks. */
export interface NpmSource {
  readonly type: "npm";
  readonly package: string;
  readonly selector?: string;
  /** Folder of the pak inside the package; absent: wherever it is found. */
  readonly path?: string;
}

/** Where a user says that a pak comes from. */
export type Source =
  | ({ readonly type: "registry" } & PakRef)
  | GitSource
  | NpmSource
  | { readonly type: "local"; readonly path: string };

const maxLength = 4096;
const local = /^(?:\.{1,2}$|\.{1,2}[\\/]|\/|[A-Za-z]:[\\/]|\\\\)/;
const remote = /^(?:[A-Za-z][A-Za-z0-9+.-]*:(?:\/\/|:)|[A-Za-z0-9._-]+@[^@:/]+:)/;
const prefixed = /^(github|gitlab|npm):(.*)$/s;

/**
 * A registry ref, a git repository (`github:o/r/skills/pdf#v1.0.0`, `gitlab:g/sub/r`, a URL with `#tag=v1.0.0&path=skills/pdf`
 * behind it, what a browser shows), an npm package (`npm:@scope/pkg@^1`) or a local folder (`./x`, `../x`, `/x`, `C:\x`).
 * @throws PaksError INVALID_PARAMETER, and the codes of `parsePakRef`, `parseRepositoryUrl`, `parseTagName`, `parseFolder`
 */
export function parseSource(text: string): Source {
  if (text.length > maxLength)
    throw new PaksError("INVALID_PARAMETER", `The source is longer than ${maxLength} characters.`);
  if (text === "") throw new PaksError("INVALID_PARAMETER", "The source is empty.", { hint: sourceHint });
  if (local.test(text)) return parseLocal(text);
  const [, prefix, rest] = prefixed.exec(text) ?? [];
  if (prefix === "npm") return parseNpm(rest!);
  if (prefix !== undefined) return parseForge(prefix as "github" | "gitlab", rest!);
  const whole = wholeAddress(text);
  if (whole !== undefined || remote.test(text)) return parseGit(whole ?? text);
  try {
    return { type: "registry", ...parsePakRef(text) };
  } catch (error) {
    throw isPaksError(error, "INVALID_NAME") ? mistakenSource(text, error) : error;
  }
}

const sourceHint = "For example acme/pdf, github:acme/skills#v1.0.0 or ./my-skill.";

function parseLocal(path: string): Source {
  const unsafe = findUnsafeCharacter(path);
  if (!unsafe) return { type: "local", path };
  throw new PaksError("INVALID_CHARACTERS", `The folder's name holds ${formatCodePoint(unsafe.codePoint)}.`, {
    details: { path: escapeText(path) },
  });
}

/** npm's own grammar, old packages with capitals included. */
const packageName = /^(?:@[a-z0-9~-][\w.~-]*\/)?[A-Za-z0-9~-][\w.~-]*$/;

function parseNpm(text: string): NpmSource {
  const { before, fragment } = splitFragment(text);
  const at = before.indexOf("@", 1);
  const name = at < 0 ? before : before.slice(0, at);
  if (name.length > 214 || !packageName.test(name)) {
    throw new PaksError("INVALID_PARAMETER", `"${escapeText(name, 60)}" is not the name of an npm package.`, {
      hint: "For example npm:@acme/skills@^1.",
    });
  }
  const { path } = parseFragment(fragment, ["path"]);
  return {
    type: "npm",
    package: name,
    ...(at < 0 ? {} : { selector: parseSelector(before.slice(at + 1)) }),
    ...(path === undefined ? {} : { path }),
  };
}

/** The text that `parseSource` reads back. */
export function formatSource(source: Source): string {
  if (source.type === "local") return source.path;
  if (source.type === "registry") return formatPakRef(source);
  if (source.type === "git") return formatGit(source);
  const { package: name, selector, path } = source;
  return `npm:${name}${selector === undefined ? "" : `@${selector}`}${formatFragment({ path })}`;
}
