import { lstat, readlink, realpath } from "node:fs/promises";
import { dirname, isAbsolute, resolve } from "node:path";
import { systemErrorCode } from "@paks/schema";
import { listTargets, targetFolder } from "@paks/targets";
import type { Context } from "../context.ts";
import { requireTarget } from "../install/scope.ts";
import type { Place } from "./places.ts";

/** Folder in which coding tools look → ids of these tools, in the table's order. */
export type AgentFolders = ReadonlyMap<string, readonly string[]>;

export function listAgentFolders(context: Context, { root, scope }: Place): AgentFolders {
  const folders = new Map<string, string[]>();
  if (scope === "folder") return folders;
  const place = { home: context.home, cwd: root, env: context.config.variable, global: scope === "global" };
  for (const target of listTargets(context.config.agents)) {
    const folder = targetFolder(target, place);
    if (folder === undefined) continue;
    const ids = folders.get(folder);
    if (ids === undefined) folders.set(folder, [target.id]);
    else ids.push(target.id);
  }
  return folders;
}

/** The id that an agent has, for the id or alias that a user typed. @throws PaksError USAGE */
export const requireAgentId = (context: Context, id: string): string =>
  requireTarget(id, listTargets(context.config.agents)).id;

/** Tools that find a pak by one of its links; `acme/pdf` lies two folders down. */
export const agentsOf = (links: readonly string[], folders: AgentFolders): string[] =>
  links.flatMap((link) => folders.get(dirname(link)) ?? folders.get(dirname(dirname(link))) ?? []);

/** Links of a record that are gone or lead elsewhere by now. A folder in a link's place may be a copy. */
export async function findBrokenLinks(links: readonly string[], to: string): Promise<string[]> {
  const broken: string[] = [];
  for (const link of links) if (!(await leadsTo(link, to))) broken.push(link);
  return broken;
}

async function leadsTo(link: string, to: string): Promise<boolean> {
  try {
    if (!(await lstat(link)).isSymbolicLink()) return false;
    const value = await readlink(link);
    const target = isAbsolute(value) ? value : resolve(await realpath(dirname(link)), value);
    return target === to || (await realpath(link)) === (await realpath(to));
  } catch (error) {
    const code = systemErrorCode(error);
    if (code === "ENOENT" || code === "ENOTDIR" || code === "ELOOP") return false;
    throw error;
  }
}
