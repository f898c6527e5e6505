import { ownTargets } from "./table-own.ts";
import { sharedTargets } from "./table-shared.ts";
import { type Target, targetOf } from "./target.ts";

/** The tools' documentation and behaviour as of November 2026, the shared folder first and then by id. */
export const targetTable: readonly Target[] = [...sharedTargets, ...ownTargets]
  .map(targetOf)
  .sort((a, b) => Number(b.id === "universal") - Number(a.id === "universal") || (a.id < b.id ? -1 : 1));
