import { join } from "node:path";
import { PaksError, emptyLock, emptyWorkspace, formatLock, workspaceFileNames } from "@paks/schema";
import type { Context } from "../context.ts";
import { requireWishes } from "../workspace/check-lock.ts";
import type { HeldBack } from "../workspace/held-back.ts";
import { type OpenWorkspace, findWorkspace, isHomeFolder } from "../workspace/open-workspace.ts";
import type { InstallRequest } from "../workspace/plan-install.ts";
import { rememberFolders, rememberTyped } from "../workspace/typed-repositories.ts";
import { adoptUnrecorded } from "./adopt.ts";
import { expectArchives } from "./expect-archives.ts";
import { openFetchers, openRegistries } from "./install-plan.ts";
import { keptRangeOf, notesOf } from "./install-notes.ts";
import { foreseePlaced } from "./foresee-placed.ts";
import { openScopes } from "./install-scopes.ts";
import { keepReplaced } from "./keep-replaced.ts";
import { removeLeftovers } from "./leftovers.ts";
import { listCopies } from "./links.ts";
import { lookAtReady } from "./look-at-ready.ts";
import { nameSources } from "./name-sources.ts";
import {
  type Renames,
  foreseeOrphans,
  isDisabledOrphan,
  listRenames,
  removeOrphans,
  requireUneditedRenames,
} from "./orphans.ts";
import type { Placing } from "./check-placing.ts";
import { type Placed, placeReleases } from "./place.ts";
import { type Ready, type ReadyPak, type Work, findNamed, findPresent, makeReady } from "./ready-pak.ts";
import type { InstallRecord } from "./record.ts";
import { type Review, reviewOf, tellLeft } from "./review.ts";
import { findSkillsFolder } from "./scope.ts";
import type { Looked } from "./skills-folder.ts";
import { inFolderOrTidy } from "./tidily.ts";
import type { SourceOptions } from "./source-options.ts";
import { isOnlyFor, unlinkLeftOut } from "./unlink-left-out.ts";
import { untilUnchanged } from "./until-unchanged.ts";
import { type Written, writtenBy } from "./written-files.ts";

export interface InstallOptions {
  readonly global: boolean;
  readonly dir: string | undefined;
  readonly agents: readonly string[];
  readonly copy: boolean | undefined;
  /** Folder of the one source that is named; of several, by what is named. */
  readonly as?: string | ReadonlyMap<string, string> | undefined;
  readonly force: boolean;
  /** Whether `paks.jsonc` and `paks.lock` are read and written; never with `global` and `dir`. */
  readonly save: boolean;
  readonly upgrade: InstallRequest["upgrade"];
  readonly isUpdate?: InstallRequest["isUpdate"];
  /** Fails when the lock would change. */
  readonly frozen: boolean;
  readonly source?: SourceOptions | undefined;
  /** Nothing is written, whatever `review` answers. */
  readonly dryRun?: boolean | undefined;
  /** Sees what is about to change, when everything is verified; false: nothing is changed, and the result foretold. */
  readonly review?: ((review: Review) => Promise<boolean>) | undefined;
}

export interface Installed extends Placed {
  readonly record: InstallRecord;
  /** Absolute. */
  readonly path: string;
  /** Absolute. */
  readonly links: readonly string[];
  /** It is there only because another pak depends on it. */
  readonly isDependency: boolean;
  readonly notes: readonly string[];
  /** Absolute; those of `links` that are real copies. */
  readonly copies: readonly string[];
  /** Tools that look into the skills folder themselves. */
  readonly readers: readonly string[];
  /** The folder that it had before. */
  readonly renamedFrom?: string | undefined;
  /** Folders of other paks here that have the same name in their manifests, when one of them is called otherwise. */
  readonly sameName?: readonly string[];
  /** Absolute; links and copies that are gone because it is not for their tools any more. */
  readonly unlinked?: readonly string[] | undefined;
  /** What `paks.jsonc` asks for, and what was heeded because only the name was given: a range, version or channel. */
  readonly keptRange?: string | undefined;
  /** It was there for another pak alone, and `paks.jsonc` asks for it from now on. */
  readonly isNewlyAsked?: boolean;
}

export interface InstallResult {
  readonly installed: readonly Installed[];
  /** Folders of paks that nothing asks for any more. */
  readonly removed: readonly string[];
  /** Newer versions that were looked for and not taken. */
  readonly heldBack: readonly HeldBack[];
  /** Those of `removed` that `paks.lock` did not name any more before the command. */
  readonly leftovers: readonly string[];
  /** Those of `removed` that `paks.jsonc` has among the disabled. */
  readonly disabled: readonly string[];
  /** Absolute; of the workspace whose files were read. */
  readonly root: string | undefined;
  /** Absent: nothing is written there. */
  readonly written?: Written;
}

