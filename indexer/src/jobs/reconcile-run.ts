import { type Db, enqueueReconcileJob, findNextTry, finishJob, retryJob } from "@paks/db";
import type { PaksError, RepositoryUrl } from "@paks/schema";
import { type IndexerDeps, now } from "../deps.ts";
import { type HeldJob, LeaseLost } from "../lease.ts";
import { backoff, maxTries } from "../retry-plan.ts";

/** What one run of the job `reconcile` knows. */
export interface ReconcileRun {
  readonly deps: IndexerDeps;
  readonly held: HeldJob;
  readonly repository: RepositoryUrl;
  /** Tag → object as the host listed them in this run; empty when it was not asked. */
  readonly listed: Map<string, string>;
  /** There is more to do right after this run. */
  followUp: boolean;
  /** The host could not be asked for its tags; the job itself is tried again for that. */
  listingError: PaksError | undefined;
}

/** Finishes the job and leaves one for what is not due yet. Belongs into the transaction of the run's last result. */
export async function finishRun(run: ReconcileRun, trx: Db): Promise<void> {
  const { deps, held, repository, listingError } = run;
  const { job } = held;
  const nextTry = await findNextTry(trx, repository.key);
  const times = nextTry === undefined ? [] : [nextTry ?? now(deps)];
  if (run.followUp) times.push(now(deps));
  if (listingError && job.tries < maxTries.host) {
    times.push(new Date(now(deps).getTime() + backoff(job.tries, Math.random())));
    if (await retryJob(trx, job, { runAt: earliest(times), error: listingError.message })) return;
    throw new LeaseLost(job);
  }
  if (times.length > 0) await enqueueReconcileJob(trx, repository, earliest(times));
  if (!(await finishJob(trx, job))) throw new LeaseLost(job);
}

const earliest = (times: readonly Date[]): Date => new Date(Math.min(...times.map((time) => time.getTime())));
