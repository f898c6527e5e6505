import { errorCodes } from "@paks/schema";
import type { Context } from "../context.ts";
import { type ListRow, rowName } from "./list-paks.ts";
import type { Problem } from "./problem.ts";

/** What is recorded or locked and not there is put back by `ci`, as long as somebody has its files. */
export const putBackHint = (row: ListRow): string =>
  row.place.scope === "project" ? "Put it back: paks ci, or paks install." : `Put it back: ${installAgain(row)}.`;

/** Only a project has a file that says what it asks for: elsewhere the pak is named, and the place. */
export function installAgain(row: ListRow, flags = ""): string {
  if (row.place.scope === "project") return `paks install${flags}`;
  const name = rowName(row);
  const options = `${flags} ${row.place.scope === "global" ? "-g" : "--dir …"}`;
  return name.includes("/") ? `paks install ${name}${options}` : `paks install${options}, from where it came`;
}

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
const lostHint = ({ folder, place }: ListRow): string =>
  `It cannot be put back as it was. Install another version or state of it, or let it go: paks remove ${folder}${place.scope === "global" ? " -g" : ""}.`;
