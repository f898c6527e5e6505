import { escapeText } from "./characters.ts";
import { compareBytes } from "./digest.ts";
import { PaksError } from "./errors.ts";
import { parsePakId, parsePakName } from "./names.ts";
import { type Origin, isTaken, readOrigin, versionRule } from "./origin.ts";
import { checkPath } from "./paths.ts";
import {
  type Found,
  type TextRule,
  fieldOf,
  fieldsOf,
  isJsonObject,
  optionalField,
  parseJson,
  readCount,
  readList,
  readObject,
  readText,
  refuseFound,
} from "./shape.ts";
import { parseSelector } from "./version.ts";

/** What one folder of the workspace holds, fixed to the byte. */
export interface LockedPak {
  /** As in `paks.jsonc`; null: it is there only because another pak depends on it. */
  readonly source: string | null;
  readonly resolved: Origin;
  readonly version: string | null;
  readonly digest: string;
  /** How many. */
  readonly files: number;
  /** `account/name` → range, exact version or channel. */
  readonly dependencies: Readonly<Record<string, string>>;
  /** Ids of the targets that somebody named for it. Not heeded without a source: it is for those of what needs it. */
  readonly agents: readonly string[];
  readonly mode: "link" | "copy";
  /** `update` leaves it alone. */
  readonly pinned?: true;
  /** What was there before, for `rollback`. One only. */
  readonly previous?: Omit<LockedPak, "previous">;
}

/** The content of `paks.lock`. */
export interface Lock {
  readonly lockfileVersion: 1;
  /** By folder below the skills folder: the pak's name, or the one given with `--as`. */
  readonly paks: Readonly<Record<string, LockedPak>>;
}

export const lockfileVersion = 1;
export const emptyLock: Lock = { lockfileVersion, paks: {} };

const mostPaks = 10_000;
const maxLength = 32 * 1024 * 1024;

/**
 * Reads `paks.lock`. It may have come with a clone: every field is checked, and what is not known to this program is
 * refused, not lost.
 * @throws PaksError LOCKFILE_MISMATCH with `details` path and place
 */
export function parseLock(text: string, path: string): Lock {
  const refuse = (place: string, why: string): PaksError => unreadable(path, place, why);
  if (text.length > maxLength) throw refuse("the file", "is too large");
  if (/^(?:<{7} |={7}$|>{7} )/m.test(text)) throw conflicted(path);
  // Some editors on Windows begin every file with a byte order mark.
  const root: Found = { value: parseJson(text.replace(/^\uFEFF/, "")), place: "", refuse };
  if (root.value === undefined) throw refuse("the file", "is not JSON");
  const { value } = fieldOf(root, "lockfileVersion");
  if (typeof value === "number" && value > lockfileVersion) throw tooNew(path, value);
  if (value !== lockfileVersion) throw refuse("lockfileVersion", `is not ${lockfileVersion}`);
  requireKnown(root, ["lockfileVersion", "paks"]);
  const paks = fieldsOf(fieldOf(root, "paks"));
  if (paks.length > mostPaks) throw refuse("paks", `has more than ${mostPaks} entries`);
  return {
    lockfileVersion,
    paks: Object.fromEntries(paks.map(([folder, found]) => [requireFolder(folder, found), readLockedPak(found)])),
  };
}

const unreadable = (path: string, place: string, why: string): PaksError =>
  new PaksError("LOCKFILE_MISMATCH", `${path}: ${place} ${why}.`, {
    hint: "Take the file from version control again, or delete it and run `paks install` to make a new one.",
    details: { path, place },
  });

const conflicted = (path: string): PaksError =>
  new PaksError("LOCKFILE_MISMATCH", `${path} holds the marks of a merge conflict.`, {
    hint: "Take either side (git checkout --theirs paks.lock) and run `paks install`: it adds what is missing.",
    details: { path, place: "the file" },
  });

const tooNew = (path: string, found: number): PaksError =>
  new PaksError("LOCKFILE_MISMATCH", `${path} was written by a newer paks (lockfileVersion ${found}).`, {
    hint: "Update paks.",
    details: { path, place: "lockfileVersion" },
  });

