import { dirname, join } from "node:path";
import type { Context } from "../context.ts";
import { type InstalledState, findRecord, readInstalledState, recordedDigest } from "./installed-state.ts";
import { listEditedCopies } from "./links.ts";
import { type LinkPlaces, linkPlacesOf, listOwnLinks } from "./own-links.ts";
import type { InstallRecord } from "./record.ts";
import { isInside } from "./require-inside.ts";

/** What keeps a folder in its place that nothing names any more, as the end of a sentence. */
export type Obstacle = "it was edited" | "its record contradicts itself" | "it is behind a link";

interface Looked {
  /** `undefined`: nobody looks there. */
  readonly state: InstalledState["state"] | undefined;
  readonly record: InstallRecord | undefined;
  readonly obstacle?: Obstacle;
}

/**
 * Whether a folder may go without being asked for by its name. Its record may have come with the project: nothing
 * behind a link is read for it, and one that contradicts itself is not believed.
 */
export async function lookAtGoing(context: Context, skillsFolder: string, folder: string): Promise<Looked> {
  if (!(await isInside(dirname(join(skillsFolder, folder)), skillsFolder)))
    return { state: undefined, record: await findRecord(skillsFolder, folder), obstacle: "it is behind a link" };
  const { state, record } = await readInstalledState(skillsFolder, folder);
  const looked = { state, record };
  if (state === "edited" || state === "foreign") return { ...looked, obstacle: "it was edited" };
  if (state === "intact" && recordedDigest(record) !== record.digest)
    return { ...looked, obstacle: "its record contradicts itself" };
  const isCopyEdited = record && (await hasEditedCopy({ skillsFolder }, record, linkPlacesOf(context)));
  return isCopyEdited ? { ...looked, obstacle: "it was edited" } : looked;
}

/** One of the copies that a tool has of it. */
export async function hasEditedCopy(
  { skillsFolder }: { readonly skillsFolder: string },
  record: InstallRecord,
  places: LinkPlaces,
): Promise<boolean> {
  const links = await listOwnLinks(skillsFolder, record, places);
  return (await listEditedCopies(links, { to: join(skillsFolder, record.folder), record, places })).length > 0;
}

/**
 * Whether what goes is to be moved aside, because the store does not have it. It is not put there: all projects share
 * the store, the digest does not cover which files are executable, and only a stranger's record may say it.
 */
export const isNowhereElse = async ({ store }: Context, { digest }: InstallRecord): Promise<boolean> =>
  (await store.find(digest)) === undefined;
