import { escapeText, findUnsafeCharacter, formatCodePoint } from "./characters.ts";
import { type ErrorCode, PaksError } from "./errors.ts";
import type { Finding } from "./finding.ts";
import { defaultLimits, type Limits } from "./limits.ts";

/** One entry of a git tree: mode as git prints it, path relative to the pak, with `/`. */
export interface TreeEntry {
  readonly path: string;
  readonly mode: string;
  readonly oid: string;
}

/** What is wrong with an entry; `rule` is a stable word for machines. */
interface EntryProblem {
  readonly code: ErrorCode;
  readonly rule: string;
  readonly path: string;
  readonly message: string;
  readonly hint?: string;
}

/**
 * Full case folding as far as file systems go: lower, upper, lower again, because only upper case takes `ß` apart
 * and only lower case knows the capital `ẞ`; decomposed first, for the file systems that store accents apart.
 */
export const foldCase = (text: string): string => text.normalize("NFD").toLowerCase().toUpperCase().toLowerCase();

/** Code points that HFS+ leaves out when it compares names. */
const ignoredByHfs = /[\u200C-\u200F\u202A-\u202E\u206A-\u206F\uFEFF]/g;

/** How a component reads to the most forgiving file system: no stream, no dots or blanks at the end, no case. */
const plainName = (component: string): string =>
  foldCase(component.replaceAll(ignoredByHfs, "").replace(/:.*$/s, "")).replace(/[. ]+$/, "");

const device = /^(?:con|prn|aux|nul|com[0-9¹²³]|lpt[0-9¹²³]|conin\$|conout\$)$/;

