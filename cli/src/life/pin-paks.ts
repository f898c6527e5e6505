import type { LockedPak } from "@paks/schema";
import { PaksError } from "@paks/schema";
import type { Context } from "../context.ts";
import { changeLock } from "../workspace/open-workspace.ts";
import { requireRow } from "./find-row.ts";
import { type ListRow, readRows, rowName } from "./list-paks.ts";
import { findPlace } from "./places.ts";
import { inFolderTidily } from "../install/tidily.ts";

export interface Pinned {
  readonly name: string;
  readonly folder: string;
  readonly version: string | null;
  readonly pinned: boolean;
  /** False: it was so before. */
  readonly changed: boolean;
}

/** Sets or takes away what keeps `update` from a pak. All names are looked up before anything is changed. */
export async function setPinned(context: Context, names: readonly string[], pinned: boolean): Promise<Pinned[]> {
  const place = await findPlace(context, { global: false, dir: undefined });
  return await inFolderTidily(context, place, async () => {
    const all = await readRows(context, place);
    const rows = [...new Set(names.map((name) => requireLockedRow(all, name)))];
    const changes = new Map(rows.map(({ folder, locked }) => [folder, withPin(locked, pinned)]));
    await changeLock(place.root, (lock) => ({ ...lock, paks: { ...lock.paks, ...Object.fromEntries(changes) } }));
    return rows.map((row) => ({
      name: rowName(row),
      folder: row.folder,
      version: row.locked.version,
      pinned,
      changed: (row.locked.pinned === true) !== pinned,
    }));
  });
}

export type LockedRow = ListRow & { readonly locked: LockedPak };

/** @throws PaksError PAK_NOT_FOUND also for a pak that only the record knows */
export function requireLockedRow(rows: readonly ListRow[], name: string): LockedRow {
  const row = requireRow(rows, name);
  if (row.locked !== undefined) return row as LockedRow;
  throw new PaksError("PAK_NOT_FOUND", `${row.folder} is installed here, and paks.lock does not know it.`, {
    hint: "Install it without --no-save, so that the lock holds it.",
  });
}

function withPin({ pinned: _before, ...entry }: LockedPak, pinned: boolean): LockedPak {
  return pinned ? { ...entry, pinned: true } : entry;
}
