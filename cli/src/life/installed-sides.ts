import { type ReleaseFile, describeFiles } from "@paks/schema";
import type { Context } from "../context.ts";
import { fetchLocked } from "../install/fetch-locked.ts";
import { readFolder } from "../install/read-folder.ts";
import { findWorkspace } from "../workspace/open-workspace.ts";
import { requireRow } from "./find-row.ts";
import { listPaks, rowName, rowVersion } from "./list-paks.ts";
import { recordEntry } from "./record-entry.ts";
import { type PlaceArgs, findPlace } from "./places.ts";

/** One side of a comparison. */
export interface DiffSide {
  readonly label: string;
  readonly version: string | null;
  readonly digest: string;
  readonly files: readonly ReleaseFile[];
}

/**
 * The release that an installed pak was made of, and what lies there now.
 * @throws PaksError PAK_NOT_FOUND, and the codes of `fetchLocked` and of the rules for files
 */
export async function readInstalledSides(
  context: Context,
  name: string,
  where: PlaceArgs,
): Promise<[DiffSide, DiffSide]> {
  const place = await findPlace(context, where);
  const row = requireRow(await listPaks(context, place), name);
  if (row.error !== undefined) throw row.error;
  const entry = row.locked ?? recordEntry(row.pak!.record);
  const wish = place.locked ? (await findWorkspace(context)).workspace.registry : undefined;
  const released = await context.progress("Fetching", async () =>
    fetchLocked(entry, context, { root: place.root, wish }),
  );
  const files = row.state === "missing" ? [] : await readFolder(row.path);
  return [
    { label: `${rowName(row)} as released`, version: rowVersion(row), digest: entry.digest, files: released.files },
    { label: `${rowName(row)} as it is here`, version: rowVersion(row), digest: describeFiles(files).digest, files },
  ];
}
