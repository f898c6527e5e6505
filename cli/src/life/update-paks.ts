import { join } from "node:path";
import {
  type CapabilityChange,
  type LockedPak,
  type ReleaseFile,
  PaksError,
  compareCapabilities,
  noCapabilities,
  readCapabilities,
} from "@paks/schema";
import type { Context } from "../context.ts";
import { type Installed, type InstallOptions, installSources, isChanged } from "../install/install.ts";
import { type InstalledState, readInstalledState } from "../install/installed-state.ts";
import { listEditedCopies } from "../install/links.ts";
import type { Review, ReviewedPak } from "../install/review.ts";
import { requireWishes } from "../workspace/check-lock.ts";
import type { HeldBack } from "../workspace/held-back.ts";
import type { Gone } from "../workspace/universe.ts";
import { findWorkspace } from "../workspace/open-workspace.ts";
import { type GrowthWords, askAboutGrowth } from "./ask-growth.ts";
import { type FileChange, listFileChanges } from "./file-changes.ts";
import { findReleased } from "./find-released.ts";
import { recordEntry } from "./record-entry.ts";
import { ownName } from "./own-name.ts";
import type { Place } from "./places.ts";
import { noState, stateName, stateNames } from "./state-names.ts";

export interface UpdateOptions {
  /** Nothing is changed. */
  readonly dryRun: boolean;
  /** Edited paks too; a copy of the edits is kept. */
  readonly force: boolean;
  /** Nobody is asked about what a newer version can do more. */
  readonly allowNewCapabilities: boolean;
}

/** One pak that a newer version was found for. */
export interface PakUpdate {
  readonly name: string;
  readonly folder: string;
  readonly dependency: boolean;
  readonly from: string | null;
  readonly to: string | null;
  /** Both in words: the short commit where there is no version. */
  readonly states: readonly [from: string, to: string];
  readonly digestBefore: string | null;
  readonly digest: string;
  /** Absent: the files of the installed release are nowhere to be had. */
  readonly files: readonly FileChange[] | undefined;
  readonly capabilities: CapabilityChange;
  /** Files that were edited here. */
  readonly edited: readonly string[];
  /** Absolute; copies for tools that were edited. */
  readonly editedCopies: readonly string[];
}

export interface UpdateResult {
  readonly updates: readonly PakUpdate[];
  readonly installed: readonly Installed[];
  /** Folders of dependencies that nothing needs any more. */
  readonly removed: readonly string[];
  /** Newer versions that were looked for and not taken. */
  readonly heldBack: readonly HeldBack[];
  /** What stays as it is locked, because its registry no longer has it; the user was told. */
  readonly gone: readonly Gone[];
}

/**
 * Brings paks of a project to the newest versions that what asks for them allows; everything is fetched, verified and
 * looked at before anything changes.
 * @param folders `undefined`: all
 * @throws PaksError CAPABILITIES_GROWN when nobody can be asked, LOCAL_CHANGES, CANCELLED, and the codes of `install`
 */
export async function updateProject(
  context: Context,
  place: Place,
  { folders, ...options }: UpdateOptions & { readonly folders: ReadonlySet<string> | undefined },
): Promise<UpdateResult> {
  const opened = await findWorkspace(context);
  // Without it nothing would be asked for, and everything would go.
  requireWishes(opened);
  return await runInstall(context, place, {
    texts: [],
    options,
    wish: opened.workspace.registry,
    install: { global: false, dir: undefined, save: true, upgrade: folders ?? true },
  });
}

/** A newer state of a pak that no lock knows. */
export interface Wanted {
  readonly text: string;
  /** Its folder, where that is not called like the pak. */
  readonly as: string | undefined;
}

interface UpdateWanted extends UpdateOptions {
  readonly wanted: readonly Wanted[];
  /** Digests of what was agreed to: who plans again does not ask again. */
  readonly agreed: Set<string>;
}

/**
 * Paks that no lock knows, all or none.
 * @throws PaksError as `updateProject`
 */
export async function updateWanted(
  context: Context,
  place: Place,
  { wanted, agreed, ...options }: UpdateWanted,
): Promise<UpdateResult> {
  return await runInstall(context, place, {
    texts: wanted.map(({ text }) => text),
    options,
    wish: undefined,
    agreed,
    install: {
      global: place.scope === "global",
      dir: place.scope === "folder" ? place.skillsFolder : undefined,
      save: false,
      upgrade: true,
      isUpdate: true,
      as: new Map(wanted.flatMap(({ text, as }) => (as === undefined ? [] : [[text, as] as const]))),
    },
  });
}

