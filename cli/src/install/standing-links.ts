import { basename, join } from "node:path";
import { exists } from "./installed-state.ts";
import { readLinkState } from "./links.ts";
import { type LinkPlaces, listLinkFolders, listOwnLinks, sortLinks } from "./own-links.ts";
import { type InstallRecord, formatLink } from "./record.ts";

/**
 * Finds the links that stand where coding tools look and lead to what a record is of, whoever made them: they may have
 * come with the project, from somebody who has a tool that is not on this machine. Absolute; never a copy.
 */
export type FindStanding = (record: InstallRecord) => Promise<readonly string[]>;

/** The folders of the tools are looked for once. */
export function openStandingLinks(skillsFolder: string, places: LinkPlaces | undefined): FindStanding {
  let folders: ReturnType<typeof listPresent> | undefined;
  return async (record) => {
    folders ??= listPresent(skillsFolder, places);
    const to = join(skillsFolder, record.folder);
    const { origin } = record;
    const below = origin.type === "registry" ? join(origin.account, basename(to)) : basename(to);
    const found = new Set<string>();
    for (const { folder, layout } of await folders) {
      const path = join(folder, layout === "account/name" ? below : basename(to));
      if (path === to || found.has(path) || !(await exists(path))) continue;
      // Without a record: a folder is nobody's copy then.
      if ((await readLinkState(path, { to, places })) === "link") found.add(path);
    }
    const links = [...found].map((path) => formatLink(skillsFolder, path));
    return (await sortLinks(skillsFolder, { ...record, links }, places)).own;
  };
}

async function listPresent(skillsFolder: string, places: LinkPlaces | undefined) {
  const there = new Map<string, Promise<boolean>>();
  const isThere = (folder: string): Promise<boolean> => {
    const known = there.get(folder) ?? exists(folder);
    there.set(folder, known);
    return known;
  };
  const all = listLinkFolders(skillsFolder, places);
  const present = await Promise.all(all.map(({ folder }) => isThere(folder)));
  return all.filter((_one, index) => present[index]);
}

/** Everything that goes with a pak: what its record names as far as it is ours, and the links that stand. */
export async function listAllLinks(
  skillsFolder: string,
  record: InstallRecord,
  places: LinkPlaces | undefined,
): Promise<readonly string[]> {
  const recorded = await listOwnLinks(skillsFolder, record, places);
  return [...new Set([...recorded, ...(await openStandingLinks(skillsFolder, places)(record))])];
}
