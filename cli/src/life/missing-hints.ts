import { errorCodes } from "@paks/schema";
import type { Context } from "../context.ts";
import { type ListRow, rowName } from "./list-paks.ts";
import type { Problem } from "./problem.ts";

/** What is locked and not there is put back by `ci`, as long as somebody has its files. */
export const putBackHint = (row: ListRow): string =>
  isAskedFor(row) ? "Put it back: paks ci, or paks install." : `Put it back: ${installAgain(row)}.`;

/** Only a project has a file that says what it asks for: what is not in it is named, and the place. */
export function installAgain(row: ListRow, flags = ""): string {
  if (isAskedFor(row)) return `paks install${flags}`;
  const name = rowName(row);
  const options = `${row.place.scope === "project" ? " --no-save" : placeFlag(row)}${flags}`;
  return name.includes("/") ? `paks install ${name}${options}` : `paks install${options}, from where it came`;
}

/** False also in a project, for what was installed there without being written down. */
const isAskedFor = ({ place, locked, pak }: ListRow): boolean =>
  place.scope === "project" && (locked !== undefined || pak?.record.saved === true);

const placeFlag = ({ place }: ListRow): string => ({ project: "", global: " -g", folder: " --dir …" })[place.scope];

/** Where its origin no longer gives out a pak that is not there either, what can be done depends on the store. */
export async function fitMissing(
  { store }: Pick<Context, "store">,
  row: ListRow,
  problems: readonly Problem[],
): Promise<readonly Problem[]> {
  if (row.state !== "missing" || !problems.some(isGone)) return problems;
  const isTaken = problems.some(({ code }) => code === "TAKEN_DOWN");
  const isKept = !isTaken && (await isInStore(store, row));
  return problems.map((one) => {
    if (one.hint === putBackHint(row)) return { ...one, hint: isKept ? keptHint : lostHint(row) };
    return isGone(one) && !isTaken ? { ...one, hint: goneHint } : one;
  });
}

const isGone = ({ code }: Problem): boolean => errorCodes[code].exit === 3;

async function isInStore(store: Context["store"], { locked }: ListRow): Promise<boolean> {
  if (locked === undefined) return false;
  const archive = locked.resolved.type === "registry" ? locked.resolved.archive : undefined;
  return (await store.find(locked.digest, { archive })) !== undefined;
}

const keptHint = "The store of this machine still has it and puts it back: paks ci. No other machine can install it.";
const goneHint = "Ask the author, or install another version or state of it.";
const lostHint = (row: ListRow): string =>
  `It cannot be put back as it was. Install another version or state of it, or let it go: paks remove ${row.folder}${placeFlag(row)}.`;
