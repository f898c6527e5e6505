import { findLeft, isUnchanged, requireRecordedRegistry } from "./check-placing.ts";
import { eachAtOnce } from "./each-at-once.ts";
import { readInstalledState } from "./installed-state.ts";
import { type Placed, workingAtOnce } from "./place.ts";
import type { ReadyPak, Work } from "./ready-pak.ts";
import { tellLeft } from "./review.ts";
import { findLeftOut, isOnlyFor, tellEdited } from "./unlink-left-out.ts";

interface Foreseen {
  /** As the paks; so is `unlinked`. */
  readonly placed: readonly Placed[];
  readonly unlinked: readonly (readonly string[])[];
}

/**
 * What installing would do with each, for whoever only wants to know. Changes nothing and refuses no edits, which are
 * shown then; what stays is told as it would be.
 * @throws PaksError LOCKFILE_MISMATCH for what would come from another registry
 */
export async function foreseePlaced(
  { context, options }: Pick<Work, "context" | "options">,
  paks: readonly ReadyPak[],
): Promise<Foreseen> {
  const placed = await eachAtOnce(paks, workingAtOnce, foreseeOne);
  for (const { left } of placed) tellLeft(context, left);
  const unlinked: (readonly string[])[] = [];
  for (const [index, pak] of paks.entries()) {
    const nothing = { edited: [], others: [] };
    const found = isOnlyFor(options, pak) ? await findLeftOut(context, pak.placing, placed[index]!) : nothing;
    tellEdited(context, found.edited);
    unlinked.push(found.others);
  }
  return { placed, unlinked };
}

async function foreseeOne({ placing }: ReadyPak): Promise<Placed> {
  const { skillsFolder, record } = placing;
  const state = await readInstalledState(skillsFolder, record.folder);
  requireRecordedRegistry(placing, state);
  const { left } = await findLeft(placing, state);
  const changed = state.state === "absent" ? "installed" : "replaced";
  return { action: isUnchanged(placing, state) ? "unchanged" : changed, previous: state.record, moved: [], left };
}
