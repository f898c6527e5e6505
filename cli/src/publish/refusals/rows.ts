import { fileRows, manifestRows } from "./content-rows.ts";
import { hookRows, refRows, remoteRows, workTreeRows } from "./git-rows.ts";
import type { Refusal } from "./refusal.ts";
import { loginRows, registryRows, wishRows } from "./registry-rows.ts";

/** Everything that can stand in the way of a release, in the order of its steps; what hooks refuse is taken back. */
export const allRows: readonly Refusal[] = [
  ...wishRows,
  ...manifestRows,
  ...fileRows,
  ...workTreeRows,
  ...refRows,
  ...remoteRows,
  ...loginRows,
  ...registryRows,
  ...hookRows,
];
