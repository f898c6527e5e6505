import { readFile } from "node:fs/promises";
import { dirname, join, resolve, sep } from "node:path";
import { PaksError, systemErrorCode, nearest } from "@paks/schema";
import {
  type DetectOptions,
  type Target,
  detectTargets,
  findTarget,
  listTargets,
  settleTarget,
  targetFolder,
} from "@paks/targets";
import type { Context } from "../context.ts";
import { exists } from "./installed-state.ts";
import type { LinkPlan } from "./links.ts";
import { isInside } from "./require-inside.ts";
import { folderIdentity, isDirect } from "./same-folder.ts";

export interface ScopeArgs {
  /** Ids of targets, as given by `--agent a,b`; `*` = all that are found here; empty = the remembered ones, or those found. */
  readonly agents: readonly string[];
  readonly global: boolean;
  readonly dir: string | undefined;
  /** The project's folder, absolute; absent = the current folder. */
  readonly root?: string | undefined;
  /** Copies instead of links. */
  readonly copy?: boolean | undefined;
}

export interface SkillsFolder {
  /** Absolute. */
  readonly skillsFolder: string;
  /** What the skills folder's real path may not leave; absent where the user named the place. */
  readonly boundary: string | undefined;
  /** The project or the home that agents' folders are relative to; absolute. */
  readonly root: string;
}

/** Where an install puts its one real copy, and who gets a link to it. */
export interface Scope extends SkillsFolder {
  /** Ids of the targets that will find what is installed, those that read the skills folder itself included. */
  readonly agents: readonly string[];
  /** Names of those that read the skills folder itself. */
  readonly readers: readonly string[];
  readonly mode: "link" | "copy";
  /** The folder's name below the skills folder. */
  folderOf(pak: Placeable): string;
  linksOf(pak: Placeable): readonly LinkPlan[];
  /** Where each of `agents` looks. */
  readonly folders: readonly ToolFolder[];
}

interface Placeable {
  readonly name: string;
  readonly account: string | undefined;
  /** The folder that the user chose with `--as`. */
  readonly folder?: string | undefined;
}

export function findSkillsFolder(context: Context, args: Omit<ScopeArgs, "agents">): SkillsFolder {
  if (args.dir === undefined) {
    const project = args.root ?? context.cwd;
    const base = args.global ? context.home : project;
    const skillsFolder = join(base, ".agents", "skills");
    return { skillsFolder, boundary: args.global ? undefined : project, root: base };
  }
  if (args.global) throw new PaksError("USAGE", "--dir names the place; --global cannot be given with it.");
  return { skillsFolder: resolve(context.cwd, args.dir), boundary: undefined, root: context.cwd };
}

export async function planScope(context: Context, args: ScopeArgs): Promise<Scope> {
  const place = findSkillsFolder(context, args);
  if (args.dir !== undefined) return planFolder(place, args);
  const project = args.root ?? context.cwd;
  const chosen = await chooseTargets(context, args, project);
  const used = args.global ? chosen.targets : await usedInProject(context, chosen, project);
  const folders = used.flatMap((target) => {
    const folder = targetFolder(target, { ...placeOf(context, project), global: args.global });
    if (folder !== undefined) return [{ target, folder }];
    // A link from the user's own folder into one project would show the skill in all of them.
    if (chosen.why === "named") throw args.global ? noGlobalFolder(target) : noProjectFolder(target);
    return [];
  });
  return scopeOf(place, folders, args.copy === true ? "copy" : "link");
}

/** One for the tools of all; they are of one place and one mode. */
export function joinScopes(scopes: readonly Scope[]): Scope {
  const [first] = scopes;
  if (first === undefined) throw new PaksError("INTERNAL", "There is no place to install to.");
  if (scopes.length === 1) return first;
  const { skillsFolder, boundary, root, mode } = first;
  const folders = new Map(scopes.flatMap((one) => one.folders.map((folder) => [folder.target.id, folder] as const)));
  return scopeOf({ skillsFolder, boundary, root }, [...folders.values()], mode);
}

function scopeOf(place: SkillsFolder, folders: readonly ToolFolder[], mode: Scope["mode"]): Scope {
  const { readers, others } = sortFolders(place, folders);
  return {
    ...place,
    folders,
    agents: folders.map(({ target }) => target.id),
    readers,
    mode,
    folderOf: ({ name, folder }) => folder ?? name,
    linksOf: (pak) => {
      const plans = others.map(({ target, folder }): LinkPlan => {
        const path = join(folder, nameBelow(target, pak));
        return { target: target.id, path, mode: target.copyOnly ? "copy" : mode };
      });
      // Some tools share a folder of their own.
      return [...new Map(plans.map((plan) => [plan.path, plan])).values()];
    },
  };
}

export interface ToolFolder {
  readonly target: Target;
  /** Absolute. */
  readonly folder: string;
}

/**
 * By where the folders really are: whose own folder leads to the skills folder reads that itself, and of several that
 * are one, one stands for all. Else what is put into one of them would be found in the way in another.
 */
function sortFolders({ skillsFolder, root }: SkillsFolder, folders: readonly ToolFolder[]) {
  const shared = folderIdentity(skillsFolder);
  const placed = folders.map((one) => ({ ...one, identity: folderIdentity(one.folder) }));
  const oneOf = (identity: string): string => {
    const same = placed.filter((one) => one.identity === identity);
    return (same.find(({ folder }) => isDirect(folder, root)) ?? same[0]!).folder;
  };
  return {
    readers: placed.flatMap(({ target, identity }) => (identity === shared ? [target.name] : [])),
    others: placed
      .filter(({ identity }) => identity !== shared)
      .map(({ target, identity }): ToolFolder => ({ target, folder: oneOf(identity) })),
  };
}