interface Run {
  readonly texts: readonly string[];
  readonly options: UpdateOptions;
  readonly wish: string | undefined;
  readonly install: Pick<InstallOptions, "global" | "dir" | "save" | "upgrade" | "isUpdate" | "as">;
  readonly agreed?: Set<string>;
}

async function runInstall(
  context: Context,
  place: Place,
  { texts, options, wish, install, agreed = new Set() }: Run,
): Promise<UpdateResult> {
  let updates: readonly PakUpdate[] = [];
  let heldBack: readonly HeldBack[] = [];
  let gone: readonly Gone[] = [];
  const review = async (found: Review): Promise<boolean> => {
    updates = await describeUpdates(context, place, { review: found, wish });
    ({ heldBack, gone } = found);
    if (options.dryRun) return false;
    if (!options.force) requireUnedited(updates, install.save);
    await askAboutGrowth(context, updates, { allow: options.allowNewCapabilities, agreed, words });
    return true;
  };
  const done = await installSources(context, texts, {
    agents: [],
    copy: undefined,
    frozen: false,
    force: options.force,
    review,
    dryRun: options.dryRun,
    ...install,
  });
  return {
    updates,
    installed: done.installed.filter((one) => isChanged(one) || (one.unlinked ?? []).length > 0),
    removed: done.removed,
    heldBack,
    gone,
  };
}

const words: GrowthWords = {
  question: (name) => `Update ${name} although it can do more?`,
  refused: "Nothing was updated.",
  hint: "Look at it with --dry-run, then run again with --allow-new-capabilities, or update the other paks by name.",
};

interface Describing {
  readonly review: Review;
  readonly wish: string | undefined;
}

async function describeUpdates(context: Context, place: Place, { review, wish }: Describing): Promise<PakUpdate[]> {
  const found: PakUpdate[] = [];
  for (const pak of review.paks) {
    const state = await readInstalledState(place.skillsFolder, pak.folder);
    const { record } = state;
    const before = pak.before ?? (record && recordEntry(record));
    if (before?.digest === pak.fetched.digest) continue;
    const old = before && (await findReleased(context, place, { before, folder: pak.folder, wish }));
    const edited = state.state === "edited" ? state.changed : [];
    found.push(describe(pak, { before, old, edited, editedCopies: await findEditedCopies(pak, state) }));
  }
  return found;
}

/** Of the places that are to get the new files. */
const findEditedCopies = ({ placing }: ReviewedPak, { record }: InstalledState): Promise<string[]> =>
  listEditedCopies(
    placing.links.map(({ path }) => path),
    {
      to: join(placing.skillsFolder, placing.record.folder),
      record: placing.record,
      previous: record,
      places: placing.places,
    },
  );

type Entry = Omit<LockedPak, "previous">;

interface Known {
  readonly before: Entry | undefined;
  readonly old: readonly ReleaseFile[] | undefined;
  readonly edited: readonly string[];
  readonly editedCopies: readonly string[];
}

function describe({ folder, fetched, isDependency }: ReviewedPak, { before, old, ...edits }: Known): PakUpdate {
  const can = old === undefined ? noCapabilities : readCapabilities(old);
  return {
    name: ownName(fetched.origin, fetched.name),
    folder,
    dependency: isDependency,
    from: before?.version ?? null,
    to: fetched.version,
    states: statesOf(before, { ...fetched, resolved: fetched.origin }),
    digestBefore: before?.digest ?? null,
    digest: fetched.digest,
    files: before !== undefined && old === undefined ? undefined : listFileChanges(old ?? [], fetched.files),
    capabilities: compareCapabilities(can, readCapabilities(fetched.files)),
    ...edits,
  };
}

const statesOf = (before: Entry | undefined, after: Parameters<typeof stateName>[0]): PakUpdate["states"] =>
  before === undefined ? [noState, stateName(after)] : stateNames(before, after);

/** @param isLocked what no lock knows cannot be pinned */
function requireUnedited(updates: readonly PakUpdate[], isLocked: boolean): void {
  const found = updates.find(({ edited, editedCopies }) => edited.length + editedCopies.length > 0);
  if (found === undefined) return;
  const { folder, edited, editedCopies } = found;
  const what = edited.length > 0 ? `: ${edited.slice(0, 5).join(", ")}` : ` in its copy ${editedCopies[0]!}`;
  throw new PaksError("LOCAL_CHANGES", `${folder} was edited since it was installed${what}.`, {
    hint: `Keep your edits elsewhere${isLocked ? ", pin it," : ""} or run again with --force: a copy of them is kept then.`,
    details: { folder, changed: edited, edited_copies: editedCopies },
  });
}