const componentRules: readonly {
  readonly rule: string;
  readonly broken: (part: string) => boolean;
  readonly why: string;
}[] = [
  { rule: "empty-component", broken: (part) => part === "", why: "has a component without a name" },
  { rule: "dot-component", broken: (part) => part === "." || part === "..", why: 'has a component "." or ".."' },
  {
    rule: "git-directory",
    broken: (part) => /^(?:\.git|git~[0-9]+)$/.test(plainName(part)),
    why: "has a component that file systems may take for .git",
  },
  {
    rule: "paks-directory",
    broken: (part) => plainName(part) === ".paks",
    why: "uses .paks, where installs are recorded",
  },
  { rule: "node-modules", broken: (part) => plainName(part) === "node_modules", why: "uses node_modules" },
  {
    rule: "device-name",
    broken: (part) => device.test(plainName(part).split(".", 1)[0]!.trimEnd()),
    why: "has a component that Windows takes for a device",
  },
  { rule: "windows-character", broken: (part) => /[<>:"|?*]/.test(part), why: 'holds one of < > : " | ? *' },
  {
    rule: "trailing-dot-or-space",
    broken: (part) => /[. ]$/.test(part),
    why: "has a component that ends with a dot or blank",
  },
];

const utf8Length = (text: string): number => Buffer.byteLength(text, "utf8");

function findPathProblem(path: string, limits: Limits): EntryProblem | undefined {
  const problem = (rule: string, why: string): EntryProblem => ({
    code: "UNSAFE_PATH",
    rule,
    path: escapeText(path),
    message: `The path "${escapeText(path)}" ${why}.`,
    hint: "Rename or remove it.",
  });
  if (path === "") return problem("empty", "is empty");
  if (utf8Length(path) > limits.pathBytes) return problem("path-too-long", `is longer than ${limits.pathBytes} bytes`);
  const unsafe = findUnsafeCharacter(path);
  if (unsafe) return problem("invisible-character", `holds ${formatCodePoint(unsafe.codePoint)}`);
  // What decoders put in the place of bytes that are not UTF-8: two such names could be one.
  if (path.includes("\uFFFD")) return problem("invalid-utf8", "is not valid UTF-8");
  if (path.includes("\\")) return problem("backslash", "holds a backslash");
  if (/^(?:\/|[A-Za-z]:)/.test(path)) return problem("absolute", "is absolute");
  const parts = path.split("/");
  if (parts.length > limits.pathDepth) return problem("too-deep", `is more than ${limits.pathDepth} folders deep`);
  const max = limits.pathComponentBytes;
  if (parts.some((part) => utf8Length(part) > max))
    return problem("component-too-long", `has a component longer than ${max} bytes`);
  const broken = componentRules.find((rule) => parts.some(rule.broken));
  return broken && problem(broken.rule, broken.why);
}

const modeProblems: Readonly<
  Record<string, { readonly code: ErrorCode; readonly rule: string; readonly why: string }>
> = {
  "120000": { code: "SYMLINK_NOT_ALLOWED", rule: "symlink", why: "is a symbolic link" },
  // Not of git: what a folder on a disk may hold.
  "010000": { code: "UNSAFE_MODE", rule: "special-file", why: "is a pipe, socket or device" },
  "160000": { code: "SUBMODULE_NOT_SUPPORTED", rule: "submodule", why: "is a submodule" },
};
const goodModes = new Set(["100644", "100755", "040000", "40000"]);

function findModeProblem(entry: { path: string; mode: string }): EntryProblem | undefined {
  if (goodModes.has(entry.mode)) return undefined;
  const path = escapeText(entry.path);
  const { code, rule, why } = modeProblems[entry.mode] ?? {
    code: "UNSAFE_MODE" as const,
    rule: "mode",
    why: `has the mode ${escapeText(entry.mode, 10)}`,
  };
  return {
    code,
    rule,
    path,
    message: `"${path}" ${why}.`,
    hint: "A release holds plain files only: put a copy there.",
  };
}

/** Finds names that become one on some file system, folders on the way included. */
function openCollisionCheck(): (path: string, isFile: boolean) => EntryProblem | undefined {
  const seen = new Map<string, { readonly path: string; readonly isFile: boolean }>();
  return (path, isFile) => {
    for (let end = path.indexOf("/"); ; end = path.indexOf("/", end + 1)) {
      const whole = end < 0;
      const here = { path: whole ? path : path.slice(0, end), isFile: whole && isFile };
      const folded = foldCase(here.path);
      const before = seen.get(folded);
      if (!before) seen.set(folded, here);
      else if (before.path !== here.path) return collision(before.path, here.path);
      else if (before.isFile || here.isFile) return duplicate(here.path);
      if (whole) return undefined;
    }
  };
}

const collision = (first: string, second: string): EntryProblem => ({
  code: "CASE_COLLISION",
  rule: "case-collision",
  path: escapeText(second),
  message: `"${escapeText(first)}" and "${escapeText(second)}" are one name on some file systems.`,
  hint: "Rename one of them.",
});

const duplicate = (path: string): EntryProblem => ({
  code: "UNSAFE_PATH",
  rule: "duplicate",
  path: escapeText(path),
  message: `"${escapeText(path)}" is there twice.`,
  hint: "Remove one of them.",
});

function* findEntryProblems(
  entries: readonly { path: string; mode: string }[],
  limits: Limits,
): Generator<EntryProblem, void> {
  const files = entries.reduce((sum, { mode }) => (mode.endsWith("40000") ? sum : sum + 1), 0);
  if (files > limits.files || entries.length > limits.treeEntries) {
    const message = `There are ${files} files; at most ${limits.files} are allowed.`;
    const hint = "Leave out what the pak does not need, or put it into several paks.";
    yield { code: "TOO_MANY_FILES", rule: "too-many-files", path: "", message, hint };
    return;
  }
  const findCollision = openCollisionCheck();
  for (const entry of entries) {
    const problem = findModeProblem(entry) ?? findPathProblem(entry.path, limits);
    if (problem) yield problem;
    else {
      const twin = findCollision(entry.path, !entry.mode.endsWith("40000"));
      if (twin) yield twin;
    }
  }
}

const toFinding = ({ code, message, hint, path }: EntryProblem): Finding => ({
  severity: "error",
  code,
  message,
  hint,
  ...(path === "" ? {} : { path }),
});

const toError = ({ code, message, hint, path, rule }: EntryProblem): PaksError =>
  new PaksError(code, message, { hint, details: { path, rule } });

export function checkPath(path: string, limits: Limits = defaultLimits): Finding | undefined {
  const problem = findPathProblem(path, limits);
  return problem && toFinding(problem);
}

/** @throws PaksError UNSAFE_PATH with `details.path` and `details.rule` */
export function requirePath(path: string, limits: Limits = defaultLimits): void {
  const problem = findPathProblem(path, limits);
  if (problem) throw toError(problem);
}

/** Modes, paths, collisions and number of the entries of one pak. */
export const checkEntries = (
  entries: readonly { path: string; mode: string }[],
  limits: Limits = defaultLimits,
): Finding[] => Array.from(findEntryProblems(entries, limits), toFinding);

/**
 * The first problem of `checkEntries`, thrown with `details.path` and `details.rule`.
 * @throws PaksError UNSAFE_PATH, UNSAFE_MODE, SYMLINK_NOT_ALLOWED, SUBMODULE_NOT_SUPPORTED, CASE_COLLISION, TOO_MANY_FILES
 */
export function requireEntries(
  entries: readonly { path: string; mode: string }[],
  limits: Limits = defaultLimits,
): void {
  for (const problem of findEntryProblems(entries, limits)) throw toError(problem);
}

const lfsVersions = ["version https://git-lfs.github.com/spec/", "version https://hawser.github.com/spec/"];

/** Whether a file is the small text that Git LFS commits in place of the real bytes. */
export function isLfsPointer(bytes: Uint8Array): boolean {
  if (bytes.length > 1024) return false;
  const text = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString("latin1");
  return lfsVersions.some((version) => text.startsWith(version)) && text.includes("\noid sha256:");
}
