import { PaksError, isPaksError } from "@paks/schema";
import type { Context } from "../context.ts";
import { safe } from "../output/safe-text.ts";
import { findRows } from "./find-row.ts";
import { type ListRow, readRows } from "./list-paks.ts";
import { findPlace } from "./places.ts";

/** Says of a pak that is there for all projects only why what changes a lock does not find it. */
export async function needingLock<T>(context: Context, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    const name = isPaksError(error, "PAK_NOT_FOUND") ? error.details?.["name"] : undefined;
    if (typeof name !== "string") throw error;
    if (findRows(await readGlobal(context), name).length === 0) throw error;
    throw new PaksError(
      "PAK_NOT_FOUND",
      `${safe(name)} is installed for all projects and not in this one, and only a project has a lock.`,
      { hint: "Install the version that you want with -g, or install it in this project.", cause: error },
    );
  }
}

async function readGlobal(context: Context): Promise<ListRow[]> {
  try {
    return await readRows(context, await findPlace(context, { global: true, dir: undefined }));
  } catch (error) {
    // A file where the folder would be is for `paks list -g` to tell.
    if (!isPaksError(error)) throw error;
    return [];
  }
}
