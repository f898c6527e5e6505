import { dirname } from "node:path";
import { listTargets, targetFolder, detectTargets } from "@paks/targets";
import type { Context } from "../context.ts";
import { type LinkState, readLinkState } from "../install/links.ts";
import type { LinkPlaces } from "../install/own-links.ts";
import type { InstalledPak } from "../install/list-installed.ts";
import { folderIdentity } from "../install/same-folder.ts";
import { placeOf, requireTarget } from "../install/scope.ts";
import type { Place } from "./places.ts";

/** Folder in which coding tools look → ids of these tools, in the table's order. */
export type AgentFolders = ReadonlyMap<string, readonly string[]>;

/** Folders that are one by links have the same tools. */
export function listAgentFolders(context: Context, { root, scope }: Place): AgentFolders {
  const folders = new Map<string, string[]>();
  const same = new Map<string, string[]>();
  if (scope === "folder") return folders;
  const place = { home: context.home, cwd: root, env: context.config.variable, global: scope === "global" };
  for (const target of listTargets(context.config.agents)) {
    const folder = targetFolder(target, place);
    if (folder === undefined) continue;
    const known = folders.get(folder);
    const identity = known === undefined ? folderIdentity(folder) : "";
    const ids = known ?? same.get(identity) ?? [];
    ids.push(target.id);
    folders.set(folder, ids);
    if (known === undefined) same.set(identity, ids);
  }
  return folders;
}

/** Tools found on this machine that look into the place's own skills folder: these need no link. */
export async function findReaders(
  context: Context,
  { root, scope, skillsFolder }: Place,
  folders: AgentFolders,
): Promise<string[]> {
  const ids = new Set(folders.get(skillsFolder));
  const targets = listTargets(context.config.agents).filter(({ id }) => ids.has(id));
  return (await detectTargets({ ...placeOf(context, root), global: scope === "global" }, targets)).map(({ id }) => id);
}

/** The id that an agent has, for the id or alias that a user typed. @throws PaksError USAGE */
export const requireAgentId = (context: Context, id: string): string =>
  requireTarget(id, listTargets(context.config.agents)).id;

/** Tools that find a pak by one of its links; `acme/pdf` lies two folders down. */
export const agentsOf = (links: readonly string[], folders: AgentFolders): string[] =>
  links.flatMap((link) => folders.get(dirname(link)) ?? folders.get(dirname(dirname(link))) ?? []);

interface LinkDrift {
  /** Links of a pak that are gone or lead elsewhere by now, and copies of it that were edited. */
  readonly brokenLinks: string[];
  /** The copies among them. */
  readonly editedCopies: string[];
}

const sound = new Set<LinkState>(["link", "copy", "itself"]);

export async function findLinkDrift({ links, path, record }: InstalledPak, places: LinkPlaces): Promise<LinkDrift> {
  const states = await Promise.all(links.map((link) => readLinkState(link, { to: path, record, places })));
  return {
    brokenLinks: links.filter((_link, index) => !sound.has(states[index]!)),
    editedCopies: links.filter((_link, index) => states[index] === "edited"),
  };
}
