import { rm } from "node:fs/promises";
import { dirname, join } from "node:path";
import type { WorkspaceChange } from "../workspace/change-workspace.ts";
import { syncAll, syncFolder } from "../write-file.ts";
import { makeBackupsFolder, openWorkFolder, placesIn } from "./aside.ts";
import { requireReplaceable } from "./check-placing.ts";
import { readInstalledState } from "./installed-state.ts";
import { type Moved, moveEditedCopies, removeLinks, requireUneditedCopies } from "./links.ts";
import type { LinkPlaces } from "./own-links.ts";
import { type InstallRecord, bookkeeping } from "./record.ts";
import { recordInWorkspace } from "./record-in-workspace.ts";
import { renameIfThere } from "./replacement.ts";
import { requireInside } from "./require-inside.ts";
import { listAllLinks } from "./standing-links.ts";
import { writeIntents } from "./work-folder.ts";

export interface Removing {
  readonly skillsFolder: string;
  readonly record: InstallRecord;
  readonly force: boolean;
  readonly now: Date;
  readonly places?: LinkPlaces | undefined;
  /** What the workspace's files say then; absent: they are not touched. */
  readonly workspace?: WorkspaceChange | undefined;
}

/**
 * Removes exactly what was installed. The caller holds the folder's lock. Throws LOCAL_CHANGES unless `force`, which
 * keeps a copy.
 */
export async function removeRelease(removing: Removing): Promise<{ readonly moved: readonly Moved[] }> {
  const { skillsFolder, record, workspace, places } = removing;
  const target = join(skillsFolder, record.folder);
  await requireInside(dirname(target), skillsFolder);
  const state = await readInstalledState(skillsFolder, record.folder);
  const links = await listAllLinks(skillsFolder, record, places);
  const linked = { to: target, record, places };
  if (!removing.force) {
    if (state.state === "edited") requireReplaceable(state, record, target);
    await requireUneditedCopies(links, linked);
  }
  const work = openWorkFolder(skillsFolder);
  const kept = join(
    work.backups,
    `${record.folder.replace("/", "--")}-${removing.now.toISOString().replaceAll(/[:.]/g, "-")}`,
  );
  const backup = state.state === "edited" ? kept : undefined;
  const copies = await moveEditedCopies(links, { ...linked, backupOf: (count) => `${kept}-copy-${count}` });
  const aside = backup ?? placesIn(work, 0).aside;
  if (backup !== undefined) makeBackupsFolder(work.backups);
  await syncAll(writeIntents(work, [{ folder: record.folder, aside, record: null, ...(workspace && { workspace }) }]));
  await renameIfThere(target, aside);
  await removeLinks(links, linked);
  await recordInWorkspace([removing]);
  await rm(bookkeeping(skillsFolder).record(record.folder), { force: true });
  await syncFolder(skillsFolder);
  work.close();
  return { moved: [...(backup === undefined ? [] : [{ from: target, to: backup }]), ...copies] };
}
