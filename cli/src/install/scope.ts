import { join, resolve } from "node:path";
import { PaksError } from "@paks/schema";
import { type Target, detectTargets, findTarget, listTargets, targetFolder } from "@paks/targets";
import type { Context } from "../context.ts";
import { exists } from "./installed-state.ts";
import type { LinkPlan } from "./links.ts";

export interface ScopeArgs {
  /** Ids of targets, as given by `--agent a,b`; empty = those that are found here. */
  readonly agents: readonly string[];
  readonly global: boolean;
  readonly dir: string | undefined;
}

export interface SkillsFolder {
  /** Absolute. */
  readonly skillsFolder: string;
  /** What the skills folder's real path may not leave; absent where the user named the place. */
  readonly boundary: string | undefined;
}

/** Where an install puts its one real copy, and who gets a link to it. */
export interface Scope extends SkillsFolder {
  /** The folder's name below the skills folder. */
  folderOf(pak: Placeable): string;
  linksOf(pak: Placeable): readonly LinkPlan[];
}

interface Placeable {
  readonly name: string;
  readonly account: string | undefined;
}

export function findSkillsFolder(context: Context, args: Omit<ScopeArgs, "agents">): SkillsFolder {
  if (args.dir === undefined) {
    const base = args.global ? context.home : context.cwd;
    return { skillsFolder: join(base, ".agents", "skills"), boundary: args.global ? undefined : context.cwd };
  }
  if (args.global) throw new PaksError("USAGE", "--dir names the place; --global cannot be given with it.");
  return { skillsFolder: resolve(context.cwd, args.dir), boundary: undefined };
}

export async function planScope(context: Context, args: ScopeArgs): Promise<Scope> {
  const place = findSkillsFolder(context, args);
  if (args.dir !== undefined) return { ...place, folderOf: accountAndName, linksOf: () => noLinks(args.agents) };
  const named = args.agents.length > 0;
  const targets = await chooseTargets(context, args.agents);
  const folders = targets.flatMap((target) => {
    const readsHere = args.global || target.projectDir !== undefined;
    if (readsHere) return [{ target, folder: targetFolder(target, { ...placeOf(context), global: args.global }) }];
    // A link from the user's own folder into one project would show the skill in all of them.
    if (named) throw noProjectFolder(target);
    return [];
  });
  return {
    ...place,
    folderOf: ({ name }) => name,
    linksOf: (pak) =>
      folders
        .filter(({ folder }) => folder !== place.skillsFolder)
        .map(({ target, folder }) => ({ target: target.id, path: join(folder, nameBelow(target, pak)) })),
  };
}

const placeOf = (context: Context) => ({ home: context.home, cwd: context.cwd, env: context.config.variable });

const noProjectFolder = (target: Target): PaksError =>
  new PaksError("USAGE", `${target.name} reads no skills from a project.`, {
    hint: "Install for all projects with --global.",
  });

const accountAndName = ({ name, account }: Placeable): string => (account === undefined ? name : `${account}/${name}`);

function noLinks(agents: readonly string[]): readonly LinkPlan[] {
  if (agents.length === 0) return [];
  throw new PaksError("USAGE", "--dir names the place; --agent cannot be given with it.");
}

async function chooseTargets(context: Context, ids: readonly string[]): Promise<readonly Target[]> {
  if (ids.length > 0) return ids.map(requireTarget);
  if (context.config.defaultAgent !== undefined) return [requireTarget(context.config.defaultAgent)];
  return detectTargets({ ...placeOf(context), exists });
}

function requireTarget(id: string): Target {
  const target = findTarget(id);
  if (target) return target;
  throw new PaksError("USAGE", `There is no agent "${id}".`, {
    hint: `Known are ${listTargets()
      .map((one) => one.id)
      .join(", ")}; any other folder with --dir.`,
  });
}

const nameBelow = (target: Target, pak: Placeable): string =>
  target.layout === "account/name" && pak.account !== undefined ? join(pak.account, pak.name) : pak.name;
