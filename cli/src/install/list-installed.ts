import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { PaksError, systemErrorCode } from "@paks/schema";
import { listOtherModes } from "./file-modes.ts";
import { type InstalledState, readInstalledState } from "./installed-state.ts";
import { describeSystemError } from "../system-errors.ts";
import { type InstallRecord, bookkeeping, resolveLinks } from "./record.ts";
import { requireFolderOrNothing } from "./require-folder.ts";

export interface InstalledPak {
  readonly record: InstallRecord;
  readonly state: "absent" | "intact" | "edited";
  /** Files that differ, are missing or were added; only when edited. */
  readonly changed: readonly string[];
  /** Compiled Python that the release does not have. */
  readonly compiled: readonly string[];
  /** Files that became executable or are no longer. */
  readonly otherModes: readonly string[];
  /** Absolute. */
  readonly path: string;
  /** Absolute. */
  readonly links: readonly string[];
}

/** A pak that something is known of, but not what. */
export interface BrokenPak {
  /** Below the skills folder, as the name of the record says. */
  readonly folder: string;
  /** Absolute. */
  readonly path: string;
  readonly error: PaksError;
}

export interface Survey {
  readonly installed: readonly InstalledPak[];
  readonly broken: readonly BrokenPak[];
}

/** Reading is slower than hashing; too many at once would run out of handles. */
const readsAtOnce = 8;

/**
 * What paks installed in a skills folder, by name, with what has become of it. One record or folder that cannot be
 * read does not hide the others.
 * @throws PaksError UNSAFE_TARGET when the skills folder is none
 */
export async function surveyInstalled(skillsFolder: string): Promise<Survey> {
  const folders = await listRecordedFolders(skillsFolder);
  const installed: InstalledPak[] = [];
  const broken: BrokenPak[] = [];
  for (let start = 0; start < folders.length; start += readsAtOnce) {
    const batch = folders.slice(start, start + readsAtOnce);
    for (const one of await Promise.all(batch.map((folder) => readOne(skillsFolder, folder)))) {
      if (one === undefined) continue;
      if ("error" in one) broken.push(one);
      else installed.push(one);
    }
  }
  return { installed, broken };
}

/** All of them, or the error of the first that cannot be read. */
export async function listInstalled(skillsFolder: string): Promise<readonly InstalledPak[]> {
  const { installed, broken } = await surveyInstalled(skillsFolder);
  if (broken[0]) throw broken[0].error;
  return installed;
}

async function readOne(skillsFolder: string, folder: string): Promise<InstalledPak | BrokenPak | undefined> {
  const path = join(skillsFolder, folder);
  try {
    const state = await readInstalledState(skillsFolder, folder);
    // A record that went between the listing and the reading.
    if (state.record === undefined) return undefined;
    const { record } = state;
    return { record, state: state.state, ...changesOf(state), path, links: resolveLinks(skillsFolder, record) };
  } catch (cause) {
    if (cause instanceof PaksError) return { folder, path, error: cause };
    const error = describeSystemError(cause);
    if (error === undefined) throw cause;
    return { folder, path, error };
  }
}

function changesOf(state: InstalledState): Pick<InstalledPak, "changed" | "compiled" | "otherModes"> {
  if (state.state === "absent" || state.state === "foreign") return { changed: [], compiled: [], otherModes: [] };
  const changed = state.state === "edited" ? state.changed : [];
  const { compiled, record, executable } = state;
  return { changed, compiled, otherModes: changed.length > 0 ? [] : listOtherModes(record, executable) };
}

/** `acme--pdf.json` → `acme/pdf`, sorted. */
export async function listRecordedFolders(skillsFolder: string): Promise<string[]> {
  await requireFolderOrNothing(skillsFolder);
  try {
    const names = await readdir(bookkeeping(skillsFolder).base);
    return names
      .filter((name) => /^[a-z0-9][a-z0-9-]*\.json$/.test(name))
      .map((name) => name.slice(0, -".json".length).replace("--", "/"))
      .sort();
  } catch (error) {
    if (systemErrorCode(error) === "ENOENT") return [];
    if (systemErrorCode(error) === "ENOTDIR") throw notAFolder(bookkeeping(skillsFolder).base);
    throw error;
  }
}

const notAFolder = (path: string): PaksError =>
  new PaksError("UNSAFE_TARGET", `${path} is not a folder that paks made.`, {
    hint: "Look at what it is, then delete it.",
    details: { path },
  });