function planFolder(place: SkillsFolder, { agents, copy }: ScopeArgs): Scope {
  const flag = agents.length > 0 ? "--agent" : copy === true ? "--copy" : undefined;
  if (flag !== undefined) throw new PaksError("USAGE", `--dir names the place; ${flag} cannot be given with it.`);
  const folderOf = ({ name, account, folder = name }: Placeable) =>
    account === undefined ? folder : `${account}/${folder}`;
  return { ...place, agents: [], readers: [], mode: "copy", folderOf, linksOf: () => [], folders: [] };
}

/** What the paths of the table mean for this user and project. */
export const placeOf = (context: Context, project: string): DetectOptions => ({
  home: context.home,
  cwd: project,
  env: context.config.variable,
  exists: async (path) => (await exists(path)) && (await isOfItsPlace(path, context.home, project)),
  dependencies: () => readDependencies(project),
});

/** What leads out of a project, in which links would be refused, is no trace of a tool there. */
async function isOfItsPlace(path: string, home: string, project: string): Promise<boolean> {
  const isProjects = path.startsWith(project + sep) && !(home + sep).startsWith(project + sep);
  return !isProjects || (await isInside(path, project));
}

/** Names only; a package.json that is none says nothing. */
async function readDependencies(project: string): Promise<string[]> {
  try {
    const data = JSON.parse(await readFile(join(project, "package.json"), "utf8")) as Record<string, unknown> | null;
    return ["dependencies", "devDependencies"].flatMap((key) => Object.keys(data?.[key] ?? {}));
  } catch (error) {
    if (error instanceof SyntaxError || systemErrorCode(error) !== undefined) return [];
    throw error;
  }
}

interface Chosen {
  readonly targets: readonly Target[];
  /** `found`: nobody asked for these, they are only on this machine. */
  readonly why: "named" | "remembered" | "everything" | "found";
}

async function chooseTargets(
  context: Context,
  { agents: ids, global }: Pick<ScopeArgs, "agents" | "global">,
  project: string,
): Promise<Chosen> {
  const targets = listTargets(context.config.agents);
  const place = { ...placeOf(context, project), global };
  const settle = (names: readonly string[]) =>
    Promise.all(names.map((id) => settleTarget(requireTarget(id, targets), place)));
  if (ids.includes("*")) {
    if (ids.length > 1) throw new PaksError("USAGE", "--agent takes either * or names.");
    return { targets: await detectTargets(place, targets), why: "everything" };
  }
  if (ids.length > 0) return { targets: await settle(ids), why: "named" };
  const { defaultAgents } = context.config;
  if (defaultAgents.length > 0) return { targets: await settle(defaultAgents), why: "remembered" };
  return { targets: await detectTargets(place, targets), why: "found" };
}

/**
 * Not every tool that one person has on a machine is wanted in a project that many share: what nobody asked for needs
 * a folder of its own here already.
 */
async function usedInProject(context: Context, { targets, why }: Chosen, project: string): Promise<readonly Target[]> {
  if (why !== "found") return targets;
  const uses = await Promise.all(targets.map((target) => isUsedIn(project, target)));
  const left = targets.filter((target, index) => !uses[index] && target.projectDir !== undefined);
  if (left.length > 0) {
    const names = left.map(({ name }) => name).join(", ");
    const ids = left.map(({ id }) => id).join(",");
    context.note(
      `On this machine, but without a folder in this project: ${names}. --agent ${ids} installs for them too.`,
    );
  }
  return targets.filter((_target, index) => uses[index]);
}

async function isUsedIn(project: string, { projectDir, readsSharedHome, ownsProjects }: Target): Promise<boolean> {
  if (projectDir === undefined) return false;
  if (readsSharedHome || ownsProjects) return true;
  // `skills` and `data` may be anything; `.goose` is Goose's.
  return projectDir.startsWith(".") && (await exists(join(project, dirname(projectDir))));
}

const noProjectFolder = (target: Target): PaksError =>
  new PaksError("USAGE", `${target.name} reads no skills from a project.`, {
    hint: "Install for all projects with --global.",
  });

const noGlobalFolder = (target: Target): PaksError =>
  new PaksError("USAGE", `${target.name} reads skills only from a project.`, {
    hint: "Install without --global, in the project.",
  });

/**
 * @param file that names it; absent: the command line
 * @throws PaksError USAGE with the nearest id
 */
export function requireTarget(id: string, targets: readonly Target[], file?: string): Target {
  const target = findTarget(id, targets);
  if (target) return target;
  const guess = nearest(
    id,
    targets.flatMap((one) => [one.id, ...one.aliases]),
  );
  throw new PaksError(
    "USAGE",
    file === undefined ? `There is no agent "${id}".` : `${file} names the agent "${id}", which there is not.`,
    {
      hint: `${guess === undefined ? "" : `Did you mean ${guess}? `}See "paks agent list --all"; any other folder with --dir, or "paks agent add".`,
    },
  );
}

const nameBelow = (target: Target, { name, account, folder = name }: Placeable): string =>
  target.layout === "account/name" && account !== undefined ? join(account, folder) : folder;
