import { type Checked, type Placing, checkPlacing } from "./check-placing.ts";
import { eachAtOnce } from "./each-at-once.ts";
import { readInstalledState } from "./installed-state.ts";
import { findUnmade } from "./links.ts";
import { type Placed, recordFile, requireLinkFolders, workingAtOnce } from "./place.ts";
import { bookkeeping, markSaved } from "./record.ts";
import { isAllRecorded } from "./record-in-workspace.ts";
import type { Looked } from "./skills-folder.ts";
import { type FindStanding, openStandingLinks } from "./standing-links.ts";
import { lockFileOf, rootOfSkillsFolder } from "../workspace/open-workspace.ts";

/**
 * `placeReleases` for a folder that cannot be written: the same checks, which refuse the same things, and everything has
 * to be as it would leave it. Only files that can be run and should not, or the other way round, stay as they are, as
 * `placeReleases` leaves them on such a disk.
 */
export async function lookAtPlaced(placings: readonly Placing[]): Promise<Looked<Placed[]>> {
  await requireLinkFolders(placings);
  const [first] = placings;
  const findStanding = first ? openStandingLinks(first.skillsFolder, first.places) : () => Promise.resolve([]);
  const all = await eachAtOnce(placings, workingAtOnce, (placing) => lookAtOne(placing, findStanding));
  const done: Placed[] = [];
  for (const one of all) {
    if ("owed" in one) return one;
    done.push(one.done);
  }
  if (first === undefined || (await isAllRecorded(placings))) return { done };
  return { owed: lockFileOf(rootOfSkillsFolder(first.skillsFolder) ?? first.skillsFolder) };
}

async function lookAtOne(placing: Placing, findStanding: FindStanding): Promise<Looked<Placed>> {
  const { skillsFolder, record } = placing;
  // Before the check, which makes a place for what is to be kept.
  if (placing.force && (await isToBeKept(placing))) return { owed: record.folder };
  const checked = await checkPlacing(placing, findStanding);
  if (!checked.unchanged) return { owed: record.folder };
  // One that was written before paks marked what is saved is no reason to refuse.
  const marked = markSaved(record, checked.state.record?.saved === true);
  if (recordFile({ ...checked, placing: { ...placing, record: marked } }))
    return { owed: bookkeeping(skillsFolder).record(record.folder) };
  const unmade = await findUnmadeLink(checked);
  if (unmade) return { owed: unmade.path };
  return { done: { action: "unchanged", previous: checked.state.record, moved: [], left: checked.left } };
}

async function isToBeKept({ skillsFolder, record }: Placing): Promise<boolean> {
  const { state } = await readInstalledState(skillsFolder, record.folder);
  return state === "edited" || state === "foreign";
}

const findUnmadeLink = async ({ placing: { record, force, places }, links, target, state }: Checked) =>
  await findUnmade(links, { to: target, record, previous: state.record, force, places });
