import { lstatSync } from "node:fs";
import { dirname, join, relative, sep } from "node:path";
import { systemErrorCode } from "@paks/schema";
import { type Target, type UserTarget, listGlobalFolders, listTargets, targetTable } from "@paks/targets";
import type { Context } from "../context.ts";
import { rootOfSkillsFolder } from "../workspace/open-workspace.ts";
import { isNothing } from "./installed-state.ts";
import { type InstallRecord, resolveLinks } from "./record.ts";
import { isInside } from "./require-inside.ts";
import { isDirect, isSameFolder, leadsTo } from "./same-folder.ts";

/** What the folders of coding tools depend on. Without it: those of the built-in table, in a project. */
export interface LinkPlaces {
  /** Absolute. */
  readonly home: string;
  readonly env: (name: string) => string | undefined;
  /** The user's own tools, by id. */
  readonly agents: Readonly<Record<string, UserTarget>>;
}

export const linkPlacesOf = ({ home, config }: Pick<Context, "home" | "config">): LinkPlaces => ({
  home,
  env: config.variable,
  agents: config.agents,
});

/** A folder in which a coding tool looks for skills, or did so once; absolute. */
export interface LinkFolder {
  /** Id of the tool. */
  readonly tool: string;
  readonly folder: string;
  /** In a project a name such as `skills` or `data/skills`, where anything may lie; a name with a dot is the tool's. */
  readonly isAnybodys: boolean;
  readonly layout: Target["layout"];
}

/**
 * Where paks makes links to what is installed in a skills folder, or has ever made them: the folders of the tools of a
 * project, and for the folder of all projects those of the home. None for a folder that was named with `--dir`.
 */
export function listLinkFolders(skillsFolder: string, places?: LinkPlaces): LinkFolder[] {
  const root = rootOfSkillsFolder(skillsFolder);
  if (root === undefined) return [];
  // As the user has them, and as the table has them: he may have changed a row since something was installed.
  const targets = [...new Set([...listTargets(places?.agents), ...targetTable])];
  const foldersOf = (target: Target) => [
    ...(target.projectDir === undefined ? [] : [join(root, target.projectDir)]),
    ...(places?.home === root ? listGlobalFolders(target, { home: root, cwd: root, env: places.env }) : []),
  ];
  const isAnybodys = (folder: string) => !relative(root, folder).startsWith(".") && folder.startsWith(root + sep);
  return targets.flatMap((target) =>
    foldersOf(target).map((folder) => ({
      tool: target.id,
      folder,
      isAnybodys: isAnybodys(folder),
      layout: target.layout,
    })),
  );
}

export interface SortedLinks {
  /** Absolute; places where paks makes links to this folder. */
  readonly own: readonly string[];
  /** Absolute; everything else that the record names. Nothing may be done to it. */
  readonly strangers: readonly string[];
}

/**
 * A record may have come with a stranger's project and then names whatever he likes: `.git`, the user's own sources. A
 * link is ours only where paks would make one for this folder, and in a project only when its real place is inside. The
 * record in the user's own home nobody else wrote: a link that leads to this folder is ours wherever it is, as what said
 * where the tool's folder is (`CLAUDE_CONFIG_DIR`) may say so no more. A copy is a folder, and not believed like that.
 */
export async function sortLinks(
  skillsFolder: string,
  record: InstallRecord,
  places?: LinkPlaces,
): Promise<SortedLinks> {
  const own: string[] = [];
  const strangers: string[] = [];
  if (record.links.length === 0) return { own, strangers };
  const folders = listLinkFolders(skillsFolder, places);
  const root = rootOfSkillsFolder(skillsFolder);
  const to = join(skillsFolder, record.folder);
  const isPlaced = async (path: string) =>
    root !== undefined && ((isHome(root, places) && isLinkTo(path, to)) || (await isInToolFolder(path, root)));
  const isInToolFolder = async (path: string, root: string) =>
    folders.some((one) => isPlaceIn(one, path, record.folder)) &&
    (isHome(root, places) || (await isInside(dirname(path), root)));
  for (const path of resolveLinks(skillsFolder, record)) ((await isPlaced(path)) ? own : strangers).push(path);
  return { own, strangers };
}

function isLinkTo(path: string, to: string): boolean {
  try {
    return lstatSync(path, { throwIfNoEntry: false })?.isSymbolicLink() === true && leadsTo(path, to);
  } catch (error) {
    if (isNothing(error) || systemErrorCode(error) === "EACCES") return false;
    throw error;
  }
}

/** The links of a record that are ours to remove and to make. */
export const listOwnLinks = async (
  skillsFolder: string,
  record: InstallRecord,
  places?: LinkPlaces,
): Promise<readonly string[]> => (await sortLinks(skillsFolder, record, places)).own;

function isPlaceIn({ folder, layout }: LinkFolder, path: string, name: string): boolean {
  const [first, second, ...more] = relative(folder, path).split(sep);
  if (second === undefined) return first === name;
  return layout === "account/name" && more.length === 0 && second === name && isAccount(first!);
}

/** The folder between a tool's own and the paks' in `account/name`. */
export const isAccount = (text: string): boolean => /^[a-z0-9][a-z0-9-]*$/.test(text);

/** What leads elsewhere in his own home, the user has made so: a `~/.claude` that lies among his dotfiles. */
const isHome = (root: string, places: LinkPlaces | undefined): boolean => places?.home === root;

/**
 * Whether a folder at this path can be a copy that paks made: in a project only when no folder above it is a link. Such a
 * link may have come with the project and have the user's own folders, or the installed one itself, taken for a copy.
 */
export function canBeCopy(path: string, to: string, places?: LinkPlaces): boolean {
  const root = rootOfSkillsFolder(dirname(to));
  if (root === undefined || isSameFolder(path, to)) return false;
  return isHome(root, places) || isDirect(path, root);
}
