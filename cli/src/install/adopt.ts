import { lstatSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { type Lock, type LockedPak, type ReleaseFile, describeFiles, isMissing, isPaksError } from "@paks/schema";
import type { Context } from "../context.ts";
import { openNamedAgents } from "../workspace/needed-for.ts";
import { replaceFile } from "../write-file.ts";
import { exists } from "./installed-state.ts";
import { readLinkState } from "./links.ts";
import { withoutLeft } from "./left-by-tools.ts";
import { type LinkPlaces, linkPlacesOf, listLinkFolders } from "./own-links.ts";
import { readFolder } from "./read-folder.ts";
import { type InstallRecord, bookkeeping, formatLink, formatRecord } from "./record.ts";
import { requireInside } from "./require-inside.ts";
import { inSkillsFolder } from "./skills-folder.ts";

/** A folder that the lock names, and that is there without a record of its install. */
export interface Unrecorded {
  /** Below the skills folder. */
  readonly folder: string;
  readonly entry: LockedPak;
}

/** What was there before paks, or came with a clone whose `.gitignore` has `.paks/`; a folder or anything else. */
export const isUnrecorded = (skillsFolder: string, folder: string): boolean =>
  lstatSync(join(skillsFolder, folder), { throwIfNoEntry: false }) !== undefined &&
  lstatSync(bookkeeping(skillsFolder).record(folder), { throwIfNoEntry: false }) === undefined;

/** Its files, when they are the locked ones. */
export async function readLockedFolder(
  skillsFolder: string,
  { folder, entry }: Unrecorded,
): Promise<readonly ReleaseFile[] | undefined> {
  const path = join(skillsFolder, folder);
  // What lies behind a link is somebody else's.
  if (lstatSync(path, { throwIfNoEntry: false })?.isDirectory() !== true) return undefined;
  try {
    const all = await readFolder(path);
    // A release may have such files itself.
    return [all, withoutLeft(all)].find((files) => describeFiles(files).digest === entry.digest);
  } catch (error) {
    // What no release may hold is none of ours, nor is what another command takes away just now.
    if (isMissing(error) || (isPaksError(error) && error.code !== "CANCELLED")) return undefined;
    throw error;
  }
}

interface Adopting {
  readonly skillsFolder: string;
  readonly boundary: string | undefined;
  /** Of the workspace; absolute. */
  readonly root: string;
}

/** Gives every folder whose files are the locked ones a record, as if it had been installed here; others stay as they are. */
export async function adoptUnrecorded(context: Context, place: Adopting, lock: Lock): Promise<void> {
  const { skillsFolder, boundary } = place;
  const found: Unrecorded[] = [];
  for (const [folder, entry] of Object.entries(lock.paks)) {
    const one = { folder, entry };
    if (isUnrecorded(skillsFolder, folder) && (await readLockedFolder(skillsFolder, one))) found.push(one);
  }
  const [first] = found;
  if (first === undefined) return;
  const look = () => Promise.resolve({ owed: bookkeeping(skillsFolder).record(first.folder) });
  const options = { boundary, note: context.note, places: linkPlacesOf(context), signal: context.signal, look };
  await inSkillsFolder(skillsFolder, options, async () => {
    const agentsOf = openNamedAgents(lock);
    for (const { folder, entry } of found)
      await adopt(context, place, { folder, entry: { ...entry, agents: agentsOf(folder) } });
  });
}

/** The caller holds the folder's lock. False: its files are not the locked ones. */
export async function adopt(
  context: Context,
  { skillsFolder, root }: Omit<Adopting, "boundary">,
  unrecorded: Unrecorded,
): Promise<boolean> {
  const { folder, entry } = unrecorded;
  const target = join(skillsFolder, folder);
  await requireInside(dirname(target), skillsFolder);
  if (!isUnrecorded(skillsFolder, folder)) return true;
  const files = await readLockedFolder(skillsFolder, unrecorded);
  if (files === undefined) return false;
  const { lockedFiles } = await import("./fetch-locked.ts");
  const { name, version, digest, origin } = lockedFiles(entry, files, root);
  const record: InstallRecord = {
    record_version: 1,
    folder,
    name,
    version,
    digest,
    origin,
    files: describeFiles(files).files,
    links: [],
    installed_at: context.clock().toISOString(),
    saved: true,
  };
  const links = await findLinks(skillsFolder, { record, agents: entry.agents }, linkPlacesOf(context));
  const text = formatRecord({ ...record, links: links.map((path) => formatLink(skillsFolder, path)).sort() });
  await replaceFile(bookkeeping(skillsFolder).record(folder), text);
  return true;
}

interface Seeking {
  readonly record: InstallRecord;
  /** Ids of the tools that it was installed for by name. */
  readonly agents: readonly string[];
}

/**
 * Links to a folder, and copies of it, wherever coding tools look. Absolute. In `skills` and the like a copy counts only
 * when it was installed for that tool: it may be what the pak is made from.
 */
async function findLinks(skillsFolder: string, { record, agents }: Seeking, places: LinkPlaces): Promise<string[]> {
  const to = join(skillsFolder, record.folder);
  const { origin } = record;
  const below = origin.type === "registry" ? join(origin.account, basename(to)) : basename(to);
  const all = listLinkFolders(skillsFolder, places).map(({ folder, layout, tool, isAnybodys }) => ({
    path: join(folder, layout === "account/name" ? below : basename(to)),
    mayBeCopy: !isAnybodys || agents.includes(tool),
  }));
  const candidates = [...new Set(all.map(({ path }) => path))].filter((path) => path !== to);
  const copyPlaces = new Set(all.flatMap(({ path, mayBeCopy }) => (mayBeCopy ? [path] : [])));
  const asked = { ...record, links: candidates.map((path) => formatLink(skillsFolder, path)) };
  const found: string[] = [];
  for (const path of candidates) {
    if (!(await exists(path))) continue;
    const state = await readLinkState(path, { to, record: asked, places });
    if (state === "link" || (state === "copy" && copyPlaces.has(path))) found.push(path);
  }
  return found;
}

export interface SeenUnrecorded {
  readonly isAsLocked: boolean;
  /** Links to it, and copies when it is as locked; absolute. */
  readonly links: readonly string[];
}

/** The same without writing anything. */
export async function lookAtUnrecorded(
  skillsFolder: string,
  unrecorded: Unrecorded,
  places: LinkPlaces,
): Promise<SeenUnrecorded> {
  const { folder, entry } = unrecorded;
  const found = await readLockedFolder(skillsFolder, unrecorded);
  const { resolved: origin, version, digest } = entry;
  const { files } = describeFiles(found ?? []);
  const facts = { record_version: 1 as const, folder, name: basename(folder), version, digest, origin, files };
  const record = { ...facts, links: [], installed_at: "" };
  const links = await findLinks(skillsFolder, { record, agents: entry.agents }, places);
  return { isAsLocked: found !== undefined, links };
}
