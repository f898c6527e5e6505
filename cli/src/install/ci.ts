import { dirname, join } from "node:path";
import { type LockedPak, PaksError, describeFiles } from "@paks/schema";
import type { Context } from "../context.ts";
import { requireAgreement, requireWishes } from "../workspace/check-lock.ts";
import { type OpenWorkspace, findWorkspace, readLockText } from "../workspace/open-workspace.ts";
import { requireTyped } from "../workspace/typed-repositories.ts";
import { fetchesAtOnce } from "../workspace/plan-install.ts";
import { adoptUnrecorded } from "./adopt.ts";
import { eachAtOnce } from "./each-at-once.ts";
import { expectMissing } from "./expect-missing.ts";
import { fetchLocked } from "./fetch-locked.ts";
import type { Fetched } from "./fetched.ts";
import type { InstallResult, Installed } from "./install.ts";
import { requireLockedManifest } from "./install-plan.ts";
import { listScoped, openScopes } from "./install-scopes.ts";
import { lookAtLeftovers, namedBy, removeLeftovers } from "./leftovers.ts";
import { listCopies } from "./links.ts";
import { type LockedPlace, fetchDoubted, findLockedPresent } from "./locked-present.ts";
import { requireRegistryOf } from "./locked-registry.ts";
import { linkPlacesOf } from "./own-links.ts";
import type { Placing } from "./check-placing.ts";
import { lookAtPlaced } from "./look-at-placed.ts";
import { placeReleases } from "./place.ts";
import { type InstallRecord, formatLink } from "./record.ts";
import { requireInside } from "./require-inside.ts";
import { type SkillsFolder, findSkillsFolder } from "./scope.ts";
import { inFolderOrTidy, inFolderTidily } from "./tidily.ts";
import { untilUnchanged } from "./until-unchanged.ts";

export interface CiOptions {
  readonly agents: readonly string[];
  readonly copy: boolean | undefined;
  readonly force: boolean;
}

/**
 * Exactly the lock, every byte verified; the lock is not written.
 * @throws PaksError LOCKFILE_MISMATCH when lock and workspace disagree, INTEGRITY_MISMATCH, TAG_MOVED, LOCAL_CHANGES
 */
export async function installLocked(context: Context, options: CiOptions): Promise<InstallResult> {
  return await untilUnchanged("This project", () => tryLocked(context, options));
}

