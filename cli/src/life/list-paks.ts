import { basename, join } from "node:path";
import { type LockedPak, type PaksError, formatErrorBody, isPaksError } from "@paks/schema";
import type { Context } from "../context.ts";
import { type Unrecorded, isUnrecorded, lookAtUnrecorded } from "../install/adopt.ts";
import { type InstalledPak, surveyInstalled } from "../install/list-installed.ts";
import { type LinkPlaces, linkPlacesOf, sortLinks } from "../install/own-links.ts";
import { type FindStanding, openStandingLinks } from "../install/standing-links.ts";
import { exists } from "../install/installed-state.ts";
import { openNamedAgents } from "../workspace/needed-for.ts";
import { ownName } from "./own-name.ts";
import { type AgentFolders, agentsOf, findLinkDrift, findReaders, listAgentFolders } from "./agents.ts";
import { type Place, readLockOf, recoverPlace } from "./places.ts";

/**
 * - `intact`: every byte as installed
 * - `edited`: files were changed, added or removed
 * - `missing`: recorded or locked, and not there
 * - `unrecorded`: locked and there, without a record of its install
 * - `broken`: its record or folder cannot be read
 */
export type RowState = "intact" | "edited" | "missing" | "unrecorded" | "broken";

/** What the lock says of it: `differs`: another version or other bytes; `absent`: nothing. `none`: there is no lock. */
type LockState = "same" | "differs" | "absent" | "none";

/** One pak of one place. */
export interface ListRow {
  readonly place: Place;
  readonly folder: string;
  readonly state: RowState;
  readonly lockState: LockState;
  /** Absolute. */
  readonly path: string;
  readonly pak: InstalledPak | undefined;
  readonly locked: LockedPak | undefined;
  /** Ids of the tools that have a link to it, and of those that look here themselves and are found or were asked for. */
  readonly agents: readonly string[];
  /** Absolute. */
  readonly brokenLinks: readonly string[];
  /** Absolute; those of `brokenLinks` that are copies. */
  readonly editedCopies: readonly string[];
  readonly error: PaksError | undefined;
}

/** Of several places, in their order. */
export async function listPlaces(context: Context, places: readonly Place[]): Promise<ListRow[]> {
  const rows: ListRow[] = [];
  // One after the other: each may have to end what a killed command left.
  for (const place of places) rows.push(...(await listPaks(context, place)));
  return rows;
}

/** Everything that paks installed at one place or that its lock asks for, by folder. */
export async function listPaks(context: Context, place: Place): Promise<ListRow[]> {
  await recoverPlace(place, context);
  return await readRows(context, place);
}

/** The same for people who only look: a lock that cannot be read is a warning, and nothing is said of it. */
export async function showPaks(context: Context, place: Place): Promise<ListRow[]> {
  await recoverPlace(place, context);
  try {
    return await withReaders(context, place, await readRows(context, place));
  } catch (error) {
    if (!isPaksError(error, "LOCKFILE_MISMATCH")) throw error;
    context.warn(error.message);
    return await withReaders(context, place, await readRows(context, { ...place, locked: false }));
  }
}

async function withReaders(context: Context, place: Place, rows: ListRow[]): Promise<ListRow[]> {
  if (rows.length === 0) return rows;
  const folders = listAgentFolders(context, place);
  const found = await findReaders(context, place, folders);
  const here = folders.get(place.skillsFolder) ?? [];
  const locked = rows.flatMap((row) => (row.locked ? [[row.folder, row.locked] as const] : []));
  const namedAgents = openNamedAgents({ paks: Object.fromEntries(locked) });
  return rows.map((row) => {
    const named = namedAgents(row.folder);
    const asked = here.filter((id) => named.includes(id));
    return row.pak === undefined ? row : { ...row, agents: [...new Set([...row.agents, ...asked, ...found])] };
  });
}

/** The same for a caller that holds the folder's lock and so has ended what a killed command left. */
export async function readRows(context: Context, place: Place): Promise<ListRow[]> {
  const [survey, lock] = await Promise.all([surveyInstalled(place.skillsFolder), readLockOf(place)]);
  const folders = listAgentFolders(context, place);
  const hasLock = place.locked && Object.keys(lock.paks).length > 0;
  const lockOf = (folder: string) => (Object.hasOwn(lock.paks, folder) ? lock.paks[folder] : undefined);
  const rows: ListRow[] = [];
  const places = linkPlacesOf(context);
  const findStanding = openStandingLinks(place.skillsFolder, places);
  for (const found of survey.installed) {
    const pak = await withOwnLinks(found, { context, place, places, findStanding });
    rows.push(await installedRow(pak, { place, places, folders, locked: lockOf(pak.record.folder), hasLock }));
  }
  for (const { folder, path, error } of survey.broken)
    rows.push({ ...emptyRow(place, folder, path), state: "broken", locked: lockOf(folder), error });
  const known = new Set(rows.map(({ folder }) => folder));
  for (const [folder, locked] of Object.entries(lock.paks)) {
    if (known.has(folder)) continue;
    rows.push(await lockedRow({ folder, entry: locked }, { place, places, folders }));
  }
  return rows.sort((a, b) => (a.folder < b.folder ? -1 : 1));
}

interface Known {
  readonly context: Context;
  readonly place: Place;
  readonly places: LinkPlaces;
  readonly findStanding: FindStanding;
}

