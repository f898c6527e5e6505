import { dirname } from "node:path";
import { type LockedPak, type Origin, aliasOf, describeFiles, parseSource } from "@paks/schema";
import type { Context } from "../context.ts";
import type { WorkspaceChange } from "../workspace/change-workspace.ts";
import type { OpenWorkspace } from "../workspace/open-workspace.ts";
import {
  type InstallPlan,
  type InstallRequest,
  type PlannedPak,
  fetchesAtOnce,
  planInstall,
} from "../workspace/plan-install.ts";
import { requireOrigin } from "../workspace/entry.ts";
import { requireTyped } from "../workspace/typed-repositories.ts";
import type { Neighbour } from "../workspace/resolve-among.ts";
import { isSameWish } from "../workspace/wish.ts";
import { eachAtOnce } from "./each-at-once.ts";
import { expectMissing } from "./expect-missing.ts";
import type { Fetched } from "./fetched.ts";
import type { InstallOptions } from "./install.ts";
import { entryOf, type openFetchers, type openRegistries, requireDependencies, requireFrozen } from "./install-plan.ts";
import type { ScopeChoice, Scopes } from "./install-scopes.ts";
import { type Named, namedBy } from "./leftovers.ts";
import { type Doubt, type LockedPlace, type LockedPresent, fetchDoubted, findLockedPresent } from "./locked-present.ts";
import { requireRegistryOf } from "./locked-registry.ts";
import type { Placing } from "./check-placing.ts";
import { withNeededLinks } from "./needed-links.ts";
import { linkPlacesOf } from "./own-links.ts";
import { requireNoLinkAt } from "./own-source.ts";
import { type InstallRecord, formatLink, markSaved } from "./record.ts";
import { requireInside } from "./require-inside.ts";
import { isUnasked, leaveEdited, tellGone } from "./review.ts";
import { isKeepingCopies, isMeant, scopedOf } from "./scoped-pak.ts";
import { isOnlyFor } from "./unlink-left-out.ts";
import { findRegistryToName } from "./shared-registry.ts";
import type { findSkillsFolder } from "./scope.ts";

export interface Work {
  readonly context: Context;
  readonly options: InstallOptions;
  readonly request: InstallRequest;
  readonly registryFor: ReturnType<typeof openRegistries>;
  readonly fetchers: ReturnType<typeof openFetchers>;
  readonly scopes: Scopes;
  readonly place: ReturnType<typeof findSkillsFolder>;
  /** Folders that the user was told to be left alone. */
  readonly told: Set<string>;
}

export interface ReadyPak {
  readonly pak: PlannedPak;
  /** Absent: the folder holds these bytes already. */
  readonly fetched: Fetched | undefined;
  readonly placing: Placing;
  readonly change: WorkspaceChange | undefined;
  /** Names of tools that look into the skills folder themselves. */
  readonly readers: readonly string[];
  /** It is for the tools of `placing.links` and no other ones, and this command is about it. */
  readonly isExact: boolean;
}

export interface Ready {
  readonly plan: InstallPlan;
  readonly paks: readonly ReadyPak[];
}

/** Everything is here and verified; nothing was changed. */
export async function makeReady(work: Work, opened: OpenWorkspace, step: (label: string) => void): Promise<Ready> {
  const { request, fetchers, options } = work;
  const neighbours = await findNeighbours(work, opened);
  const plan = await planInstall(work.registryFor, opened, { request, fetchers, neighbours });
  tellGone(work, plan.gone);
  const wanted = await leaveEdited(work, plan.paks);
  expectMissing(
    work.context,
    work.place.skillsFolder,
    wanted.flatMap(({ isKept, before, folder }) => (isKept && before ? [[folder, before] as const] : [])),
  );
  const scopeOf = work.scopes(plan.paks.map((pak) => scopedOf(pak, request)));
  const named = new Set(plan.paks.flatMap(({ wish, folder }) => (wish?.isNamed === true ? [folder] : [])));
  const others = neighbours.filter(({ folder }) => !named.has(folder));
  let count = 0;
  const fetched = await eachAtOnce(wanted, fetchesAtOnce, async (pak) => {
    requireItsRegistry(work, opened, pak);
    const { present, doubt } = await findPresent(work, opened, pak);
    const bytes = present ? undefined : doubt ? await fetchAsLocked(work, opened, { pak, doubt }) : await pak.fetch();
    if (bytes) requireDependencies(pak, bytes);
    step(`Fetched ${(count += 1)} of ${wanted.length}`);
    const choice = await scopeOf(pak.folder);
    return await readyPak(work, opened, { pak, fetched: bytes, present, others, ...choice });
  });
  const paks = dropSources(fetched, plan.drop);
  if (options.frozen)
    requireFrozen(
      opened,
      lockAfter(opened, { plan, paks }),
      request.named.length > 0 && isNew(paks) ? "add" : "install",
    );
  return { plan, paks };
}

