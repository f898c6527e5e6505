import type { OpenAttempt } from "@paks/db";
import type { ReconcileRun } from "./reconcile-run.ts";

export type Stage = "resolve" | "fetch" | "read" | "check" | "store" | "record";

/** One try of one attempt, or of a rehearsal, which goes the same way and records nothing. */
export interface TagWork {
  readonly run: ReconcileRun;
  attempt: Pick<OpenAttempt, "id" | "tag" | "state" | "tries" | "evidence">;
  /** Tells the author where the tag is on its way; at the same time a proof that the lease still holds. */
  readonly stage: (stage: Stage) => Promise<void>;
  /** Keeps an archive, or only says what keeping it would answer. */
  readonly store: (archive: Uint8Array) => Promise<{ sha256: string; bytes: number }>;
  /** The tag's object, as soon as it is known. */
  object: string | undefined;
}
