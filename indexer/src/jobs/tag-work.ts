import type { Db, OpenAttempt } from "@paks/db";
import type { ReconcileRun } from "./reconcile-run.ts";

export type Stage = "resolve" | "fetch" | "read" | "check" | "store" | "record";

/** One try of one attempt. */
export interface TagWork {
  readonly run: ReconcileRun;
  readonly attempt: OpenAttempt;
  /** Tells the author where the tag is on its way; at the same time a proof that the lease still holds. */
  readonly stage: (stage: Stage) => Promise<void>;
  /** What else is written in the transaction that ends the try. */
  readonly finish: (trx: Db) => Promise<void>;
  /** The tag's object, as soon as it is known. */
  object: string | undefined;
}