/** What is saved goes by the project's files, which know all that they need: no manifest is read for it. */
async function findNeighbours({ request, place }: Work, { lock }: OpenWorkspace): Promise<readonly Neighbour[]> {
  if (request.save && request.named.every(({ isSaved }) => isSaved)) return [];
  const { listNeighbours } = await import("./list-neighbours.ts");
  return await listNeighbours(place.skillsFolder, lock);
}

/** With the pak that takes their place: whoever finds its intent after a crash, and none of another one, drops them too. */
function dropSources(paks: readonly ReadyPak[], drop: readonly string[]): readonly ReadyPak[] {
  if (drop.length === 0) return paks;
  const others = drop.filter((text) => !paks.some((one) => isInPlaceOf(one, text)));
  const heir = paks.find(({ change, pak }) => change && pak.wish?.isNamed === true);
  return paks.map((one) => {
    const replaces = drop.filter((text) => isInPlaceOf(one, text));
    const dropped = one === heir ? [...replaces, ...others] : replaces;
    if (one.change === undefined || dropped.length === 0) return one;
    const change = { ...one.change, drop: dropped, ...(replaces.length > 0 && { replaces }) };
    return { ...one, change, placing: { ...one.placing, workspace: change } };
  });
}

/** Whether it is the same pak that the project asked for so: by its source, or as that was locked. */
const isInPlaceOf = ({ change, pak: { wish, before } }: ReadyPak, text: string): boolean =>
  wish !== undefined &&
  change?.add !== undefined &&
  (before?.source === text || isSameWish(parseSource(text), wish.source));

const isNew = (paks: readonly ReadyPak[]): boolean => paks.some(({ change }) => change?.add !== undefined);

/** What is in place is of a registry too; whoever only adds another pak need not know it. @throws PaksError LOCKFILE_MISMATCH */
function requireItsRegistry({ context, request }: Work, { workspace }: OpenWorkspace, pak: PlannedPak): void {
  const { isKept, before } = pak;
  if (!isKept || !isMeant(pak, request) || before?.resolved.type !== "registry") return;
  requireRegistryOf(before.resolved, context, workspace.registry);
}

/** What need not be fetched: the lock's bytes are in place. @throws PaksError LOCKFILE_MISMATCH */
export const findPresent = async (work: Work, { root }: OpenWorkspace, pak: PlannedPak): Promise<LockedPresent> =>
  pak.isKept && pak.before ? await findLockedPresent(placeOf(work, root, pak), pak.folder, pak.before) : {};

const placeOf = ({ place, options, request }: Work, root: string, pak: PlannedPak): LockedPlace => ({
  skillsFolder: place.skillsFolder,
  root,
  force: options.force && !isUnasked(request, pak),
});

async function fetchAsLocked(
  work: Work,
  { root, workspace }: OpenWorkspace,
  { pak, doubt }: { readonly pak: PlannedPak; readonly doubt: Doubt },
): Promise<Fetched> {
  const { context } = work;
  const entry = pak.before!;
  if (entry.resolved.type === "git") await requireTyped(context, entry.resolved.repository, root);
  const options = { root, wish: workspace.registry };
  return await fetchDoubted(context, { place: placeOf(work, root, pak), folder: pak.folder, entry, doubt, options });
}

interface Bytes extends ScopeChoice {
  readonly pak: PlannedPak;
  readonly fetched: Fetched | undefined;
  readonly present: InstallRecord | undefined;
  /** What is installed and no lock knows, without what is named. */
  readonly others: readonly Neighbour[];
}