/** What else its record names may be a stranger's word: it is told, and nothing ever becomes of it. */
async function withOwnLinks(pak: InstalledPak, { context, place, places, findStanding }: Known): Promise<InstalledPak> {
  const { own, strangers } = await sortLinks(place.skillsFolder, pak.record, places);
  for (const path of strangers)
    if (await exists(path)) context.warn(leftAlone(pak.record.folder, { path, isGlobal: place.scope === "global" }));
  return { ...pak, links: [...new Set([...own, ...(await findStanding(pak.record))])] };
}

function leftAlone(folder: string, { path, isGlobal }: { readonly path: string; readonly isGlobal: boolean }): string {
  const how = isGlobal
    ? "If paks made it for a tool whose folder a variable named then, such as CLAUDE_CONFIG_DIR, set that variable again and paks knows it; else look at what it is, and delete it yourself when you do not need it."
    : "Look at what it is; when paks made it and you do not need it, delete it yourself.";
  return `The record of ${folder} names ${path}, which lies in no folder of a coding tool that paks knows: it is left alone. ${how}`;
}

const emptyRow = (place: Place, folder: string, path: string): ListRow => ({
  place,
  folder,
  path,
  state: "missing",
  lockState: "none",
  pak: undefined,
  locked: undefined,
  agents: [],
  brokenLinks: [],
  editedCopies: [],
  error: undefined,
});

/** What only the lock knows of. */
async function lockedRow(
  unrecorded: Unrecorded,
  { place, places, folders }: Pick<Around, "place" | "places" | "folders">,
): Promise<ListRow> {
  const { folder, entry: locked } = unrecorded;
  const { skillsFolder } = place;
  const row: ListRow = { ...emptyRow(place, folder, join(skillsFolder, folder)), lockState: "differs", locked };
  if (!isUnrecorded(skillsFolder, folder)) return row;
  const { isAsLocked, links } = await lookAtUnrecorded(skillsFolder, unrecorded, places);
  return {
    ...row,
    state: "unrecorded",
    lockState: isAsLocked ? "same" : "differs",
    agents: agentsOf(links, folders),
  };
}

interface Around {
  readonly place: Place;
  readonly places: LinkPlaces;
  readonly folders: AgentFolders;
  readonly locked: LockedPak | undefined;
  readonly hasLock: boolean;
}

async function installedRow(pak: InstalledPak, { place, places, folders, locked, hasLock }: Around): Promise<ListRow> {
  const { record, path, links } = pak;
  const same = locked?.digest === record.digest && locked.version === record.version;
  return {
    ...emptyRow(place, record.folder, path),
    state: pak.state === "absent" ? "missing" : pak.state,
    lockState: !hasLock ? "none" : locked === undefined ? "absent" : same ? "same" : "differs",
    pak,
    locked,
    agents: agentsOf(links, folders),
    ...(pak.state === "absent" ? {} : await findLinkDrift(pak, places)),
  };
}

/** Whether a tool finds it: by a link, or because it looks into this very folder. */
export const isSeenBy = (row: ListRow, agent: string, folders: AgentFolders): boolean =>
  row.agents.includes(agent) || (folders.get(row.place.skillsFolder) ?? []).includes(agent);

export const rowName = ({ pak, locked, folder }: ListRow): string => {
  const origin = pak?.record.origin ?? locked?.resolved;
  return origin === undefined ? folder : ownName(origin, pak?.record.name ?? basename(folder));
};

export const rowVersion = ({ pak, locked }: ListRow): string | null => pak?.record.version ?? locked?.version ?? null;

/** In words, for the column STATE. */
export function rowStateText({ state, lockState, brokenLinks, editedCopies, locked, error, pak }: ListRow): string {
  if (error !== undefined) return `broken: ${error.code}`;
  const gone = brokenLinks.length - editedCopies.length;
  return [
    state === "unrecorded" ? "there, without a record of paks" : state,
    ...(lockState === "differs" && state !== "missing" ? ["not as locked"] : []),
    ...(lockState === "absent" ? ["not in the lock"] : []),
    ...(pak !== undefined && pak.otherModes.length > 0 ? ["executable bits changed"] : []),
    ...(gone > 0 ? [`${gone} ${gone === 1 ? "link" : "links"} gone`] : []),
    ...(editedCopies.length > 0
      ? [`${editedCopies.length} ${editedCopies.length === 1 ? "copy" : "copies"} edited`]
      : []),
    ...(locked?.pinned === true ? ["pinned"] : []),
    ...(locked?.source === null ? ["dependency"] : []),
  ].join(", ");
}

export const rowData = (row: ListRow) => {
  const { pak, place, locked } = row;
  return {
    name: pak?.record.name ?? basename(row.folder),
    version: rowVersion(row),
    state: row.state,
    scope: place.scope,
    folder: row.folder,
    path: row.path,
    digest: pak?.record.digest ?? locked?.digest ?? null,
    origin: pak?.record.origin ?? locked?.resolved ?? null,
    source: locked?.source ?? null,
    lock: row.lockState,
    pinned: locked?.pinned === true,
    dependency: locked !== undefined && locked.source === null,
    changed: pak?.changed ?? [],
    changed_modes: pak?.otherModes ?? [],
    links: pak?.links ?? [],
    broken_links: row.brokenLinks,
    edited_copies: row.editedCopies,
    agents: row.agents,
    installed_at: pak?.record.installed_at ?? null,
    ...(row.error === undefined ? {} : formatErrorBody(row.error)),
  };
};
