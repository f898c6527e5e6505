import type { Db, Job } from "@paks/db";
import type { IndexerDeps } from "../deps.ts";
import type { HeldJob } from "../lease.ts";
import { failOpenAttempts, reconcileRepository } from "./reconcile-repository.ts";
import { failRehearsal, rehearseTag } from "./rehearse-tag.ts";

export interface JobRow {
  /** Does the work and finishes the job in the transaction of its last result. Safe to run twice. */
  readonly run: (deps: IndexerDeps, held: HeldJob) => Promise<void>;
  /** Tells everybody who waits for the job that it became a dead letter. */
  readonly bury: (trx: Db, job: Job) => Promise<void>;
}

/** Every kind of job there is. */
export const jobTable: ReadonlyMap<string, JobRow> = new Map([
  ["reconcile", { run: reconcileRepository, bury: failOpenAttempts }],
  ["why-not", { run: rehearseTag, bury: failRehearsal }],
]);
