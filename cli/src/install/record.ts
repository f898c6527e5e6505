import { join, relative, resolve, sep } from "node:path";
import {
  type FileFact,
  type Found,
  type Origin,
  PaksError,
  type TextRule,
  checkPath,
  fieldOf,
  isTaken,
  parseJson,
  parsePakName,
  readCount,
  readList,
  readOrigin,
  readText,
  refuseFound,
} from "@paks/schema";

export type { Origin } from "@paks/schema";

/**
 * What paks put into one folder. It lies beside the skills, never inside one: the digest of an installed folder is
 * the digest of the release.
 */
export interface InstallRecord {
  readonly record_version: 1;
  /** Folder below the skills folder: `pdf`, or `acme/pdf` with `--dir`. */
  readonly folder: string;
  readonly name: string;
  readonly version: string | null;
  readonly digest: string;
  readonly origin: Origin;
  readonly files: readonly FileFact[];
  /** The links that lead here, relative to the skills folder and with `/`: a project can be moved. */
  readonly links: readonly string[];
  /** ISO 8601, UTC. */
  readonly installed_at: string;
  /** The project's lock named this folder when it was last placed: when it no longer does, the folder goes. */
  readonly saved?: true;
}

/** A record may have come with a stranger's project: nothing in it leads out of the skills folder. */
export const folderRule: TextRule = {
  fits: (text) => /^[a-z0-9][a-z0-9-]*(?:\/[a-z0-9][a-z0-9-]*)?$/.test(text),
  else: "is not a folder's name",
};
const nameRule: TextRule = { fits: (text) => isTaken(parsePakName, text), else: "is not a pak's name" };
const digestRule: TextRule = { fits: (text) => /^h1:[A-Za-z0-9+/]{43}=$/.test(text), else: "is not a digest" };
const pathRule: TextRule = { fits: (path) => checkPath(path) === undefined, else: "is no path of a release" };
const sha256Rule: TextRule = { fits: (text) => /^[0-9a-f]{64}$/.test(text), else: "is not a SHA-256" };
const timeRule: TextRule = {
  fits: (text) => /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?Z$/.test(text),
  else: "is not a time",
};

/** Checks every field; the error is the one that `found` makes. */
export function readRecord(found: Found): InstallRecord {
  if (fieldOf(found, "record_version").value !== 1) throw refuseFound(found, "is not of version 1");
  const version = fieldOf(found, "version");
  return {
    record_version: 1,
    folder: readText(fieldOf(found, "folder"), folderRule),
    name: readText(fieldOf(found, "name"), nameRule),
    version: version.value === null ? null : readText(version),
    digest: readText(fieldOf(found, "digest"), digestRule),
    origin: readOrigin(fieldOf(found, "origin")),
    files: readList(fieldOf(found, "files"), 10_000).map(readFileFact),
    links: readList(fieldOf(found, "links"), 1000).map((link) => readText(link)),
    installed_at: readText(fieldOf(found, "installed_at"), timeRule),
    ...(fieldOf(found, "saved").value === true && { saved: true }),
  };
}

export function markSaved({ saved: _before, ...record }: InstallRecord, isSaved: boolean): InstallRecord {
  return isSaved ? { ...record, saved: true } : record;
}

const readFileFact = (found: Found): FileFact => ({
  path: readText(fieldOf(found, "path"), pathRule),
  size: readCount(fieldOf(found, "size")),
  sha256: readText(fieldOf(found, "sha256"), sha256Rule),
  executable: fieldOf(found, "executable").value === true,
});

export const formatLink = (skillsFolder: string, path: string): string =>
  relative(skillsFolder, path).split(sep).join("/");

/** Absolute paths of the links that lead to an installed pak. */
export const resolveLinks = (skillsFolder: string, record: InstallRecord): string[] =>
  record.links.map((link) => resolve(skillsFolder, link));

/** Names hold no double hyphen, so `acme--pdf` can only be `acme/pdf`. */
const oneName = (folder: string): string => folder.replace("/", "--");

export const recordFileName = (folder: string): string => `${oneName(folder)}.json`;

/**
 * What is kept of a folder, or of a copy of it, is called by it and by when.
 * @param at ISO 8601, UTC
 */
export const backupName = (folder: string, at: string): string => `${oneName(folder)}-${at.replaceAll(/[:.]/g, "-")}`;

export const formatRecord = (record: InstallRecord): string => `${JSON.stringify(record, null, 2)}\n`;

/** Throws INTEGRITY_MISMATCH: a record that cannot be read must not be taken for "nothing is installed". */
export const parseRecord = (text: string, path: string): InstallRecord =>
  readRecord({ value: parseJson(text), place: "", refuse: (place, why) => unreadableRecord(path, `${place} ${why}`) });

export const unreadableRecord = (path: string, why?: string): PaksError =>
  new PaksError(
    "INTEGRITY_MISMATCH",
    `The install record ${path} cannot be read${why === undefined ? "" : `: ${why}`}.`,
    {
      hint: "Look at the skill's folder, then delete the record and install again with --force.",
      details: { path },
    },
  );

/** The places that paks keeps beside the skills of one folder. */
export const bookkeeping = (skillsFolder: string) => {
  const base = join(skillsFolder, ".paks");
  return {
    base,
    lock: join(base, "lock"),
    work: join(base, "work"),
    backups: join(base, "backups"),
    record: (folder: string) => join(base, recordFileName(folder)),
  };
};