function requireKnown(found: Found, known: readonly string[]): void {
  const unknown = Object.keys(readObject(found)).find((key) => !known.includes(key));
  if (unknown !== undefined)
    throw refuseFound(found, `has a field "${escapeText(unknown, 60)}" that paks does not know`);
}

function requireFolder(folder: string, found: Found): string {
  if (isTaken(parsePakName, folder)) return folder;
  throw refuseFound({ ...found, place: "paks" }, `has an entry "${escapeText(folder, 80)}", which is no pak's name`);
}

const digest: TextRule = { fits: (text) => /^h1:[A-Za-z0-9+/]{43}=$/.test(text), else: "is not a digest" };
const agentId: TextRule = {
  max: 64,
  fits: (text) => /^[a-z0-9][a-z0-9._-]*$/.test(text),
  else: "is not an agent's id",
};
const range: TextRule = {
  max: 128,
  fits: (text) => isTaken(parseSelector, text),
  else: "is not a version, range or channel",
};

const fields = ["source", "resolved", "version", "digest", "files", "dependencies", "agents", "mode", "pinned"];

/** Checks every field of one entry; the error is the one that `found` makes. */
export function readLockedPak(found: Found): LockedPak {
  requireKnown(found, [...fields, "previous"]);
  return {
    ...readEntry(found),
    ...optionalField(found, "previous", (previous) => {
      requireKnown(previous, fields);
      return readEntry(previous);
    }),
  };
}

function readEntry(found: Found): Omit<LockedPak, "previous"> {
  const version = orNull(fieldOf(found, "version"), versionRule);
  const resolved = readResolved(fieldOf(found, "resolved"), version);
  return {
    source: orNull(fieldOf(found, "source"), {}),
    resolved,
    version,
    digest: readText(fieldOf(found, "digest"), digest),
    files: readCount(fieldOf(found, "files")),
    dependencies: readDependencies(fieldOf(found, "dependencies")),
    agents: readList(fieldOf(found, "agents"), 200).map((one) => readText(one, agentId)),
    mode: readMode(fieldOf(found, "mode")),
    ...optionalField(found, "pinned", readTrue),
  };
}

const orNull = (found: Found, rule: TextRule): string | null => (found.value === null ? null : readText(found, rule));

function readResolved(found: Found, version: string | null): Origin {
  const origin = readOrigin(found);
  if (origin.type === "registry" && origin.version !== version)
    throw refuseFound(found, "is another version than the entry says");
  // Relative to the workspace and inside it: a cloned lock must not have anything else of this machine copied.
  if (origin.type === "local" && origin.path !== "" && checkPath(origin.path))
    throw refuseFound(fieldOf(found, "path"), "is not a folder inside the workspace");
  return origin;
}

function readDependencies(found: Found): Readonly<Record<string, string>> {
  const all = fieldsOf(found);
  if (all.length > 1000) throw refuseFound(found, "has more than 1000 entries");
  for (const [id] of all)
    if (!isTaken(parsePakId, id)) throw refuseFound(found, `has "${escapeText(id, 110)}", which is not account/name`);
  return Object.fromEntries(all.map(([id, one]) => [id, readText(one, range)]));
}

function readMode(found: Found): "link" | "copy" {
  if (found.value === "link" || found.value === "copy") return found.value;
  throw refuseFound(found, "is neither link nor copy");
}

function readTrue(found: Found): true {
  if (found.value === true) return true;
  throw refuseFound(found, "is not true");
}

/**
 * The text of `paks.lock`: every object's keys in byte order, one fact per line, so that two branches that add
 * different paks merge and every change is a line that says what changed.
 */
export const formatLock = (lock: Lock): string => `${JSON.stringify(inOrder(lock), null, 2)}\n`;

function inOrder(value: unknown): unknown {
  if (Array.isArray(value)) return [...value].sort(compareTexts);
  if (!isJsonObject(value)) return value;
  return Object.fromEntries(
    Object.keys(value)
      .sort(compareBytes)
      .filter((key) => value[key] !== undefined)
      .map((key) => [key, inOrder(value[key])]),
  );
}

/** The only lists of a lock are lists of agents. */
const compareTexts = (a: unknown, b: unknown): number => compareBytes(String(a), String(b));