/**
 * Plans, fetches and verifies everything, then renames it into place: a failure changes nothing on disk. Without texts:
 * what `paks.jsonc` asks for.
 */
export async function installSources(
  context: Context,
  texts: readonly string[],
  options: InstallOptions,
): Promise<InstallResult> {
  const isProject = !options.global && options.dir === undefined;
  const save = options.save && isProject;
  const first = await openFor(context, isProject);
  const { root } = first;
  if (save && first.workspaceFile === undefined && isHomeFolder(context.home)(root)) throw homeIsNoProject(root);
  if (save) requireWishes(first);
  const place = findSkillsFolder(context, { ...options, root: isProject ? root : undefined });
  const named = await nameSources(texts, { root, cwd: context.cwd, skillsFolder: place.skillsFolder, options });
  await rememberTyped(
    context,
    named.flatMap(({ source }) => (source.type === "git" ? [source.url] : [])),
  );
  const fromGit = options.source?.from === "git";
  const registryFor = openRegistries(context, first.workspace.registry, fromGit ? undefined : expectArchives);
  const registryWish = first.workspace.registry;
  const work: Work = {
    context,
    options,
    request: { named, save, upgrade: options.upgrade, force: options.force, isUpdate: options.isUpdate },
    registryFor,
    fetchers: openFetchers(context, { root, registryFor, registryWish, from: options.source?.from }),
    scopes: openScopes(context, {
      ...options,
      root: isProject ? root : undefined,
      workspaceAgents: first.workspace.agents,
    }),
    place,
    told: new Set(),
  };
  if (save && options.dryRun !== true) await adoptUnrecorded(context, { ...work.place, root }, first.lock);
  return await untilUnchanged(place.skillsFolder, async () => {
    const opened = await openFor(context, isProject);
    const ready = await context.progress("Looking up what to install", (step) => makeReady(work, opened, step));
    if (options.review && !(await options.review(reviewOf(ready.plan, ready.paks))))
      return { ...(await foresee(work, opened, ready)), root: save ? root : undefined };
    const done = await inFolderOrTidy(context, work.place, {
      change: () => apply(work, opened, ready),
      look: () => look(work, opened, ready),
    });
    if (done === undefined) return undefined;
    await rememberFolders(context, listOutsideFolders(ready, isProject));
    return { ...done, root: save ? root : undefined };
  });
}

/** Its skills folder is the one for all projects: a lock there would contradict whatever `--global` does. */
const homeIsNoProject = (home: string): PaksError =>
  new PaksError("USAGE", `${home} is your home folder, and no project yet.`, {
    hint: `Install for all projects with --global, or go to your project. To make the home folder itself one, put a ${workspaceFileNames[0]} with {} into it first.`,
  });

/** Folders that were named and that no project's files will name. */
const listOutsideFolders = ({ paks }: Ready, isProject: boolean): string[] =>
  paks.flatMap(({ pak: { wish }, placing: { record } }) =>
    wish?.isNamed === true && !(isProject && wish.isSaved) && record.origin.type === "local"
      ? [record.origin.path]
      : [],
  );

/** Outside a project nothing is read but what is named. */
const openFor = async (context: Context, isProject: boolean): Promise<OpenWorkspace> =>
  isProject ? await findWorkspace(context) : { root: context.cwd, workspace: emptyWorkspace, lock: emptyLock };

type Done = Omit<InstallResult, "root">;

/** `undefined` when the workspace is no longer the one that was planned for. */
async function apply(work: Work, planned: OpenWorkspace, ready: Ready): Promise<Done | undefined> {
  const { plan, paks } = ready;
  const { request } = work;
  if (request.save && !(await isSame(work, planned))) return undefined;
  for (const { pak, fetched } of paks)
    if (!fetched && !(await findPresent(work, planned, pak)).present) return undefined;
  const renames = request.save ? listRenames(planned, plan) : new Map<string, string>();
  await requireUneditedRenames(work, renames);
  await keepReplaced(work, paks);
  const placed = await placeReleases(paks.map(({ placing }) => placing));
  for (const { left } of placed) tellLeft(work.context, left);
  const unlinked = await unlinkAll(work, paks, placed);
  const gone = request.save ? await removeOrphans(work, planned, { orphans: plan.orphans, renames }) : [];
  const named = findNamed(work, planned, ready);
  const leftovers = named ? await removeLeftovers(work.context, work.place.skillsFolder, named) : [];
  return resultOf(work, planned, { ready, placed, unlinked, renames, gone, leftovers });
}

