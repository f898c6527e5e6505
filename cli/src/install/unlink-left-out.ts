import { join } from "node:path";
import type { Context } from "../context.ts";
import { replaceFile } from "../write-file.ts";
import { findRecord } from "./installed-state.ts";
import { listEditedCopies, removeLinks } from "./links.ts";
import { linkPlacesOf } from "./own-links.ts";
import type { Placing } from "./check-placing.ts";
import type { Placed } from "./place.ts";
import { bookkeeping, formatLink, formatRecord } from "./record.ts";
import { isItself, placeItself } from "./same-folder.ts";
import { listAllLinks } from "./standing-links.ts";

/**
 * Takes away the links and copies of tools that the pak is not for any more. Copies that were edited stay. The caller
 * holds the lock of the skills folder; whoever is killed here finds the rest to do in the record.
 * @returns absolute paths of what is gone
 */
export async function unlinkLeftOut(
  context: Pick<Context, "home" | "config" | "warn">,
  { skillsFolder, record, links }: Placing,
  { previous }: Placed,
): Promise<readonly string[]> {
  const to = join(skillsFolder, record.folder);
  const places = linkPlacesOf(context);
  // By way of another folder it may be a wanted one, or what is installed.
  const wanted = new Set(links.map(({ path }) => placeItself(path)));
  const left = (await listAllLinks(skillsFolder, previous ?? record, places)).filter(
    (path) => !wanted.has(placeItself(path)) && !isItself(path, to),
  );
  if (left.length === 0) return [];
  const edited = await listEditedCopies(left, { to, record: previous ?? record, places });
  for (const path of edited) context.warn(`${path} is a copy that was edited: it stays.`);
  const gone = left.filter((path) => !edited.includes(path));
  await removeLinks(gone, { to, record: previous ?? record, places });
  await forgetLinks(skillsFolder, record.folder, gone);
  return gone;
}

async function forgetLinks(skillsFolder: string, folder: string, paths: readonly string[]): Promise<void> {
  const record = await findRecord(skillsFolder, folder);
  if (record === undefined || paths.length === 0) return;
  const gone = new Set(paths.map((path) => formatLink(skillsFolder, path)));
  const links = record.links.filter((link) => !gone.has(link));
  await replaceFile(bookkeeping(skillsFolder).record(folder), formatRecord({ ...record, links }));
}
