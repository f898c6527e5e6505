import { join } from "node:path";
import { type LockedPak, type ReleaseFile, isPaksError } from "@paks/schema";
import type { Context } from "../context.ts";
import { fetchLocked } from "../install/fetch-locked.ts";
import { readInstalledState } from "../install/installed-state.ts";
import { withoutLeft } from "../install/left-by-tools.ts";
import { readFolder } from "../install/read-folder.ts";
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
  return (await fetchLocked(before, context, { root: place.root, wish })).files;
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
