import { dirname } from "node:path";
import {
  type CapabilityChange,
  type Lock,
  type LockedPak,
  type Workspace,
  PaksError,
  aliasOf,
  compareCapabilities,
  describeFiles,
  formatPakId,
  formatLock,
  lockFileName,
  noCapabilities,
  parseSource,
  readCapabilities,
  selectVersion,
} from "@paks/schema";
import type { Context } from "../context.ts";
import { fetchLocked } from "../install/fetch-locked.ts";
import type { Fetched } from "../install/fetched.ts";
import { listScoped, openScopes } from "../install/install-scopes.ts";
import { readInstalledState } from "../install/installed-state.ts";
import { hasEditedCopy } from "../install/going.ts";
import { type Placed, placeReleases } from "../install/place.ts";
import { removeRelease } from "../install/remove-release.ts";
import { linkPlacesOf } from "../install/own-links.ts";
import { formatLink } from "../install/record.ts";
import { requireInside } from "../install/require-inside.ts";
import { inSkillsFolder } from "../install/skills-folder.ts";
import type { WorkspaceChange } from "../workspace/change-workspace.ts";
import { listDisagreements } from "../workspace/check-lock.ts";
import { dependenciesOf } from "../workspace/entry.ts";
import { type OpenWorkspace, findWorkspace, readLock } from "../workspace/open-workspace.ts";
import { type GrowthWords, askAboutGrowth } from "./ask-growth.ts";
import { listNeeded } from "./dependents.ts";
import { listFileChanges } from "./file-changes.ts";
import { findReleased } from "./find-released.ts";
import { listPaks, rowName } from "./list-paks.ts";
import { nextUpdate } from "./next-update.ts";
import { type LockedRow, requireLockedRow } from "./pin-paks.ts";
import { findPlace, folderOptions } from "./places.ts";
import { stateNames } from "./state-names.ts";

export interface RolledBack {
  readonly name: string;
  readonly folder: string;
  readonly from: string | null;
  readonly to: string | null;
  /** Both in words: the short commit where there is no version. */
  readonly states: readonly [from: string, to: string];
  readonly digest: string;
  /** A folder that the next install takes as it is then; absent for all else. */
  readonly local: string | undefined;
  /** What `paks.jsonc` asks for now, when that had to change. */
  readonly source: string | undefined;
  /** It was, and stays so. */
  readonly pinned: boolean;
  /** What the version that is there now can do more and less. */
  readonly capabilities: CapabilityChange;
  readonly next: ReturnType<typeof nextUpdate>;
  readonly moved: Placed["moved"];
  /** Folders of dependencies that nothing needs any more. */
  readonly removed: readonly string[];
}

type Entry = Omit<LockedPak, "previous">;

export interface RollbackOptions {
  readonly force: boolean;
  /** Nobody is asked about what the other version can do more. */
  readonly allowNewCapabilities: boolean;
}

/**
 * Puts back what the lock says was there before, verified like any install. Doing it twice is where one began.
 * @throws PaksError VERSION_NOT_FOUND when the lock remembers nothing, DEPENDENCY_CONFLICT, LOCAL_CHANGES,
 *   CAPABILITIES_GROWN when nobody can be asked, and the codes of `fetchLocked`
 */
