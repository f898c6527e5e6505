import { join, resolve } from "node:path";
import { type Lock, PaksError, emptyLock } from "@paks/schema";
import type { Context } from "../context.ts";
import { exists } from "../install/installed-state.ts";
import { requireFolderOrNothing } from "../install/require-folder.ts";
import { linkPlacesOf } from "../install/own-links.ts";
import { type SkillsFolderOptions, recoverIfNeeded } from "../install/skills-folder.ts";
import { findRoot, readLock } from "../workspace/open-workspace.ts";

/** One skills folder and what is known of it without looking into it. */
export interface Place {
  readonly scope: "project" | "global" | "folder";
  /** The project or the home that agents' folders are relative to; absolute. */
  readonly root: string;
  /** Absolute. */
  readonly skillsFolder: string;
  /** What the skills folder's real path may not leave; absent where the user named the place. */
  readonly boundary: string | undefined;
  /** True where a lock says what should be here. */
  readonly locked: boolean;
}

export interface PlaceArgs {
  readonly global: boolean;
  readonly dir: string | undefined;
}

/** Upwards from where the command runs, as `install` does. @throws PaksError USAGE, NOT_FOUND for a `dir` that is not there */
export async function findPlace(context: Context, { global, dir }: PlaceArgs): Promise<Place> {
  if (dir !== undefined) {
    if (global) throw new PaksError("USAGE", "--dir names the place; --global cannot be given with it.");
    const skillsFolder = resolve(context.cwd, dir);
    await requireNamedFolder(skillsFolder);
    return { scope: "folder", root: context.cwd, skillsFolder, boundary: undefined, locked: false };
  }
  return global ? globalPlace(context) : projectPlace(await findRoot(context));
}

/** The one place that is meant, or with `all` both. @throws PaksError as `findPlace` */
export async function findPlaces(
  context: Context,
  { all, ...args }: PlaceArgs & { readonly all: boolean },
): Promise<Place[]> {
  if (!all) return [await findPlace(context, args)];
  if (args.dir !== undefined) throw new PaksError("USAGE", "--dir names the place; --all cannot be given with it.");
  return await findAllPlaces(context);
}

/**
 * A name with a slip in it must not look like a place where everything is well.
 * @throws PaksError NOT_FOUND, UNSAFE_TARGET
 */
async function requireNamedFolder(path: string): Promise<void> {
  const hint = "Name the folder that the paks were installed to.";
  await requireFolderOrNothing(path, hint);
  if (await exists(path)) return;
  throw new PaksError("NOT_FOUND", `There is no folder ${path}.`, { hint, details: { path } });
}

/** This project's and the one for all projects; once when they are the same. */
export async function findAllPlaces(context: Context): Promise<Place[]> {
  const project = projectPlace(await findRoot(context));
  const global = globalPlace(context);
  return project.skillsFolder === global.skillsFolder ? [global] : [project, global];
}

const globalPlace = ({ home }: Context): Place => ({
  scope: "global",
  root: home,
  skillsFolder: join(home, ".agents", "skills"),
  boundary: undefined,
  locked: false,
});

const projectPlace = (root: string): Place => ({
  scope: "project",
  root,
  skillsFolder: join(root, ".agents", "skills"),
  boundary: root,
  locked: true,
});

/** The lock of a project; of other places, an empty one. */
export const readLockOf = ({ locked, root }: Place): Promise<Lock> =>
  locked ? readLock(root) : Promise.resolve(emptyLock);

export const folderOptions = ({ boundary }: Place, context: Context): SkillsFolderOptions => ({
  boundary,
  note: context.note,
  signal: context.signal,
  places: linkPlacesOf(context),
});

/**
 * Ends what a killed command left, for commands that only read. Where that cannot be done now they show what there is:
 * on a disk that cannot be written, or while another command works.
 */
export async function recoverPlace(place: Place, context: Context): Promise<void> {
  try {
    await recoverIfNeeded(place.skillsFolder, folderOptions(place, context));
  } catch (error) {
    if (!(error instanceof PaksError) || !passing.has(error.code)) throw error;
    context.warn(`An earlier command was interrupted here and cannot be ended now: ${error.message}`);
  }
}

const passing = new Set<string>(["READ_ONLY_TARGET", "LOCK_BUSY", "DISK_FULL"]);
