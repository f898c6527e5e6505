import type { LockedPak } from "@paks/schema";
import type { Context } from "../context.ts";
import type { InstallPlan, InstallRequest, PlannedPak } from "../workspace/plan-install.ts";
import type { Fetched } from "./fetched.ts";
import { readInstalledState } from "./installed-state.ts";

/** What an install is about to do: everything is fetched and verified, and nothing is changed yet. */
export interface Review {
  readonly paks: readonly ReviewedPak[];
  /** Folders of paks that nothing asks for any more. */
  readonly removed: readonly string[];
}

export interface ReviewedPak {
  readonly folder: string;
  readonly before: LockedPak | undefined;
  readonly fetched: Fetched;
  readonly isDependency: boolean;
}

export const reviewOf = (
  { orphans }: InstallPlan,
  paks: readonly { readonly pak: PlannedPak; readonly fetched: Fetched | undefined }[],
): Review => ({
  removed: orphans,
  paks: paks.flatMap(({ pak, fetched }) =>
    fetched ? [{ folder: pak.folder, before: pak.before, fetched, isDependency: pak.wish === undefined }] : [],
  ),
});

interface Leaving {
  readonly context: Pick<Context, "note">;
  readonly request: InstallRequest;
  readonly place: { readonly skillsFolder: string };
  /** Folders that the user was told of. */
  readonly told: Set<string>;
}

/**
 * The paks without those that were edited here and are to stay as locked: who edits one pak may still install and
 * update others. When all are asked for as they were locked, an edit is in the way.
 */
export async function leaveEdited(
  { context, request, place, told }: Leaving,
  paks: readonly PlannedPak[],
): Promise<readonly PlannedPak[]> {
  if (request.named.length === 0 && request.upgrade === false) return paks;
  const left = new Set<PlannedPak>();
  for (const pak of paks) {
    if (pak.wish?.isNamed === true || !(await stays(pak))) continue;
    if ((await readInstalledState(place.skillsFolder, pak.folder)).state === "edited") left.add(pak);
  }
  for (const { folder } of left) {
    if (!told.has(folder)) context.note(`${folder} was edited here; it stays as it is.`);
    told.add(folder);
  }
  return paks.filter((pak) => !left.has(pak));
}

/** Sources without versions were fetched to plan with. */
async function stays({ isKept, before, wish, fetch }: PlannedPak): Promise<boolean> {
  if (isKept || before === undefined) return isKept;
  return wish !== undefined && wish.source.type !== "registry" && (await fetch()).digest === before.digest;
}