/** What `apply` would do; writes nothing. */
async function foresee(work: Work, planned: OpenWorkspace, ready: Ready): Promise<Done> {
  const { request } = work;
  const renames = request.save ? listRenames(planned, ready.plan) : new Map<string, string>();
  await requireUneditedRenames(work, renames);
  const { orphans } = ready.plan;
  const gone = request.save ? await foreseeOrphans(work, planned, { orphans, renames }) : [];
  return resultOf(work, planned, { ready, ...(await foreseePlaced(work, ready.paks)), renames, gone, leftovers: [] });
}

/** `apply` where nothing can be written. */
async function look(work: Work, planned: OpenWorkspace, ready: Ready): Promise<Looked<Done | undefined>> {
  const looked = await lookAtReady(work, planned, ready);
  // Behind it: nobody was kept from changing both.
  if (work.request.save && !(await isSame(work, planned))) return { done: undefined };
  if ("owed" in looked) return looked;
  for (const { left } of looked.done) tellLeft(work.context, left);
  const nothing = { unlinked: [], renames: new Map<string, string>(), gone: [], leftovers: [] };
  return { done: resultOf(work, planned, { ready, placed: looked.done, ...nothing }) };
}

interface Applied {
  readonly ready: Ready;
  /** As the paks of `ready`; so are `unlinked`. */
  readonly placed: readonly Placed[];
  readonly unlinked: readonly (readonly string[])[];
  readonly renames: Renames;
  readonly gone: Awaited<ReturnType<typeof removeOrphans>>;
  readonly leftovers: readonly string[];
}

function resultOf(
  { request, place }: Work,
  planned: OpenWorkspace,
  { ready: { plan, paks }, placed, unlinked, renames, gone, leftovers }: Applied,
): Done {
  const removed = gone.map(({ folder }) => folder);
  const nameBefore = new Map([...renames].map(([from, to]) => [to, from]));
  const movedOf = (folder: string) => gone.find((one) => one.folder === nameBefore.get(folder))?.moved ?? [];
  const installed = paks.map(({ pak, fetched, placing, readers }, index) => ({
    ...placed[index]!,
    moved: [...placed[index]!.moved, ...movedOf(pak.folder)],
    record: placing.record,
    path: join(place.skillsFolder, placing.record.folder),
    ...linksOf(placing, placed[index]!),
    isDependency: pak.wish === undefined,
    notes: notesOf(pak, fetched, request),
    readers,
    renamedFrom: nameBefore.get(pak.folder),
    unlinked: unlinked[index],
    keptRange: keptRangeOf(pak, request),
    isNewlyAsked: request.save && pak.wish?.isNamed === true && pak.before?.source === null,
  }));
  return {
    installed: installed.filter((one, index) => isTold(one, paks[index]!, request)),
    removed: [...removed, ...leftovers],
    leftovers,
    heldBack: plan.heldBack,
    disabled: removed.filter((folder) => !renames.has(folder) && isDisabledOrphan(planned, folder)),
    written: writtenBy(
      planned,
      paks.flatMap(({ change }) => change ?? []),
    ),
  };
}

/** Without those where something else stays. */
function linksOf({ links }: Placing, { left }: Placed): Pick<Installed, "links" | "copies"> {
  const others = new Set(left.map(({ what }) => what));
  const own = links.filter(({ path }) => !others.has(path));
  return { links: own.map(({ path }) => path), copies: listCopies(own) };
}

/** Whoever names one pak does not want to read about all the others, except what became of his files. */
const isTold = (one: Installed, { pak }: ReadyPak, { named }: InstallRequest): boolean =>
  named.length === 0 || isChanged(one) || (one.unlinked ?? []).length > 0 || pak.wish?.isNamed === true;

/** Also a pak whose folder stays, while a copy of it that was edited was moved away. */
export const isChanged = ({ action, moved }: Pick<Placed, "action" | "moved">): boolean =>
  action !== "unchanged" || moved.length > 0;

async function unlinkAll(
  { context, options }: Work,
  paks: readonly ReadyPak[],
  placed: readonly Placed[],
): Promise<readonly (readonly string[])[]> {
  const unlinked: (readonly string[])[] = [];
  for (const [index, pak] of paks.entries())
    unlinked.push(isOnlyFor(options, pak) ? await unlinkLeftOut(context, pak.placing, placed[index]!) : []);
  return unlinked;
}

async function isSame({ context }: Work, planned: OpenWorkspace): Promise<boolean> {
  const now = await findWorkspace(context);
  return (
    formatLock(now.lock) === formatLock(planned.lock) &&
    JSON.stringify(now.workspace) === JSON.stringify(planned.workspace)
  );
}