async function readyPak(work: Work, opened: OpenWorkspace, bytes: Bytes): Promise<ReadyPak> {
  const { request, place, context, options } = work;
  const { pak, fetched, present, scope, choice } = bytes;
  const entry = request.save ? entryOf(pak, fetched, { root: opened.root, ...choice }) : undefined;
  const about = {
    name: fetched?.name ?? present!.name,
    account: accountOf(fetched?.origin ?? present!.origin),
    folder: pak.folder,
  };
  const only = { isExact: bytes.isExact && isMeant(pak, request) };
  const links = isOnlyFor(options, only)
    ? await withNeededLinks(work, { ...bytes, links: scope.linksOf(about) })
    : scope.linksOf(about);
  if (pak.wish?.isNamed === true && fetched?.origin.type === "local") requireNoLinkAt(fetched.origin.path, links);
  if (place.boundary !== undefined) for (const link of links) await requireInside(dirname(link.path), place.boundary);
  const facts = {
    folder: scope.folderOf(about),
    links: links.map((link) => formatLink(place.skillsFolder, link.path)).sort(),
    installed_at: context.clock().toISOString(),
  };
  const record = fetched ? recordOf(fetched, facts) : { ...present!, ...facts };
  // Whoever leaves the files alone may put in place just what they name.
  const isLockedAnyway = !request.save && opened.lock.paks[pak.folder]?.digest === record.digest;
  // What the lock had for others stays here, and is no longer theirs.
  const isLeft = request.save && !pak.isSaved && pak.before !== undefined;
  const left = isLeft ? { folder: pak.folder, entry: null } : undefined;
  const registry = entry && findRegistryToName(context.config, opened.workspace, entry);
  const change = entry ? changeOf(pak, { entry, name: about.name, registry }, opened) : left;
  return {
    pak,
    fetched,
    change,
    readers: scope.readers,
    ...only,
    placing: {
      skillsFolder: place.skillsFolder,
      record: markSaved(record, entry !== undefined || isLockedAnyway),
      files: fetched?.files ?? [],
      links,
      force: options.force,
      isUnasked: isUnasked(request, pak),
      // A newer version of a leftover is one as well.
      keepsMark: !request.save && options.review !== undefined,
      keepsCopies: isKeepingCopies(work, pak),
      isOnlyFor: isOnlyFor(options, only),
      workspace: change,
      places: linkPlacesOf(context),
      lookedUp: lookedUpOf(work, pak, fetched),
    },
  };
}

/**
 * Where an entry of the lock was deleted to move a pak on purpose, or names another registry by now, the project's files
 * have the word; who only names a pak has not said that.
 */
function lookedUpOf({ request, registryFor }: Work, { before, wish }: PlannedPak, fetched: Fetched | undefined) {
  const isOfProject = request.save && (request.named.length === 0 || wish?.isNamed === false);
  if (before !== undefined || isOfProject || fetched?.origin.type !== "registry") return undefined;
  return registryFor(fetched.origin.account).chosen;
}

const accountOf = (origin: Origin): string | undefined => (origin.type === "registry" ? origin.account : undefined);

function changeOf(
  { folder, wish }: PlannedPak,
  { entry, name, registry }: Pick<WorkspaceChange, "registry"> & { readonly entry: LockedPak; readonly name: string },
  { workspace }: OpenWorkspace,
): WorkspaceChange {
  if (wish?.isNamed !== true) return { folder, entry };
  const alias = folder !== name;
  const isThere = workspace.paks.includes(wish.text) && aliasOf(workspace, wish.text) === (alias ? folder : undefined);
  return { folder, entry, ...(!isThere && { add: wish.text, alias, ...(registry !== undefined && { registry }) }) };
}

const recordOf = (
  fetched: Fetched,
  facts: Pick<InstallRecord, "folder" | "links" | "installed_at">,
): InstallRecord => ({
  record_version: 1,
  folder: facts.folder,
  name: fetched.name,
  version: fetched.version,
  digest: fetched.digest,
  origin: requireOrigin(fetched.origin),
  files: describeFiles(fetched.files).files,
  links: facts.links,
  installed_at: facts.installed_at,
});

const lockAfter = ({ lock }: OpenWorkspace, { plan, paks }: Ready) => {
  const gone = new Set([
    ...plan.orphans,
    ...paks.flatMap(({ change }) => (change?.entry === null ? change.folder : [])),
  ]);
  const left = Object.entries(lock.paks).filter(([folder]) => !gone.has(folder));
  const changed = paks.flatMap(({ pak, change }) => (change?.entry ? [[pak.folder, change.entry] as const] : []));
  return { ...lock, paks: Object.fromEntries([...left, ...changed]) };
};

/**
 * What the lock names then, and what was locked so far, which has been seen to. Only where all is to be as the project's
 * files say, and not just what is named on the command line, or newer.
 */
export const findNamed = ({ request, options }: Work, opened: OpenWorkspace, ready: Ready): Named | undefined =>
  request.save && request.named.length === 0 && options.review === undefined
    ? new Set([...namedBy(lockAfter(opened, ready)), ...ready.plan.orphans])
    : undefined;
