import { isAbsolute, join } from "node:path";
import { type LockedPak, type ReleaseFile, PaksError, describeFiles, isPaksError, quoteForShell } from "@paks/schema";
import type { Context } from "../context.ts";
import { fetchLocked } from "../install/fetch-locked.ts";
import { readInstalledState } from "../install/installed-state.ts";
import { withoutLeft } from "../install/left-by-tools.ts";
import { readFolder } from "../install/read-folder.ts";
import { isInside } from "../install/require-inside.ts";
import { requireTypedSource } from "../workspace/typed-repositories.ts";
import type { Place } from "./places.ts";

interface Replaced {
  readonly before: Omit<LockedPak, "previous">;
  readonly folder: string;
  readonly wish: string | undefined;
}

/**
 * The files of a release that is installed: from the folder when nobody edited it, else from the store or its origin.
 * @throws PaksError the codes of `fetchLocked`
 */
export async function readReleased(
  context: Context,
  place: Place,
  { before, folder, wish }: Replaced,
): Promise<readonly ReleaseFile[]> {
  const state = await readInstalledState(place.skillsFolder, folder);
  if (state.state === "intact" && state.record.digest === before.digest)
    return withoutLeft(await readFolder(join(place.skillsFolder, folder)), state.record);
  const { resolved: origin } = before;
  if (origin.type === "local" && isAbsolute(origin.path) && !(await isInside(origin.path, place.root)))
    return await readOutsideFolder(context, place, { before, folder, path: origin.path });
  return (await fetchLocked(before, context, { root: place.root, wish })).files;
}

/**
 * Only a record names a folder outside the project, and a record may have come with a clone: such a folder is read where
 * the user himself installed from it on this machine.
 * @throws PaksError PROTOCOL_NOT_ALLOWED; VERSION_NOT_FOUND when it holds something else by now; those of the rules for files
 */
async function readOutsideFolder(
  context: Context,
  place: Place,
  { before, folder, path }: Omit<Replaced, "wish"> & { readonly path: string },
): Promise<readonly ReleaseFile[]> {
  await requireTypedSource(context, { type: "local", path }, place.root);
  // Before the folder, which may be gone.
  const kept = await context.store.find(before.digest);
  if (kept !== undefined) return kept;
  const files = await readFolder(path);
  if (describeFiles(files).digest === before.digest) return files;
  const here = join(place.skillsFolder, folder);
  throw new PaksError("VERSION_NOT_FOUND", `${path} has changed since, and what was installed from it is not kept.`, {
    hint: `Compare with what it holds now: paks diff ${quoteForShell(here)} ${quoteForShell(path)}`,
    details: { path },
  });
}

/** The files that other ones replace; `undefined` where they are nowhere to be had. */
export async function findReleased(
  context: Context,
  place: Place,
  replaced: Replaced,
): Promise<readonly ReleaseFile[] | undefined> {
  try {
    return await readReleased(context, place, replaced);
  } catch (error) {
    if (!isPaksError(error) || error.code === "CANCELLED") throw error;
    context.debug(`The installed release of ${replaced.folder} cannot be compared: ${error.message}`);
    return undefined;
  }
}
