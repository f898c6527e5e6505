import { lstatSync, readdirSync, realpathSync, symlinkSync } from "node:fs";
import { mkdir, readFile, rename, rm } from "node:fs/promises";
import { dirname, join, relative } from "node:path";
import { PaksError, systemErrorCode } from "@paks/schema";
import { makeFolder } from "../make-folder.ts";
import { syncAll, syncFolder, writeNewFile } from "../write-file.ts";
import { makeBackupsFolder, openWorkFolder } from "./aside.ts";
import { exists, isNothing, listChanges, readChanges } from "./installed-state.ts";
import { type LinkPlaces, canBeCopy } from "./own-links.ts";
import { type InstallRecord, resolveLinks } from "./record.ts";
import { rememberMade } from "./made-folders.ts";
import { isItself, leadsTo, requireApart } from "./same-folder.ts";

/** Where a coding tool looks, and what stands there: a link to the installed folder, or a copy of it. */
export interface LinkPlan {
  readonly target: string;
  /** Absolute. */
  readonly path: string;
  /** Absent = link. */
  readonly mode?: "link" | "copy";
}

export interface LinkContext {
  /** The installed folder, absolute. */
  readonly to: string;
  /** What is installed there. Without it copies cannot be made. */
  readonly record?: InstallRecord | undefined;
  /** What was installed there before: an older copy that nobody edited is ours to replace. */
  readonly previous?: InstallRecord | undefined;
  readonly places?: LinkPlaces | undefined;
}

/** What was in the way, and where it is now; absolute. */
export interface Moved {
  readonly from: string;
  readonly to: string;
}

export interface MakeLinksOptions extends LinkContext {
  readonly force: boolean;
  readonly backupOf: (path: string) => string;
  /** `makeLink` when absent. */
  readonly link?: (path: string, to: string) => void;
  /** Told of each link and copy that is made. */
  readonly onMade?: (path: string) => void;
}

/**
 * What stands where a link or copy should be. `edited`: a copy of ours that was changed since; `itself`: the installed
 * folder, because the tool's folder leads to the skills folder.
 */
export type LinkState = "absent" | "link" | "copy" | "edited" | "itself" | "taken";

/**
 * Makes the links and copies that are missing. What is in the way is moved to `backupOf(path)`: whoever does not want
 * that asks `requireFreeLinks` first.
 */
export async function makeLinks(links: readonly LinkPlan[], options: MakeLinksOptions): Promise<Moved[]> {
  const moved: Moved[] = [];
  for (const link of links) {
    const state = await readLinkState(link.path, options);
    if (await isMade(link, state, options)) continue;
    if (state === "edited" || state === "taken") {
      requireApart(link.path, options.to);
      const backup = options.backupOf(link.path);
      makeBackupsFolder(dirname(backup));
      await moveFolder(link.path, backup);
      moved.push({ from: link.path, to: backup });
    }
    await makeLinkFolder(dirname(link.path), options.to);
    if (link.mode === "copy") await putCopy(link.path, options);
    else await putLink(link.path, state, options);
    options.onMade?.(link.path);
  }
  return moved;
}

/** The first link or copy that `makeLinks` would make. */
export async function findUnmade(
  links: readonly LinkPlan[],
  options: Omit<MakeLinksOptions, "backupOf">,
): Promise<LinkPlan | undefined> {
  for (const link of links) if (!(await isMade(link, await readLinkState(link.path, options), options))) return link;
  return undefined;
}

async function isMade(
  { path, mode }: LinkPlan,
  state: LinkState,
  options: Omit<MakeLinksOptions, "backupOf">,
): Promise<boolean> {
  if (state === "itself") return true;
  return mode === "copy" ? state === "copy" && (await isCurrent(path, options)) : state === "link";
}

/** Remembered when it had to be made: one at a time, for the list of those is one file. */
export async function makeLinkFolder(folder: string, to: string): Promise<void> {
  await rememberMade(dirname(to), makeFolder(folder), folder);
}

