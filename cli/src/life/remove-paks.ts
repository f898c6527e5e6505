import { rename } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { type Lock, type LockedPak, PaksError, type Workspace, emptyWorkspace } from "@paks/schema";
import type { Context } from "../context.ts";
import { findBackups, makeBackupsFolder } from "../install/aside.ts";
import { adopt, lookAtUnrecorded } from "../install/adopt.ts";
import { exists } from "../install/installed-state.ts";
import { type Moved, listEditedCopies, removeLinks } from "../install/links.ts";
import { removeFolders } from "../install/made-folders.ts";
import { type LinkPlaces, linkPlacesOf } from "../install/own-links.ts";
import { removeRelease } from "../install/remove-release.ts";
import { backupName, bookkeeping, recordFileName } from "../install/record.ts";
import { requireInside } from "../install/require-inside.ts";
import { type WorkspaceChange, changeWorkspace, requireWritable } from "../workspace/change-workspace.ts";
import { findLocked, listWishesOf } from "../workspace/entry.ts";
import { findWorkspace } from "../workspace/open-workspace.ts";
import { type Wish, identityOf, listAllWishes, listOwnDisabled } from "../workspace/wish.ts";
import { listAgentFolders } from "./agents.ts";
import { planRemoval } from "./dependents.ts";
import { findRows, requireRow } from "./find-row.ts";
import { type ListRow, readRows, rowName, rowVersion } from "./list-paks.ts";
import { type Place, readLockOf } from "./places.ts";
import { inFolderTidily } from "../install/tidily.ts";

export interface RemovedPak {
  readonly name: string;
  readonly version: string | null;
  readonly folder: string;
  /** Nobody asked for it, and nobody needs it any more. */
  readonly dependency: boolean;
  readonly moved: readonly Moved[];
}

export interface RemoveResult {
  readonly removed: readonly RemovedPak[];
  /** No longer asked for, and still there because others need them. */
  readonly kept: readonly { readonly name: string; readonly folder: string }[];
}

/**
 * Removes exactly what was installed under these names, and the dependencies that only they needed. All names are
 * looked up and all edits are looked for before anything is removed.
 * @throws PaksError PAK_NOT_FOUND, USAGE, STILL_NEEDED, LOCAL_CHANGES, and INTEGRITY_MISMATCH for a named pak whose
 *   record cannot be read
 */
export const removePaks = (
  context: Context,
  place: Place,
  { names, force }: { readonly names: readonly string[]; readonly force: boolean },
): Promise<RemoveResult> =>
  inFolderTidily(context, place, async () => {
    const rows = await readRows(context, place);
    const lock = await readLockOf(place);
    const workspace = place.locked ? (await findWorkspace(context)).workspace : emptyWorkspace;
    const wishes = listAllWishes(workspace);
    const { asked, onlyWished } = lookUp({ names, rows, lock, workspace, wishes });
    const plan = planRemoval(asAsked(lock, wishes), asked);
    const changeOf = openChanges({ lock, workspace, wishes });
    const changes = [...plan.stays.map((folder) => changeOf(folder, true)!), ...onlyWished];
    const now = await adoptGone(context, place, { rows, gone: plan.gone });
    const rowOf = (folder: string) => now.find((row) => row.folder === folder)!;
    const gone = plan.gone.map((one) => ({ ...one, row: rowOf(one.folder) }));
    if (!force) for (const one of gone) await requireRemovable(one, linkPlacesOf(context));
    if (place.locked) requireWritable(place.root);
    const removed = await removeEach(context, gone, { force, changeOf, last: () => changeAll(place.root, changes) });
    for (const { folder, drop } of onlyWished)
      removed.push({ name: drop[0]!, version: null, folder, dependency: false, moved: [] });
    return { removed, kept: plan.stays.map((folder) => ({ name: rowName(rowOf(folder)), folder })) };
  });

interface RemovingEach {
  readonly force: boolean;
  readonly changeOf: (folder: string) => WorkspaceChange | undefined;
  readonly last: () => Promise<void>;
}

