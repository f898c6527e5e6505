import Range from "semver/classes/range.js";
import SemVer from "semver/classes/semver.js";
import compare from "semver/functions/compare.js";
import { escapeText } from "./characters.ts";
import { PaksError } from "./errors.ts";

export const maxVersionLength = 128;

const identifier = "(?:0|[1-9][0-9]*|[0-9]*[A-Za-z-][0-9A-Za-z-]*)";
const strictVersion = new RegExp(
  "^(?:0|[1-9][0-9]*)\\.(?:0|[1-9][0-9]*)\\.(?:0|[1-9][0-9]*)" +
    `(?:-${identifier}(?:\\.${identifier})*)?` +
    "(?:\\+[0-9A-Za-z-]+(?:\\.[0-9A-Za-z-]+)*)?$",
);
const channel = /^[a-z](?:-?[a-z0-9])*$/;
/** Without this the library reads blanks alone as "any version". */
const rangeCharacters = /^[0-9A-Za-z.*^~<>=|+-](?:[0-9A-Za-z.*^~<>=|+ -]*[0-9A-Za-z.*^~<>=|+-])?$/;

export const bumps = ["major", "minor", "patch", "prerelease"] as const;
export type Bump = (typeof bumps)[number];

/** `undefined` unless `text` is semver 2.0 to the letter, without `v` and at most 128 characters long. */
function readVersion(text: string): SemVer | undefined {
  if (text.length > maxVersionLength || !strictVersion.test(text)) return undefined;
  // The library refuses numbers beyond 2^53, which it could not compare.
  if (
    /[0-9]{16}/.test(text) &&
    text
      .split(/[-+]/, 1)[0]!
      .split(".")
      .some((part) => !Number.isSafeInteger(+part))
  ) {
    return undefined;
  }
  return new SemVer(text);
}

export const isVersion = (text: string): boolean => readVersion(text) !== undefined;

/** @throws PaksError INVALID_PARAMETER */
export function parseVersion(text: string): string {
  if (isVersion(text)) return text;
  throw new PaksError("INVALID_PARAMETER", `"${escapeText(text, 60)}" is not a version.`, {
    hint: versionHint(text),
    details: { field: "version" },
  });
}

function versionHint(text: string): string {
  const bare = text.trim().replace(/^[=v]+/i, "");
  if (bare !== text && isVersion(bare)) return `Write ${bare}.`;
  return "Use three numbers such as 1.2.0, with an optional pre-release such as 1.2.0-beta.1.";
}

function requireSemVer(text: string): SemVer {
  return readVersion(parseVersion(text))!;
}

/**
 * The next version; without one, the step is taken from 0.0.0. Build metadata is dropped.
 * @param preid first identifier of a pre-release, e.g. `beta`
 * @throws PaksError INVALID_PARAMETER
 */
export function bumpVersion(version: string | undefined, bump: Bump, preid?: string): string {
  const next = requireSemVer(version ?? "0.0.0");
  if (preid !== undefined && (preid.length > 32 || !new RegExp(`^${identifier}$`).test(preid))) {
    throw new PaksError("INVALID_PARAMETER", `"${escapeText(preid, 40)}" cannot name a pre-release.`, {
      hint: "Use letters, digits and hyphens, for example beta.",
      details: { field: "preid" },
    });
  }
  // Stepping past the largest number or the length would make a text that no reader takes back.
  return parseVersion(next.inc(bump, preid).version);
}

/** What must be unique per pak: the version without build metadata, which semver does not order. */
export const versionKey = (version: string): string => requireSemVer(version).version;

/** Semver precedence; build metadata does not count. */
export const compareVersions = (a: string, b: string): number => compare(requireSemVer(a), requireSemVer(b));

export const isPrerelease = (version: string): boolean => requireSemVer(version).prerelease.length > 0;

/**
 * What stands behind the `@` of a ref: an exact version (a leading `v` is dropped), a semver range or a channel.
 * @throws PaksError INVALID_PARAMETER
 */
export function parseSelector(text: string): string {
  const version = /^v[0-9]/.test(text) ? text.slice(1) : text;
  if (isVersion(version)) return version;
  if (channel.test(text) && text.length <= 32) return text;
  if (parseRange(text)) return text;
  throw new PaksError("INVALID_PARAMETER", `"${escapeText(text, 60)}" is not a version, range or channel.`, {
    hint: "For example 1.2.0, ^1.2 or latest.",
    details: { field: "selector" },
  });
}

/** `undefined` when `text` is no semver range. */
function parseRange(text: string): Range | undefined {
  if (text.length > maxVersionLength || !rangeCharacters.test(text)) return undefined;
  try {
    return new Range(text);
  } catch (error) {
    if (error instanceof TypeError) return undefined;
    throw error;
  }
}

export const isRange = (text: string): boolean => parseRange(text) !== undefined;

interface Selectable {
  readonly version: string;
  readonly yanked: boolean;
}

/**
 * The release that a selector means. Only an exact version finds a yanked one. Without a selector, or with
 * `latest`: the highest stable one, or the highest of all when none is stable.
 */
export function selectVersion<T extends Selectable>(versions: readonly T[], selector?: string): T | undefined {
  const wanted = selector === undefined ? "latest" : parseSelector(selector);
  if (isVersion(wanted)) {
    const key = versionKey(wanted);
    return versions.find((each) => versionKey(each.version) === key);
  }
  const offered = versions.filter((each) => !each.yanked);
  if (wanted === "latest") {
    return highest(offered.filter((each) => !isPrerelease(each.version))) ?? highest(offered);
  }
  const range = parseRange(wanted);
  return highest(
    offered.filter(({ version }) => {
      const parsed = requireSemVer(version);
      return range ? range.test(parsed) : parsed.prerelease[0] === wanted;
    }),
  );
}

function highest<T extends Selectable>(versions: readonly T[]): T | undefined {
  let best: T | undefined;
  for (const each of versions) if (!best || compareVersions(each.version, best.version) > 0) best = each;
  return best;
}