/**
 * Throws ALREADY_EXISTS when something else stands where a link should be, and LOCAL_CHANGES for a copy that was
 * edited; before anything is changed.
 */
export async function requireFreeLinks(links: readonly LinkPlan[], context: LinkContext): Promise<void> {
  for (const link of links) {
    const state = await readLinkState(link.path, context);
    if (state === "edited") throw editedCopy(link.path);
    if (state === "taken")
      throw new PaksError("ALREADY_EXISTS", `${link.path} is already there and was not made by this install.`, {
        hint: "Install under another name with --as <name>, move it away, or run again with --force to keep a copy of it and put the link in its place.",
        details: { path: link.path, target: link.target },
      });
  }
}

const editedCopy = (path: string): PaksError =>
  new PaksError("LOCAL_CHANGES", `${path} is a copy that was edited since it was installed.`, {
    hint: "Keep your edits elsewhere, or run again with --force: a copy of them is kept then.",
    details: { path },
  });

/** The installed folder, what is known of it, and where its links can be. */
export type Linked = LinkContext & { readonly record: InstallRecord };

/** The copies that were edited. */
export async function listEditedCopies(paths: readonly string[], linked: Linked): Promise<string[]> {
  const edited: string[] = [];
  for (const path of paths) if ((await readLinkState(path, linked)) === "edited") edited.push(path);
  return edited;
}

/** Throws LOCAL_CHANGES. */
export async function requireUneditedCopies(paths: readonly string[], linked: Linked): Promise<void> {
  const [edited] = await listEditedCopies(paths, linked);
  if (edited !== undefined) throw editedCopy(edited);
}

/** The places where nothing is. */
export async function listAbsent(paths: readonly string[]): Promise<string[]> {
  const absent: string[] = [];
  for (const path of paths) if (!(await exists(path))) absent.push(path);
  return absent;
}

/** The places with a real copy: asked for, or made because the file system has no links. */
export const listCopies = (links: readonly LinkPlan[]): string[] =>
  links.flatMap(({ path }) => (lstatSync(path, { throwIfNoEntry: false })?.isDirectory() === true ? [path] : []));

/** Removes links that still lead to `to`, and with `record` copies that nobody edited; others are somebody else's by now. */
export async function removeLinks(paths: readonly string[], linked: LinkContext): Promise<void> {
  const states = new Map<string, LinkState>();
  // All are looked at first: one may lead there by way of another.
  for (const path of paths) states.set(path, await readLinkState(path, linked));
  for (const [path, state] of states) if (state === "link" || state === "copy") await removeApart(path, linked.to);
}

/** Moves copies that were edited out of the way. */
export async function moveEditedCopies(
  paths: readonly string[],
  copies: Linked & { readonly backupOf: (count: number) => string },
): Promise<Moved[]> {
  const moved: Moved[] = [];
  for (const path of await listEditedCopies(paths, copies)) {
    requireApart(path, copies.to);
    const backup = copies.backupOf(moved.length + 1);
    makeBackupsFolder(dirname(backup));
    await moveFolder(path, backup);
    moved.push({ from: path, to: backup });
  }
  return moved;
}

export async function readLinkState(path: string, context: LinkContext): Promise<LinkState> {
  const { to } = context;
  try {
    // Not through the thread pool: the way there and back takes longer than looking, and making a link.
    const facts = lstatSync(path);
    if (isItself(path, to)) return "itself";
    if (!facts.isSymbolicLink()) return facts.isDirectory() ? await readCopyState(path, context) : "taken";
  } catch (error) {
    if (isNothing(error)) return "absent";
    throw error;
  }
  return leadsTo(path, to) ? "link" : "taken";
}

/**
 * A folder is ours when a record says that we put something there; it is a copy as long as it holds just that. A record
 * may have come with a stranger's project: whoever has a path from one asks `listOwnLinks` first.
 */