export async function rollbackPak(context: Context, name: string, options: RollbackOptions): Promise<RolledBack> {
  const place = await findPlace(context, { global: false, dir: undefined });
  const row = requireLockedRow(await listPaks(context, place), name);
  const opened = await findWorkspace(context);
  const { previous, ...current } = row.locked;
  if (previous === undefined) throw nothingBefore(row);
  const change = planChange(opened, { folder: row.folder, current, previous });
  const { root, workspace } = opened;
  const fetched = await context.progress("Fetching", async () =>
    fetchLocked(previous, context, { root, wish: workspace.registry, earlier: true }),
  );
  requireSameDependencies(row, previous, fetched);
  const states = stateNames(current, previous);
  const about = { name: rowName(row), folder: row.folder, to: previous.version, states, digest: previous.digest };
  const old = await findReleased(context, row.place, { before: current, folder: row.folder, wish: workspace.registry });
  const capabilities = compareCapabilities(
    old ? readCapabilities(old) : noCapabilities,
    readCapabilities(fetched.files),
  );
  const files = old && listFileChanges(old, fetched.files);
  const asking = {
    allow: options.allowNewCapabilities,
    agreed: new Set<string>(),
    words: growthWords(current, previous),
  };
  await askAboutGrowth(context, [{ ...about, files, capabilities }], asking);
  const placed = await putBack(context, opened, { row, change, fetched, force: options.force });
  return {
    ...about,
    from: current.version,
    local: change.entry!.resolved.type === "local" ? `./${change.entry!.resolved.path}` : undefined,
    source: change.add,
    pinned: current.pinned === true,
    capabilities,
    next: nextUpdate(change.entry!, current),
    moved: placed.moved,
    removed: placed.removed,
  };
}

function nothingBefore({ folder, locked: { resolved } }: LockedRow): PaksError {
  const named =
    resolved.type === "registry"
      ? `Name one: paks install ${resolved.account}/${resolved.name}@<version>${folder === resolved.name ? "" : ` --as ${folder}`}`
      : `Install another state of it by its source; "paks list --json" says where ${folder} came from.`;
  return new PaksError("VERSION_NOT_FOUND", `${lockFileName} does not remember another version of ${folder}.`, {
    hint: named,
  });
}

function growthWords(current: Entry, previous: Entry): GrowthWords {
  const { resolved } = current;
  const see =
    resolved.type === "registry"
      ? `See what: paks diff ${formatPakId(resolved)}@${current.version} ${previous.version}. Then run`
      : "Look at what it is at its source, then run";
  return {
    question: (name) => `Put that version of ${name} back although it can do more?`,
    refused: "Nothing was put back.",
    hint: `${see} again with --allow-new-capabilities.`,
  };
}

interface Exchange {
  readonly folder: string;
  readonly current: Entry;
  readonly previous: Entry;
}

/** The lock's entry and the workspace's sources afterwards. @throws PaksError DEPENDENCY_CONFLICT */
function planChange(opened: OpenWorkspace, { folder, current, previous }: Exchange): WorkspaceChange {
  const { lock, workspace, root } = opened;
  const source = sourceAfter(workspace, current, previous);
  const { pinned: _before, ...facts } = previous;
  const { pinned, ...left } = current;
  const { agents, mode } = current;
  const entry: LockedPak = { ...facts, source, agents, mode, ...(pinned && { pinned }), previous: left };
  const isSwapped = source !== current.source && workspace.paks.includes(current.source ?? "");
  const as = isSwapped ? aliasOf(workspace, current.source!) : undefined;
  const after: Workspace = isSwapped
    ? {
        ...workspace,
        paks: [...workspace.paks.filter((one) => one !== current.source), source!],
        ...(as !== undefined && { aliases: { ...workspace.aliases, [source!]: as } }),
      }
    : workspace;
  const lockThen: Lock = { ...lock, paks: { ...lock.paks, [folder]: entry } };
  const known = new Set(listDisagreements(workspace, lock, root));
  // What only stops being needed is removed.
  const problems = listDisagreements(after, lockThen, root).filter(
    (one) => !known.has(one) && !one.endsWith("nothing asks for it"),
  );
  if (problems.length > 0)
    throw new PaksError(
      "DEPENDENCY_CONFLICT",
      `The version before does not fit what is there now: ${problems.join("; ")}.`,
      {
        hint: `Let paks work it out: paks install ${previousText(previous)}`,
        details: { problems },
      },
    );
  const olds = [current.source!];
  return { folder, entry, ...(isSwapped && { drop: olds, replaces: olds, add: source!, alias: as !== undefined }) };
}

/** What is typed for it; of a git repository or a folder it is the state that was asked for then. */
const previousText = ({ resolved, version, source }: Entry): string =>
  resolved.type === "registry" ? `${formatPakId(resolved)}@${version}` : (source ?? "");

