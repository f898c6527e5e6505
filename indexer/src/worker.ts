import { randomBytes } from "node:crypto";
import { hostname } from "node:os";
import { setTimeout as delay } from "node:timers/promises";

import { claimJob, killJob, releaseJob, retryJob } from "@paks/db";
import { sweepScratch } from "@paks/git";
import { PaksError } from "@paks/schema";
import { type IndexerDeps, now } from "./deps.ts";
import { type JobRow, jobTable } from "./jobs/table.ts";
import { type HeldJob, holdLease, LeaseLost } from "./lease.ts";
import { backoff, maxJobTries } from "./retry-plan.ts";

export interface RunOptions {
  /** How long a worker may be silent before its job is somebody else's. Default 120. */
  readonly leaseSeconds?: number;
  /** Jobs of one git host at once, over all workers. Default 2. */
  readonly perHost?: number;
  /** Aborted: hand the job back as it was. */
  readonly signal?: AbortSignal;
}

/**
 * Claims the next due job and does it. False when none is due. Throws only when the database fails: the job's lease
 * runs out then and it is due again.
 */
export async function runNextJob(deps: IndexerDeps, worker: string, options: RunOptions = {}): Promise<boolean> {
  const { leaseSeconds = 120, perHost = 2, signal } = options;
  const job = await claimJob(deps.db, { worker, leaseSeconds, perHost });
  if (!job) return false;
  deps.fault?.("claimed");
  const held = holdLease(deps, job, signal);
  try {
    await runJob(deps, held);
  } catch (error) {
    await giveBack(deps, held, error);
  } finally {
    held.close();
  }
  return true;
}

async function runJob(deps: IndexerDeps, held: HeldJob): Promise<void> {
  const { job } = held;
  const row = jobTable.get(job.kind);
  if (!row) throw new PaksError("INTERNAL", `This indexer knows no job of the kind ${job.kind}.`);
  // Tries are counted at the claim: a job that kills its worker gets here once more and no further.
  if (job.tries > maxJobTries) return buryJob(deps, held, `It ended ${maxJobTries} workers.`);
  await row.run(deps, held);
}

/** The job did not finish itself. */
async function giveBack(deps: IndexerDeps, held: HeldJob, error: unknown): Promise<void> {
  const { job } = held;
  if (held.stopping()) {
    await releaseJob(deps.db, job);
    return;
  }
  const text = describe(error);
  deps.log({
    level: "warn",
    event: "job-failed",
    job: job.id,
    kind: job.kind,
    key: job.key,
    tries: job.tries,
    error: text,
  });
  if (error instanceof LeaseLost || held.signal.aborted) return;
  if (job.tries >= maxJobTries) return buryJob(deps, held, text);
  const wait = backoff(job.tries, Math.random());
  await retryJob(deps.db, job, { runAt: new Date(now(deps).getTime() + wait), error: text });
}

async function buryJob(deps: IndexerDeps, held: HeldJob, why: string): Promise<void> {
  const { job } = held;
  const row: JobRow | undefined = jobTable.get(job.kind);
  await held.fenced(async (trx) => {
    await row?.bury(trx, job);
    if (!(await killJob(trx, job, why))) throw new LeaseLost(job);
  });
  deps.log({ level: "error", event: "job-dead", job: job.id, kind: job.kind, key: job.key, error: why });
}

const describe = (error: unknown): string => (error instanceof Error ? (error.stack ?? error.message) : String(error));

export interface WorkerOptions extends Omit<RunOptions, "signal"> {
  /** For people, in leases and logs. */
  readonly name?: string;
  /** Jobs at once. Default 2. */
  readonly concurrency?: number;
  /** Pause after nothing was due. Default 1,000. */
  readonly pollMilliseconds?: number;
  /** How long `stop` waits for running jobs before it hands them back. Default 20,000. */
  readonly drainMilliseconds?: number;
}

export interface RunningWorker {
  /** Looks for work at once instead of at the next poll. */
  wake(): void;
  /** Takes no more jobs, finishes or hands back the running ones. */
  stop(): Promise<void>;
}

/** Works until it is stopped. Polling alone decides; whoever knows of new work may call `wake`. */
export function runWorker(deps: IndexerDeps, options: WorkerOptions = {}): RunningWorker {
  const { concurrency = 2, pollMilliseconds = 1000, drainMilliseconds = 20_000, ...rest } = options;
  const worker = options.name ?? `${hostname()}:${process.pid}:${randomBytes(3).toString("hex")}`;
  const handBack = new AbortController();
  const idle = new Idle(pollMilliseconds);
  const slot = async (): Promise<void> => {
    while (!idle.stopped) {
      const worked = await tryJob(deps, () => runNextJob(deps, worker, { ...rest, signal: handBack.signal }));
      if (!worked) await idle.wait();
    }
  };
  const slots = sweep(deps).then(() => Promise.all(Array.from({ length: concurrency }, slot)));
  return {
    wake: () => idle.wake(),
    stop: async () => {
      idle.stop();
      const timer = setTimeout(() => handBack.abort(new Error("The worker stops.")), drainMilliseconds);
      await slots;
      clearTimeout(timer);
    },
  };
}

/** A database that is away is no reason to stop: false, so that the slot waits and asks again. */
async function tryJob(deps: IndexerDeps, run: () => Promise<boolean>): Promise<boolean> {
  try {
    return await run();
  } catch (error) {
    deps.log({ level: "error", event: "worker-failed", error: describe(error) });
    return false;
  }
}

/** What a killed process left on disk. */
async function sweep(deps: IndexerDeps): Promise<void> {
  try {
    const removed = await sweepScratch(deps.cage.scratchRoot);
    if (removed > 0) deps.log({ event: "scratch-swept", removed });
  } catch (error) {
    deps.log({ level: "warn", event: "scratch-not-swept", error: describe(error) });
  }
}

/** Waits of idle slots, which a hint or the end cuts short. */
class Idle {
  stopped = false;
  readonly #milliseconds: number;
  #wake = new AbortController();

  constructor(milliseconds: number) {
    this.#milliseconds = milliseconds;
  }

  async wait(): Promise<void> {
    if (this.stopped) return;
    // Jitter, so that many workers do not ask in step.
    const wait = this.#milliseconds * (0.8 + 0.4 * Math.random());
    await delay(wait, undefined, { signal: this.#wake.signal }).catch((error: unknown) => {
      if (!(error instanceof Error && error.name === "AbortError")) throw error;
    });
  }

  wake(): void {
    this.#wake.abort();
    this.#wake = new AbortController();
  }

  stop(): void {
    this.stopped = true;
    this.wake();
  }
}