async function readCopyState(
  path: string,
  { to, record, previous, places }: LinkContext,
): Promise<"copy" | "edited" | "taken"> {
  if (!canBeCopy(path, to, places)) return "taken";
  const own = [record, previous].filter((one) => one !== undefined && resolveLinks(dirname(to), one).includes(path));
  for (const one of own) if ((await listChanges(path, one!)).length === 0) return "copy";
  return own.length === 0 ? "taken" : "edited";
}

async function isCurrent(
  path: string,
  { record, force }: Pick<MakeLinksOptions, "record" | "force">,
): Promise<boolean> {
  if (record === undefined) return false;
  const { changed, compiled } = await readChanges(path, record);
  return changed.length === 0 && !(force && compiled.length > 0);
}

/** The one place that deletes what links and copies are to take the place of, or what they were. */
async function removeApart(path: string, to: string): Promise<void> {
  requireApart(path, to);
  await rm(path, { recursive: true, force: true });
}

async function putLink(path: string, state: LinkState, options: MakeLinksOptions): Promise<void> {
  // A copy of ours that is to become a link.
  if (state === "copy") await removeApart(path, options.to);
  try {
    (options.link ?? makeLink)(path, options.to);
  } catch (error) {
    if (!noLinks.includes(systemErrorCode(error) ?? "") || options.record === undefined) throw error;
    await putCopy(path, options);
  }
}

/** What file systems without links answer (FAT, some network drives, Windows on another machine's folder). */
const noLinks = ["EPERM", "ENOTSUP", "EOPNOTSUPP", "ENOSYS", "EINVAL", "EISDIR"];

/**
 * The one place that makes links. Relative, so that a project can be moved. Windows: a junction, which needs no rights
 * and is always absolute.
 */
export function makeLink(path: string, to: string, platform: NodeJS.Platform = process.platform): void {
  const real = realpathSync.native(to);
  if (platform === "win32") symlinkSync(real, path, "junction");
  else symlinkSync(relative(realpathSync.native(dirname(path)), real), path, "dir");
}

/** Written in a work folder, which the next command empties should this one be killed, and renamed into place. */
async function putCopy(path: string, { to, record }: LinkContext): Promise<void> {
  if (record === undefined) throw new PaksError("INTERNAL", `Nothing is known of what ${path} is to be a copy of.`);
  const work = openWorkFolder(dirname(to));
  try {
    await copyFiles(to, join(work.path, "new"), record);
    requireApart(path, to);
    if (await exists(path)) await moveFolder(path, join(work.path, "old"));
    await moveFolder(join(work.path, "new"), path);
    await syncFolder(dirname(path));
  } finally {
    work.close();
  }
}

async function copyFiles(from: string, folder: string, record: InstallRecord): Promise<void> {
  await mkdir(folder);
  const files: string[] = [];
  for (const { path, executable } of record.files) {
    const copy = join(folder, path);
    makeFolder(dirname(copy));
    writeNewFile(copy, await readFile(join(from, path)), executable ? 0o755 : 0o644);
    files.push(copy);
  }
  await syncAll({ files, folders: files.map((path) => dirname(path)) });
}

/** A rename where it can be one; a tool's folder may be on another file system than the skills. */
export async function moveFolder(from: string, to: string): Promise<void> {
  try {
    await rename(from, to);
  } catch (error) {
    if (systemErrorCode(error) !== "EXDEV") throw error;
    const { cp } = await import("node:fs/promises");
    await cp(from, to, { recursive: true, verbatimSymlinks: true, preserveTimestamps: true });
    // Not one byte goes before its copy is on disk.
    await syncTree(to);
    await rm(from, { recursive: true });
  }
}

async function syncTree(path: string): Promise<void> {
  const files: string[] = [];
  const folders = [dirname(path)];
  const collect = (one: string): void => {
    const facts = lstatSync(one);
    if (facts.isFile()) files.push(one);
    if (!facts.isDirectory()) return;
    folders.push(one);
    for (const name of readdirSync(one)) collect(join(one, name));
  };
  collect(path);
  await syncAll({ files, folders });
}
