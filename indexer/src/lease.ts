import { type Db, extendLease, inTransaction, type Job } from "@paks/db";
import type { IndexerDeps } from "./deps.ts";

/** Another worker may hold the job by now: stop, write nothing. */
export class LeaseLost extends Error {
  constructor(job: Job) {
    super(`The lease of job ${job.id} ran out.`);
    this.name = "LeaseLost";
  }
}

/** A job while this worker may work on it. */
export interface HeldJob {
  readonly job: Job;
  /** Aborted when the lease is lost or the worker has to stop. */
  readonly signal: AbortSignal;
  /** True when the worker has to stop: hand the work back as it was. */
  readonly stopping: () => boolean;
  /**
   * Writes what came of the work, if the lease still holds when it is committed: until then nobody can claim the job.
   * @throws LeaseLost
   */
  fenced<T>(work: (trx: Db) => Promise<T>): Promise<T>;
  close(): void;
}

/** Renews the lease three times in its length until it is closed or lost. */
export function holdLease(deps: Pick<IndexerDeps, "db" | "log">, job: Job, stop?: AbortSignal): HeldJob {
  // Not AbortSignal.any: what it returns may be collected as garbage while somebody listens to it (seen on Node 20).
  const end = new AbortController();
  const stopNow = () => end.abort(stop?.reason);
  if (stop?.aborted) stopNow();
  else stop?.addEventListener("abort", stopNow, { once: true });
  const renew = async () => {
    try {
      if (!(await extendLease(deps.db, job))) end.abort(new LeaseLost(job));
    } catch (error) {
      // Without the database nothing can be said; when it is back too late, the fence holds.
      deps.log({ level: "warn", event: "lease-not-renewed", job: job.id, error: String(error) });
    }
  };
  const timer = setInterval(() => void renew(), (job.leaseSeconds * 1000) / 3);
  return {
    job,
    signal: end.signal,
    stopping: () => end.signal.aborted && !(end.signal.reason instanceof LeaseLost),
    fenced: (work) =>
      inTransaction(deps.db, async (trx) => {
        if (!(await extendLease(trx, job))) throw new LeaseLost(job);
        return work(trx);
      }),
    close: () => {
      clearInterval(timer);
      stop?.removeEventListener("abort", stopNow);
    },
  };
}
