import { type Db, endAttempts, finishJob, type Job, listOpenAttempts } from "@paks/db";
import { isPaksError, PaksError, parseRepositoryUrl } from "@paks/schema";
import type { IndexerDeps } from "../deps.ts";
import { type HeldJob, LeaseLost } from "../lease.ts";
import { ingestTag } from "./ingest-tag.ts";
import { noticeTags } from "./notice-tags.ts";
import { finishRun, type ReconcileRun } from "./reconcile-run.ts";

/**
 * Makes the database agree with a repository's tags. A hint only says that something may be new: the tag that it
 * names is fetched, and in a repository that has paks the host's own list is compared with what is recorded.
 */
export async function reconcileRepository(deps: IndexerDeps, held: HeldJob): Promise<void> {
  const run = await openRun(deps, held);
  if (!run) return;
  await noticeTags(run);
  const due = await listOpenAttempts(deps.db, run.repository.key);
  for (const [index, attempt] of due.entries()) {
    const last = index === due.length - 1;
    const { paused } = await ingestTag(run, attempt, (trx) => (last ? finishRun(run, trx) : Promise.resolve()));
    if (last) return;
    if (paused) break;
  }
  await held.fenced((trx) => finishRun(run, trx));
}

/** `undefined` when the repository may not be read any more: everything that waits for it is told so. */
async function openRun(deps: IndexerDeps, held: HeldJob): Promise<ReconcileRun | undefined> {
  const { job } = held;
  try {
    const parsed = parseRepositoryUrl(String(job.payload["url"]), deps.cage.policy);
    // Records are found by the key under which they were made.
    const repository = { ...parsed, key: job.key };
    return { deps, held, repository, listed: new Map(), followUp: false, listingError: undefined };
  } catch (error) {
    if (!isPaksError(error)) throw error;
    await held.fenced(async (trx) => {
      await endWaiting(trx, job, { state: "rejected", error });
      if (!(await finishJob(trx, job))) throw new LeaseLost(job);
    });
    return undefined;
  }
}

/** The job's dead letter: nobody waits for an answer that does not come. */
export async function failOpenAttempts(trx: Db, job: Job): Promise<void> {
  const error = new PaksError("INTERNAL", "The indexer failed on this repository again and again.", {
    hint: "Ask for the tag once more later; the registry's operator finds the cause in the log.",
  });
  await endWaiting(trx, job, { state: "failed", error });
}

async function endWaiting(trx: Db, job: Job, end: { state: "rejected" | "failed"; error: PaksError }): Promise<void> {
  const { code, message, hint, details } = end.error;
  await endAttempts(trx, job.key, { state: end.state, code, message, hint, details });
}