/** One after the other; of those that are gone when one cannot be removed, it is said. */
async function removeEach(
  context: Context,
  gone: readonly Going[],
  { force, changeOf, last }: RemovingEach,
): Promise<RemovedPak[]> {
  const removed: RemovedPak[] = [];
  try {
    for (const { row, asked } of gone) {
      const { folder, path } = row;
      const moved = await removeOne(context, row, { force, change: changeOf(folder) });
      // `acme` of `acme/pdf`.
      if (folder.includes("/")) await removeFolders([dirname(path)]);
      removed.push({ name: rowName(row), version: rowVersion(row), folder, dependency: !asked, moved });
    }
    await last();
  } catch (error) {
    for (const { folder, moved } of removed) {
      context.warn(`${folder} was removed.`);
      tellMoved(context, moved);
    }
    throw error;
  }
  return removed;
}

function tellMoved({ warn }: Context, moved: readonly Moved[]): void {
  for (const { from, to } of moved) warn(`${from} was moved to ${to}.`);
}

async function changeAll(root: string, changes: readonly WorkspaceChange[]): Promise<void> {
  if (changes.length > 0) await changeWorkspace(root, changes);
}

interface AboutToGo {
  readonly rows: readonly ListRow[];
  readonly gone: readonly { readonly folder: string }[];
}

/** What is there as locked and lost its record goes like all else: with one. */
async function adoptGone(context: Context, place: Place, { rows, gone }: AboutToGo): Promise<readonly ListRow[]> {
  const folders = new Set(gone.map(({ folder }) => folder));
  const lost = rows.filter(
    ({ folder, state, lockState }) => folders.has(folder) && state === "unrecorded" && lockState === "same",
  );
  for (const { folder, locked } of lost) await adopt(context, place, { folder, entry: locked! });
  return lost.length === 0 ? rows : await readRows(context, place);
}

interface LookingUp {
  readonly names: readonly string[];
  readonly rows: readonly ListRow[];
  readonly lock: Lock;
  readonly workspace: Workspace;
  /** All of the workspace: also a disabled pak is asked for, only not now. */
  readonly wishes: readonly Wish[];
}

interface LookedUp {
  /** Folders. */
  readonly asked: readonly string[];
  /** Asked for by `paks.jsonc` and never installed here. */
  readonly onlyWished: readonly (WorkspaceChange & { readonly drop: readonly string[] })[];
}

function lookUp({ names, rows, lock, workspace, wishes }: LookingUp): LookedUp {
  const asked = new Set<string>();
  const onlyWished: (WorkspaceChange & { readonly drop: readonly string[] })[] = [];
  for (const name of names) {
    const wish = findRows(rows, name).length === 0 ? wishes.find((one) => isCalled(one, name)) : undefined;
    // By a range or folder that was written since it was locked.
    const folder = wish && rows.find((row) => row.folder === findLocked(lock.paks, wish)?.folder)?.folder;
    if (wish === undefined || folder !== undefined) asked.add(folder ?? requireRow(rows, name).folder);
    else onlyWished.push({ folder: wish.text, entry: null, drop: dropOf([wish.text], workspace) });
  }
  return { asked: [...asked], onlyWished };
}

const isCalled = ({ text, source, as }: Wish, name: string): boolean =>
  text === name || as === name || identityOf(source) === name || ("name" in source && source.name === name);

/** Sources, and what disables them: it would disable the same pak when that is installed again. */
const dropOf = (texts: readonly string[], workspace: Workspace): string[] => [
  ...texts,
  ...listOwnDisabled(workspace, texts),
];

/** With what `paks.jsonc` asks for since: a dependency that somebody wrote there is not one alone any more. */
const asAsked = (lock: Lock, wishes: readonly Wish[]): Lock => ({
  ...lock,
  paks: Object.fromEntries(
    Object.entries(lock.paks).map(([folder, entry]) => {
      const source = entry.source ?? listWishesOf(wishes, lock, folder)[0]?.text ?? null;
      return [folder, { ...entry, source }];
    }),
  ),
});