/** `undefined` when another command changed lock or folders meanwhile. */
async function tryLocked(context: Context, options: CiOptions): Promise<InstallResult | undefined> {
  const opened = await findWorkspace(context);
  const { root, workspace, workspaceFile, lockFile, lockText, lock } = opened;
  if (lockFile === undefined) throw noLock(workspaceFile !== undefined);
  requireWishes(opened);
  const place = findSkillsFolder(context, { global: false, dir: undefined, root });
  try {
    requireAgreement(workspace, lock, root);
  } catch (error) {
    if (await isBetweenTwo(context, place, opened)) return undefined;
    throw error;
  }
  await adoptUnrecorded(context, { ...place, root }, lock);
  const scopes = openScopes(context, {
    ...options,
    global: false,
    dir: undefined,
    root,
    workspaceAgents: workspace.agents,
  });
  const entries = Object.entries(lock.paks);
  const scopeOf = scopes(listScoped(lock, { isAsked: true }));
  const locked: LockedPlace = { skillsFolder: place.skillsFolder, root, force: options.force };
  expectMissing(context, place.skillsFolder, entries);
  let count = 0;
  const paks = await context.progress("Fetching", (step) =>
    eachAtOnce(entries, fetchesAtOnce, async ([folder, entry]) => {
      // Also of what is in place: who is asked for a name does not depend on that.
      if (entry.resolved.type === "registry") requireRegistryOf(entry.resolved, context, workspace.registry);
      const { present, fetched } = await findOrFetch(context, {
        place: locked,
        folder,
        entry,
        wish: workspace.registry,
      });
      step(`Fetched ${(count += 1)} of ${entries.length}`);
      const { scope } = await scopeOf(folder);
      const about = aboutOf(folder, entry, fetched?.name ?? present!.name);
      const links = scope.linksOf(about);
      for (const link of links) await requireInside(dirname(link.path), root);
      const placing: Placing = {
        skillsFolder: place.skillsFolder,
        record: {
          ...(fetched ? factsOf(fetched) : present!),
          folder,
          version: entry.version,
          links: links.map((link) => formatLink(place.skillsFolder, link.path)).sort(),
          installed_at: context.clock().toISOString(),
          saved: true,
        },
        files: fetched?.files ?? [],
        links,
        force: options.force,
        places: linkPlacesOf(context),
      };
      return { folder, entry, fetched, placing, readers: scope.readers };
    }),
  );
  const { skillsFolder } = place;
  const isSameLock = async (): Promise<boolean> => (await readLockText(root)) === lockText;
  const placings = paks.map(({ placing }) => placing);
  const named = namedBy(lock);
  let removed: readonly string[] = [];
  const placed = await inFolderOrTidy(context, place, {
    change: async () => {
      if (!(await isSameLock())) return undefined;
      for (const { folder, entry, fetched } of paks)
        if (!fetched && !(await findLockedPresent(locked, folder, entry)).present) return undefined;
      const done = await placeReleases(placings);
      removed = await removeLeftovers(context, skillsFolder, named);
      return done;
    },
    look: async () => {
      const looked = await lookAtLeftovers(context, { skillsFolder, named, looked: await lookAtPlaced(placings) });
      // Behind it: nobody was kept from changing both.
      return (await isSameLock()) ? looked : { done: undefined };
    },
  });
  if (placed === undefined) return undefined;
  const installed = paks.map(({ entry, fetched, placing, readers }, index): Installed => ({
    ...placed[index]!,
    record: placing.record,
    path: join(skillsFolder, placing.record.folder),
    links: placing.links.map(({ path }) => path),
    isDependency: entry.source === null,
    notes: fetched?.notes ?? [],
    copies: listCopies(placing.links),
    readers,
  }));
  return { installed, removed, leftovers: removed, heldBack: [], disabled: [], root };
}

/** Another command writes one file after the other: who holds the folder's lock sees both or neither. */
async function isBetweenTwo(context: Context, place: SkillsFolder, opened: OpenWorkspace): Promise<boolean> {
  const isOther = async (): Promise<boolean> => {
    const now = await findWorkspace(context);
    return now.lockText !== opened.lockText || JSON.stringify(now.workspace) !== JSON.stringify(opened.workspace);
  };
  return await inFolderTidily(context, place, {
    change: isOther,
    look: async () => ({ done: await isOther() }),
  });
}

interface Locked {
  readonly place: LockedPlace;
  readonly folder: string;
  readonly entry: LockedPak;
  /** The registry that the project wishes for. */
  readonly wish: string | undefined;
}

/** What is in place as locked, or else the bytes. */
async function findOrFetch(
  context: Context,
  { place, folder, entry, wish }: Locked,
): Promise<{ readonly present?: InstallRecord; readonly fetched?: Fetched }> {
  const { present, doubt } = await findLockedPresent(place, folder, entry);
  if (present) return { present };
  if (entry.resolved.type === "git") await requireTyped(context, entry.resolved.repository, place.root);
  const options = { root: place.root, wish };
  const fetched = doubt
    ? await fetchDoubted(context, { place, folder, entry, doubt, options })
    : await fetchLocked(entry, context, options);
  requireLockedManifest(folder, entry, fetched);
  return { fetched };
}

const noLock = (hasWorkspace: boolean): PaksError =>
  new PaksError("LOCKFILE_MISMATCH", "There is no paks.lock here.", {
    hint: hasWorkspace
      ? "Run `paks install` once and commit paks.lock."
      : "Run `paks install <source>` in the project; it writes paks.jsonc and paks.lock.",
  });

const aboutOf = (folder: string, { resolved }: LockedPak, name: string) => ({
  name,
  account: resolved.type === "registry" ? resolved.account : undefined,
  folder,
});

const factsOf = (fetched: Fetched) => ({
  record_version: 1 as const,
  name: fetched.name,
  digest: fetched.digest,
  origin: fetched.origin,
  files: describeFiles(fetched.files).files,
});
