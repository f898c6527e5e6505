import { lstatSync } from "node:fs";
import { join } from "node:path";
import type { Checked, Placing } from "./check-placing.ts";
import { type LinkContext, type LinkPlan, readLinkState } from "./links.ts";
import { sortLinks } from "./own-links.ts";
import { type InstallRecord, resolveLinks } from "./record.ts";

type Standing = Pick<Checked, "links" | "unchanged"> & { readonly previous: InstallRecord | undefined };

/**
 * The links that are made, with what becomes of copies that the command is not about: they stay copies, and those of
 * tools that it does not name follow to the next version. A link does so by itself; an old copy would be taken for an
 * edited one. What was edited is left alone. Nothing is looked at where links and record are the same.
 */
export async function withStandingCopies(placing: Placing, standing: Standing): Promise<readonly LinkPlan[]> {
  const { skillsFolder, record, places, keepsCopies = false, isOnlyFor = false } = placing;
  const { links, unchanged, previous } = standing;
  if (previous === undefined) return links;
  const recorded = resolveLinks(skillsFolder, previous);
  const context = { to: join(skillsFolder, record.folder), record: previous, places };
  const planned = new Set(links.map(({ path }) => path));
  const others = unchanged || isOnlyFor ? [] : recorded.filter((path) => !planned.has(path) && isFolder(path));
  const kept: LinkPlan[] = [];
  for (const link of links) {
    const stays = keepsCopies && link.mode !== "copy" && recorded.includes(link.path);
    kept.push(stays && (await isCopy(link.path, context)) ? { ...link, mode: "copy" } : link);
  }
  if (others.length === 0) return kept;
  const named = others.map((path) => previous.links[recorded.indexOf(path)]!);
  const { own } = await sortLinks(skillsFolder, { ...previous, links: named }, places);
  for (const path of own) if (await isCopy(path, context)) kept.push({ target: record.folder, path, mode: "copy" });
  return kept;
}

const isFolder = (path: string): boolean => lstatSync(path, { throwIfNoEntry: false })?.isDirectory() === true;

const isCopy = async (path: string, context: LinkContext): Promise<boolean> =>
  isFolder(path) && (await readLinkState(path, context)) === "copy";
