import type { LockedPak } from "@paks/schema";
import type { Context } from "../context.ts";
import type { HeldBack } from "../workspace/held-back.ts";
import type { InstallPlan, InstallRequest, PlannedPak } from "../workspace/plan-install.ts";
import type { Gone } from "../workspace/universe.ts";
import type { Left, Placing } from "./check-placing.ts";
import type { Fetched } from "./fetched.ts";
import { readInstalledState } from "./installed-state.ts";

/** What an install is about to do: everything is fetched and verified, and nothing is changed yet. */
export interface Review {
  readonly paks: readonly ReviewedPak[];
  /** Folders of paks that nothing asks for any more. */
  readonly removed: readonly string[];
  /** Newer versions that were looked for and are not taken. */
  readonly heldBack: readonly HeldBack[];
  /** What stays as it is locked, because its registry no longer has it; the user was told. */
  readonly gone: readonly Gone[];
}

export interface ReviewedPak {
  /** As its record has it: `acme/pdf` with `--dir`. */
  readonly folder: string;
  readonly before: LockedPak | undefined;
  readonly fetched: Fetched;
  readonly isDependency: boolean;
  readonly placing: Placing;
}

export const reviewOf = (
  { orphans, heldBack, gone }: InstallPlan,
  paks: readonly {
    readonly pak: PlannedPak;
    readonly fetched: Fetched | undefined;
    readonly placing: Placing;
  }[],
): Review => ({
  removed: orphans,
  heldBack,
  gone,
  paks: paks.flatMap(({ pak: { before, wish }, fetched, placing }) =>
    fetched ? [{ folder: placing.record.folder, before, fetched, isDependency: wish === undefined, placing }] : [],
  ),
});

interface Leaving {
  readonly context: Pick<Context, "note">;
  readonly request: InstallRequest;
  readonly place: { readonly skillsFolder: string };
  /** Folders that the user was told of. */
  readonly told: Set<string>;
}

/** Nobody means this one: who edits a pak may still install and update others. All as locked means every one. */
export const isUnasked = ({ named, upgrade, isUpdate = false }: InstallRequest, { wish }: PlannedPak): boolean =>
  isUpdate || (wish?.isNamed !== true && (named.length > 0 || upgrade !== false));

/**
 * The paks without those that are to stay as locked and were edited here, or are somebody else's folders. Of the others,
 * copies that were edited stay: see `Placing`.
 */
export async function leaveEdited(
  { context, request, place, told }: Leaving,
  paks: readonly PlannedPak[],
): Promise<readonly PlannedPak[]> {
  const left = new Map<PlannedPak, Left>();
  for (const pak of paks) {
    if (!isUnasked(request, pak) || !(await stays(pak))) continue;
    const { state } = await readInstalledState(place.skillsFolder, pak.folder);
    if (state === "edited" || state === "foreign") left.set(pak, { what: pak.folder, isOurs: state === "edited" });
  }
  for (const one of left.values()) {
    if (!told.has(one.what)) tellLeft(context, [one]);
    told.add(one.what);
  }
  return paks.filter((pak) => !left.has(pak));
}

/** What is gone keeps nothing else back, and is said. */
export function tellGone({ context, told }: Telling, gone: readonly Gone[]): void {
  for (const { folder, error } of gone) {
    const text = `${folder} stays as it is: ${error.message} [${error.code}]${error.hint === undefined ? "" : `\nhint: ${error.hint}`}`;
    if (!told.has(text)) context.warn(text);
    told.add(text);
  }
}

interface Telling extends Pick<Leaving, "told"> {
  readonly context: Pick<Context, "warn">;
}

/** What is not replaced although it is not as paks would have it. */
export function tellLeft({ note }: Pick<Context, "note">, left: readonly Left[]): void {
  for (const { what, isOurs } of left)
    note(`${what} was ${isOurs ? "edited here" : "not made by paks"}; it stays as it is.`);
}

/** Sources without versions were fetched to plan with. */
async function stays({ isKept, before, wish, fetch }: PlannedPak): Promise<boolean> {
  if (isKept || before === undefined) return isKept;
  return wish !== undefined && wish.source.type !== "registry" && (await fetch()).digest === before.digest;
}