/**
 * The version before with what was asked for then: else the second time would not be where one was. A wish that was
 * changed by hand since stays as long as the version before fits it.
 */
function sourceAfter({ paks }: Workspace, current: Entry, previous: Entry): string | null {
  if (current.source === null || previous.source === null) return current.source;
  if (paks.includes(current.source)) return previous.source;
  const source = parseSource(current.source);
  const fits =
    source.type === "registry" &&
    previous.version !== null &&
    selectVersion([{ version: previous.version, yanked: false }], source.selector) !== undefined;
  return fits ? current.source : previous.source;
}

function requireSameDependencies({ folder }: LockedRow, { dependencies }: Entry, { manifest }: Fetched): void {
  const found = dependenciesOf(manifest.dependencies);
  const ids = Object.keys(found);
  if (ids.length === Object.keys(dependencies).length && ids.every((id) => found[id] === dependencies[id])) return;
  throw new PaksError(
    "LOCKFILE_MISMATCH",
    `${lockFileName} says of ${folder} that it depended on other paks than its files say.`,
    {
      hint: "Take paks.lock from version control again.",
      details: { folder, locked: dependencies, found },
    },
  );
}

interface Placement {
  readonly row: LockedRow;
  readonly change: WorkspaceChange;
  readonly fetched: Fetched;
  readonly force: boolean;
}

async function putBack(
  context: Context,
  opened: OpenWorkspace,
  { row, change, fetched, force }: Placement,
): Promise<Pick<Placed, "moved"> & { readonly removed: string[] }> {
  const { place, folder } = row;
  const { skillsFolder } = place;
  const { root, workspace } = opened;
  const scopes = openScopes(context, {
    global: false,
    dir: undefined,
    agents: [],
    copy: undefined,
    root,
    workspaceAgents: workspace.agents,
  });
  const { scope } = await scopes(listScoped(opened.lock, { isAsked: false }))(folder);
  const account = fetched.origin.type === "registry" ? fetched.origin.account : undefined;
  const links = scope.linksOf({ name: fetched.name, account, folder });
  for (const link of links) await requireInside(dirname(link.path), root);
  const record = {
    record_version: 1 as const,
    folder,
    name: fetched.name,
    version: change.entry!.version,
    digest: fetched.digest,
    origin: fetched.origin,
    files: describeFiles(fetched.files).files,
    links: links.map((link) => formatLink(skillsFolder, link.path)).sort(),
    installed_at: context.clock().toISOString(),
    saved: true as const,
  };
  return await inSkillsFolder(skillsFolder, folderOptions(place, context), async () => {
    if (formatLock(await readLock(root)) !== formatLock(opened.lock)) throw changedMeanwhile();
    const [placed] = await placeReleases([
      { skillsFolder, record, files: fetched.files, links, force, workspace: change, places: linkPlacesOf(context) },
    ]);
    return { moved: placed!.moved, removed: await removeUnneeded(context, row, opened.lock) };
  });
}

const changedMeanwhile = (): PaksError =>
  new PaksError("LOCK_BUSY", "Another paks command changed this project meanwhile.", {
    hint: "Run the same command again.",
  });

/** Dependencies of the version that went. What was edited stays. */
async function removeUnneeded(context: Context, { place }: LockedRow, before: Lock): Promise<string[]> {
  const lock = await readLock(place.root);
  const needed = listNeeded(lock, new Set());
  const neededBefore = listNeeded(before, new Set());
  const removed: string[] = [];
  for (const folder of Object.keys(lock.paks)) {
    if (needed.has(folder) || !neededBefore.has(folder)) continue;
    const { skillsFolder } = place;
    const { state, record } = await readInstalledState(skillsFolder, folder);
    const places = linkPlacesOf(context);
    if (state !== "intact" || (await hasEditedCopy(place, record, places))) {
      if (state !== "absent") context.warn(`${folder} is no longer needed, but it was edited: it stays.`);
      continue;
    }
    const removing = { skillsFolder, record, places, force: false, now: context.clock() };
    await removeRelease({ ...removing, workspace: { folder, entry: null } });
    removed.push(folder);
  }
  return removed;
}
