import { PaksError, nearest } from "@paks/schema";
import { safe } from "../output/safe-text.ts";
import type { ListRow } from "./list-paks.ts";

/** What users may call a pak: its name, its folder, `account/name`, or the source it was asked for with. */
function namesOf({ folder, pak, locked }: ListRow): string[] {
  const origins = [pak?.record.origin, locked?.resolved];
  return [
    folder,
    ...(pak === undefined ? [] : [pak.record.name]),
    ...origins.flatMap((origin) => (origin?.type === "registry" ? [`${origin.account}/${origin.name}`] : [])),
    ...(typeof locked?.source === "string" ? [locked.source] : []),
  ];
}

/** @throws PaksError PAK_NOT_FOUND, USAGE when several are called so */
export function requireRow(rows: readonly ListRow[], name: string): ListRow {
  const found = findRows(rows, name);
  const [only, second] = found;
  if (only && !second) return only;
  const names = (of: readonly ListRow[]) => of.map(({ folder }) => folder).join(", ");
  if (only)
    throw new PaksError("USAGE", `${safe(name)} is installed ${found.length} times.`, {
      hint: `Name one of ${names(found)}.`,
    });
  const near = nearest(name, rows.flatMap(namesOf));
  const guess = near === undefined ? "" : `Did you mean ${safe(near)}? `;
  throw new PaksError("PAK_NOT_FOUND", `${safe(name)} is not installed here.`, {
    hint: rows.length > 0 ? `${guess}Installed are ${names(rows.slice(0, 20))}.` : 'See "paks list --all".',
    details: { name },
  });
}

/** A folder's own name goes before what others are called by. */
export function findRows(rows: readonly ListRow[], name: string): ListRow[] {
  const exact = rows.filter(({ folder }) => folder === name);
  return exact.length > 0 ? exact : rows.filter((row) => namesOf(row).includes(name));
}

/** Those with these names; without names, all. @throws as `requireRow` */
export const chooseRows = (rows: readonly ListRow[], names: readonly string[]): readonly ListRow[] =>
  names.length === 0 ? rows : names.map((name) => requireRow(rows, name));
