import { join } from "node:path";
import type { Context } from "../context.ts";
import { replaceFile } from "../write-file.ts";
import { findRecord } from "./installed-state.ts";
import type { InstallOptions } from "./install.ts";
import { listEditedCopies, removeLinks } from "./links.ts";
import { linkPlacesOf } from "./own-links.ts";
import type { Placing } from "./check-placing.ts";
import type { Placed } from "./place.ts";
import type { ReadyPak } from "./ready-pak.ts";
import { bookkeeping, formatLink, formatRecord } from "./record.ts";
import { isItself, placeItself } from "./same-folder.ts";
import { listAllLinks } from "./standing-links.ts";

/** What is only tried with `--no-save` changes nothing for those for whom it is installed. */
export const isOnlyFor = ({ save, global, dir }: InstallOptions, { isExact }: Pick<ReadyPak, "isExact">): boolean =>
  (save || global) && dir === undefined && isExact;

interface LeftOut {
  readonly edited: readonly string[];
  readonly others: readonly string[];
}

/** Links and copies of tools that the pak is not for any more; absolute. */
export async function findLeftOut(
  context: Pick<Context, "home" | "config">,
  { skillsFolder, record, links }: Placing,
  { previous }: Placed,
): Promise<LeftOut> {
  const to = join(skillsFolder, record.folder);
  const places = linkPlacesOf(context);
  // By way of another folder it may be a wanted one, or what is installed.
  const wanted = new Set(links.map(({ path }) => placeItself(path)));
  const left = (await listAllLinks(skillsFolder, previous ?? record, places)).filter(
    (path) => !wanted.has(placeItself(path)) && !isItself(path, to),
  );
  if (left.length === 0) return { edited: [], others: [] };
  const edited = await listEditedCopies(left, { to, record: previous ?? record, places });
  return { edited, others: left.filter((path) => !edited.includes(path)) };
}

/**
 * Takes them away. Copies that were edited stay. The caller holds the lock of the skills folder; whoever is killed here
 * finds the rest to do in the record.
 * @returns absolute paths of what is gone
 */
export async function unlinkLeftOut(
  context: Pick<Context, "home" | "config" | "warn">,
  placing: Placing,
  placed: Placed,
): Promise<readonly string[]> {
  const { skillsFolder, record } = placing;
  const { edited, others } = await findLeftOut(context, placing, placed);
  tellEdited(context, edited);
  if (others.length === 0) return [];
  const to = join(skillsFolder, record.folder);
  await removeLinks(others, { to, record: placed.previous ?? record, places: linkPlacesOf(context) });
  await forgetLinks(skillsFolder, record.folder, others);
  return others;
}

export function tellEdited({ warn }: Pick<Context, "warn">, edited: readonly string[]): void {
  for (const path of edited) warn(`${path} is a copy that was edited: it stays.`);
}

async function forgetLinks(skillsFolder: string, folder: string, paths: readonly string[]): Promise<void> {
  const record = await findRecord(skillsFolder, folder);
  if (record === undefined || paths.length === 0) return;
  const gone = new Set(paths.map((path) => formatLink(skillsFolder, path)));
  const links = record.links.filter((link) => !gone.has(link));
  await replaceFile(bookkeeping(skillsFolder).record(folder), formatRecord({ ...record, links }));
}
