import { type LockedPak, type Origin, type ReleaseFile, describeFiles, formatPakId, formatSource } from "@paks/schema";
import type { Context } from "../context.ts";
import { fetchLocked } from "../install/fetch-locked.ts";
import { readFolder } from "../install/read-folder.ts";
import { findWorkspace } from "../workspace/open-workspace.ts";
import { requireTyped } from "../workspace/typed-repositories.ts";
import { findRows, requireRow } from "./find-row.ts";
import { readReleased } from "./find-released.ts";
import { type ListRow, listPaks, rowName, rowVersion } from "./list-paks.ts";
import { recordEntry } from "./record-entry.ts";
import { type Place, type PlaceArgs, findPlace } from "./places.ts";

/** One side of a comparison. */
export interface DiffSide {
  readonly label: string;
  readonly version: string | null;
  readonly digest: string;
  readonly files: readonly ReleaseFile[];
}

/**
 * The release that an installed pak was made of, and what lies there now.
 * @throws PaksError PAK_NOT_FOUND, PROTOCOL_NOT_ALLOWED, and the codes of `fetchLocked` and of the rules for files
 */
export async function readInstalledSides(
  context: Context,
  name: string,
  where: PlaceArgs,
): Promise<[DiffSide, DiffSide]> {
  const place = await findPlace(context, where);
  const row = requireRow(await listPaks(context, place), name);
  if (row.error !== undefined) throw row.error;
  const entry = installedEntry(row);
  await requireNamed(context, place, entry.resolved);
  const wish = place.locked ? (await findWorkspace(context)).workspace.registry : undefined;
  const released = await context.progress("Fetching", async () =>
    // Of a folder there is only what it holds now; what nobody edited here is what it held.
    entry.resolved.type === "local"
      ? await readReleased(context, place, { before: entry, folder: row.folder, wish })
      : (await fetchLocked(entry, context, { root: place.root, wish })).files,
  );
  const files = row.state === "missing" ? [] : await readFolder(row.path);
  return [
    { label: `${rowName(row)} as released`, version: entry.version, digest: entry.digest, files: released },
    { label: `${rowName(row)} as it is here`, version: rowVersion(row), digest: describeFiles(files).digest, files },
  ];
}

type Entry = Omit<LockedPak, "previous">;

/** What is here, also where something else is locked. */
const installedEntry = ({ pak, locked }: ListRow): Entry =>
  locked !== undefined && (pak === undefined || pak.record.digest === locked.digest)
    ? locked
    : recordEntry(pak!.record);

/** An installed pak to be compared with something else. */
export interface InstalledRelease {
  readonly origin: Origin;
  /** Asked before its origin is. @throws PaksError PROTOCOL_NOT_ALLOWED for a repository that nobody here named */
  readonly requireNamed: () => Promise<void>;
  readonly read: () => Promise<DiffSide>;
}

/** The release of what is installed under a name; `undefined` where nothing, or more than one, is called so. */
export async function findInstalledRelease(
  context: Context,
  name: string,
  where: PlaceArgs,
): Promise<InstalledRelease | undefined> {
  const place = await findPlace(context, where);
  const [row, second] = findRows(await listPaks(context, place), name);
  if (row === undefined || second !== undefined || (row.pak === undefined && row.locked === undefined))
    return undefined;
  const entry = installedEntry(row);
  const { resolved: origin, version, digest } = entry;
  const read = async () => {
    await requireNamed(context, place, origin);
    const wish = place.locked ? (await findWorkspace(context)).workspace.registry : undefined;
    const files = await readReleased(context, place, { before: entry, folder: row.folder, wish });
    return { label: labelOf(row, origin), version, digest, files };
  };
  return { origin, requireNamed: () => requireNamed(context, place, origin), read };
}

/** A lock or record may have come with a clone, and what comes with a clone lies in it. */
async function requireNamed(context: Context, { locked, root, skillsFolder }: Place, origin: Origin): Promise<void> {
  if (origin.type === "git") await requireTyped(context, origin.repository, locked ? root : skillsFolder);
}

/** The source that names this very state. */
function labelOf(row: ListRow, origin: Origin): string {
  if (origin.type === "registry") return `${formatPakId(origin)}@${origin.version}`;
  if (origin.type === "local") return `${rowName(row)} as installed`;
  const path = origin.path === "" ? {} : { path: origin.path };
  if (origin.type === "npm")
    return formatSource({ type: "npm", package: origin.package, selector: origin.version, ...path });
  const state = origin.tag === undefined ? { commit: origin.commit } : { tag: origin.tag };
  return formatSource({ type: "git", url: origin.repository, ...state, ...path });
}
