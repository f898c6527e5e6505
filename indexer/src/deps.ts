import type { Db } from "@paks/db";
import type { GitCage } from "@paks/git";
import type { Objects } from "@paks/objects";

/** Places at which a test may kill the process. */
export type FaultPoint =
  | "claimed"
  | "fetched"
  | "read"
  | "checked"
  | "stored"
  | "before-commit"
  | "after-commit"
  | "before-cleanup";

export interface IndexerDeps {
  readonly db: Db;
  readonly objects: Objects;
  readonly cage: GitCage;
  /** For waiting times only; leases go by the database's clock. */
  readonly clock?: () => Date;
  readonly log: (event: Record<string, unknown>) => void;
  readonly fault?: (point: FaultPoint) => void;
}

export const now = (deps: Pick<IndexerDeps, "clock">): Date => deps.clock?.() ?? new Date();
