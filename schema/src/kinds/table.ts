import type { Kind } from "./kind.ts";
import type { KindRow } from "./reading.ts";
import { skill } from "./skill.ts";

/** One row per kind that can be read. Nothing else asks which kind a pak is. */
export const kindTable: readonly KindRow[] = [skill];

export const findKind = (kind: Kind): KindRow | undefined => kindTable.find((row) => row.kind === kind);