/** What the workspace's files say when a folder goes, or `stays` as a dependency; nothing where the lock does not know it. */
function openChanges({ lock, workspace, wishes }: Pick<LookingUp, "lock" | "workspace" | "wishes">) {
  return (folder: string, stays = false): WorkspaceChange | undefined => {
    const entry = Object.hasOwn(lock.paks, folder) ? lock.paks[folder] : undefined;
    if (entry === undefined) return undefined;
    const texts = listWishesOf(wishes, lock, folder).map(({ text }) => text);
    return { folder, entry: stays ? { ...entry, source: null, agents: [] } : null, drop: dropOf(texts, workspace) };
  };
}

interface Going {
  readonly row: ListRow;
  readonly asked: boolean;
}

async function requireRemovable({ row, asked }: Going, places: LinkPlaces): Promise<void> {
  const { error, pak, path, folder, state } = row;
  // Of a dependency without a readable record only the lock's entry goes.
  if (error !== undefined && asked) throw error;
  if (state === "unrecorded") throw notOurs(path);
  if (pak === undefined) return;
  const linked = { to: path, record: pak.record, places };
  const edited = pak.changed.length > 0 ? [path] : await listEditedCopies(pak.links, linked);
  if (edited.length === 0) return;
  const what = pak.changed.length > 0 ? `: ${pak.changed.slice(0, 5).join(", ")}` : ` in its copy ${edited[0]!}`;
  throw new PaksError("LOCAL_CHANGES", `${folder} was edited since it was installed${what}.`, {
    hint: "Keep your edits elsewhere, or run again with --force: a copy of them is kept then.",
    details: { path, changed: pak.changed },
  });
}

const notOurs = (path: string): PaksError =>
  new PaksError("LOCAL_CHANGES", `${path} is there without a record of paks, and its files are not the locked ones.`, {
    hint: "Look at what it is and move it away yourself, or run again with --force: a copy of it is kept then.",
    details: { path },
  });

interface RemoveOptions {
  readonly force: boolean;
  readonly change: WorkspaceChange | undefined;
}

async function removeOne(context: Context, row: ListRow, { force, change }: RemoveOptions): Promise<readonly Moved[]> {
  const { skillsFolder, root } = row.place;
  const now = context.clock();
  if (row.pak !== undefined) {
    const { record } = row.pak;
    const places = linkPlacesOf(context);
    const { warn } = context;
    return (await removeRelease({ skillsFolder, record, force, now, places, workspace: change, warn })).moved;
  }
  const isStrange = row.error !== undefined || row.state === "unrecorded";
  const moved = isStrange && force ? await setAside(context, row, now) : [];
  if (row.error !== undefined && !force) context.warn(`${row.folder} stays: ${row.error.message}`);
  // Its folder and its record were deleted by hand: nothing else knows of the links that led there.
  if (row.state === "missing" && row.locked !== undefined) await removeDeadLinks(context, row, row.locked);
  try {
    await changeAll(root, change === undefined ? [] : [change]);
  } catch (error) {
    tellMoved(context, moved);
    throw error;
  }
  return moved;
}

async function removeDeadLinks(context: Context, { place, folder, path }: ListRow, entry: LockedPak): Promise<void> {
  const places = linkPlacesOf(context);
  const { links } = await lookAtUnrecorded(place.skillsFolder, { folder, entry }, places);
  await removeLinks(links, { to: path, places });
}

/** Of a pak without a readable record nobody knows what is ours: all of it is kept, out of the tools' sight. */
async function setAside(context: Context, row: ListRow, now: Date): Promise<Moved[]> {
  const { path, folder, place } = row;
  await requireInside(dirname(path), place.skillsFolder);
  const { record } = bookkeeping(place.skillsFolder);
  const backups = findBackups(place.skillsFolder);
  const aside = join(backups, backupName(folder, now.toISOString()));
  makeBackupsFolder(backups);
  const links = [...listAgentFolders(context, place).keys()].map((one) => join(one, basename(folder)));
  await removeLinks(
    links.filter((link) => link !== path),
    { to: path, places: linkPlacesOf(context) },
  );
  const moved: Moved[] = [];
  // A link or a pipe in the record's place is renamed, never followed.
  for (const one of [
    { from: path, to: aside },
    { from: record(folder), to: `${aside}-${recordFileName(folder)}` },
  ]) {
    if (!(await exists(one.from))) continue;
    await rename(one.from, one.to);
    moved.push(one);
  }
  return moved;
}
