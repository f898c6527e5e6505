import { formatPakId, parseAccountName, parsePakName } from "./names.ts";
import { isPaksError } from "./errors.ts";
import { checkPath } from "./paths.ts";
import { anyGitPolicy, parseRepositoryUrl } from "./repository-url.ts";
import { type Found, type TextRule, fieldOf, optionalField, readText, refuseFound } from "./shape.ts";
import { parseTagName } from "./tags.ts";
import { isVersion } from "./version.ts";

export interface RegistryOrigin {
  readonly type: "registry";
  /** Base URL without a slash at the end. */
  readonly registry: string;
  readonly account: string;
  readonly name: string;
  readonly version: string;
  readonly tag: string;
  readonly tag_object?: string;
  readonly commit: string;
  readonly tree?: string;
  readonly repository: string;
  /** Folder in the repository; "" is the root. */
  readonly path: string;
  /** SHA-256 of the archive. */
  readonly archive?: string;
}

/** Without a tag the commit alone says what it is; `branch` is where it was found. */
export interface GitOrigin {
  readonly type: "git";
  readonly repository: string;
  readonly path: string;
  readonly commit: string;
  readonly tag?: string;
  readonly branch?: string;
  readonly tree?: string;
}

export interface NpmOrigin {
  readonly type: "npm";
  readonly registry: string;
  readonly package: string;
  readonly version: string;
  /** As npm writes it: `sha512-…`. */
  readonly integrity: string;
  /** Folder in the package; "" is its root. */
  readonly path: string;
}

/** In a lock the path is relative to the workspace, in the record of an installed pak absolute. */
export interface LocalOrigin {
  readonly type: "local";
  readonly path: string;
}

/** Where the bytes of a pak came from. */
export type Origin = RegistryOrigin | GitOrigin | NpmOrigin | LocalOrigin;

const hex = (...lengths: number[]): TextRule => ({
  fits: (text) => /^[0-9a-f]+$/.test(text) && lengths.includes(text.length),
  else: `is not ${lengths.join(" or ")} lower-case hexadecimal digits`,
});
const objectId = hex(40, 64);
const sha256 = hex(64);

/** Whether a parser of this package takes `text`. */
export function isTaken(parse: (text: string) => unknown, text: string): boolean {
  try {
    parse(text);
    return true;
  } catch (error) {
    if (isPaksError(error)) return false;
    throw error;
  }
}

const tagName: TextRule = { fits: (text) => isTaken(parseTagName, text), else: "is not a tag" };
const accountName: TextRule = { fits: (text) => isTaken(parseAccountName, text), else: "is not an account's name" };
const pakName: TextRule = { fits: (text) => isTaken(parsePakName, text), else: "is not a pak's name" };
export const versionRule: TextRule = { fits: isVersion, else: "is not a version" };
const folder: TextRule = { fits: (path) => path === "" || !checkPath(path), else: "is not a path inside a release" };
const webAddress: TextRule = {
  fits: (text) => /^https?:\/\/[^\s/?#@]+(?:\/[^\s?#]*)?$/.test(text) && URL.canParse(text),
  else: "is not an http address without credentials",
};
/** Where git may fetch is decided by who fetches; here only what can be no repository at all is refused. */
const repository: TextRule = {
  fits: (text) => isTaken((url) => parseRepositoryUrl(url, anyGitPolicy), text),
  else: "is not a repository's address",
};
/** npm's own grammar, old packages with capitals included. */
const packageName: TextRule = {
  max: 214,
  fits: (text) => /^(?:@[a-z0-9~-][\w.~-]*\/)?[A-Za-z0-9~-][\w.~-]*$/.test(text),
  else: "is not the name of an npm package",
};
const integrity: TextRule = {
  max: 512,
  fits: (text) => /^sha(?:1|256|384|512)-[A-Za-z0-9+/]{27,88}={0,2}$/.test(text),
  else: "is not an integrity text of npm",
};

/** Every field is checked; an unknown type is refused. */
export function readOrigin(found: Found): Origin {
  const type = readText(fieldOf(found, "type"));
  if (!Object.hasOwn(readers, type)) throw refuseFound(fieldOf(found, "type"), "is not a kind of origin");
  return readers[type as Origin["type"]](found);
}

const readers: { readonly [T in Origin["type"]]: (found: Found) => Extract<Origin, { type: T }> } = {
  registry: (found) => ({
    type: "registry",
    registry: readText(fieldOf(found, "registry"), webAddress),
    account: readText(fieldOf(found, "account"), accountName),
    name: readText(fieldOf(found, "name"), pakName),
    version: readText(fieldOf(found, "version"), versionRule),
    tag: readText(fieldOf(found, "tag"), tagName),
    ...optionalField(found, "tag_object", (field) => readText(field, objectId)),
    commit: readText(fieldOf(found, "commit"), objectId),
    ...optionalField(found, "tree", (field) => readText(field, objectId)),
    // Said by the registry; it is judged when somebody fetches from it.
    repository: readText(fieldOf(found, "repository"), { max: 2048 }),
    path: readText(fieldOf(found, "path"), folder),
    ...optionalField(found, "archive", (field) => readText(field, sha256)),
  }),
  git: (found) => ({
    type: "git",
    repository: readText(fieldOf(found, "repository"), repository),
    path: readText(fieldOf(found, "path"), folder),
    commit: readText(fieldOf(found, "commit"), objectId),
    ...optionalField(found, "tag", (field) => readText(field, tagName)),
    // A branch's name obeys the rules of git that a tag's does.
    ...optionalField(found, "branch", (field) => readText(field, { ...tagName, else: "is not a branch" })),
    ...optionalField(found, "tree", (field) => readText(field, objectId)),
  }),
  npm: (found) => ({
    type: "npm",
    registry: readText(fieldOf(found, "registry"), webAddress),
    package: readText(fieldOf(found, "package"), packageName),
    version: readText(fieldOf(found, "version"), versionRule),
    integrity: readText(fieldOf(found, "integrity"), integrity),
    path: readText(fieldOf(found, "path"), folder),
  }),
  local: (found) => ({ type: "local", path: readText(fieldOf(found, "path"), { anyCharacter: true }) }),
};

/** The same for all addresses of one repository, such as those with and without `.git`, or over https and ssh. */
export const repositoryIdentity = (url: string): string => parseRepositoryUrl(url, anyGitPolicy).key;

/** The same for every version and state of one pak: another one may replace it. A folder is its path. */
export function originIdentity(origin: Origin): string {
  if (origin.type === "registry") return formatPakId(origin);
  if (origin.type === "git") return `${repositoryIdentity(origin.repository)}#path=${origin.path}`;
  return origin.type === "npm" ? `npm:${origin.package}#path=${origin.path}` : origin.path;
}
