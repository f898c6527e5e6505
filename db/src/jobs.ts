import { type Expression, sql, type SqlBool } from "kysely";
import { cleanText, formatJson } from "./json.ts";
import type { Db } from "./tables.ts";
import { inTransaction } from "./transaction.ts";

export interface NewJob {
  readonly kind: string;
  /** Of one (kind, key) at most one job is pending and at most one runs. */
  readonly key: string;
  readonly payload: Record<string, unknown>;
  /** The git host whose slots it takes. */
  readonly host?: string | undefined;
  /** Default: now, by the database's clock. */
  readonly runAt?: Date | undefined;
}

export interface Job {
  readonly id: string;
  readonly kind: string;
  readonly key: string;
  readonly payload: Record<string, unknown>;
  readonly host: string | null;
  /** This try included: it is counted at the claim, so that a job that kills its worker is counted as well. */
  readonly tries: number;
  /** Proof of this claim; another claim of the same job has another one. */
  readonly lease: string;
  readonly leaseSeconds: number;
  readonly leaseUntil: Date;
}

/** "PAKJ": together with the schema's name it is the advisory lock of claims. */
const claimClass = 0x50414b4a;

/**
 * Adds a job, or pulls the pending one with the same (kind, key) forward; its tries begin anew then. While such a
 * job runs, this adds the one follow-up.
 */
export async function enqueueJob(db: Db, job: NewJob): Promise<{ id: string }> {
  const runAt = job.runAt ?? sql<Date>`now()`;
  return db
    .insertInto("jobs")
    .values({ kind: job.kind, key: job.key, payload: formatJson(job.payload), host: job.host ?? null, run_at: runAt })
    .onConflict((conflict) =>
      conflict
        .columns(["kind", "key"])
        .where("state", "=", "pending")
        .doUpdateSet({
          payload: sql<string>`excluded.payload`,
          host: sql<string | null>`excluded.host`,
          tries: sql<number>`case when excluded.run_at <= jobs.run_at then 0 else jobs.tries end`,
          run_at: sql<Date>`least(jobs.run_at, excluded.run_at)`,
        }),
    )
    .returning("id")
    .executeTakeFirstOrThrow();
}

export interface ClaimOptions {
  /** Names the worker in the lease, for people. */
  readonly worker: string;
  /** 0.001 to 3,600. */
  readonly leaseSeconds: number;
  /** Jobs of one git host that may run at once, over all workers. */
  readonly perHost: number;
}

/**
 * Leases the next due job to this worker. Due is a pending job whose time has come, and a running one whose lease
 * has run out (its worker died or hangs). The job's row is not held: a stopped worker would keep a row lock for ever.
 */
export const claimJob = (db: Db, options: ClaimOptions): Promise<Job | undefined> =>
  inTransaction(db, async (trx) => {
    // One claim at a time, about a millisecond each: two claims at once would both count the same free host slot.
    await sql`select pg_advisory_xact_lock(${claimClass}, hashtext(current_schema()))`.execute(trx);
    return leaseNext(trx, options);
  });

async function leaseNext(trx: Db, options: ClaimOptions): Promise<Job | undefined> {
  const row = await trx
    // A CTE, because the planner may run an `id in (...)` subquery twice and so lock two jobs.
    .with("due", (cte) =>
      cte
        .selectFrom("jobs as job")
        .select("job.id")
        .where(isDue)
        .where(hasHostSlot(options.perHost))
        .orderBy("job.run_at")
        .orderBy("job.id")
        .limit(1)
        // A worker that is writing its result holds the row.
        .forUpdate()
        .skipLocked(),
    )
    .updateTable("jobs")
    .from("due")
    .whereRef("jobs.id", "=", "due.id")
    .set({
      state: "running",
      tries: sql<number>`jobs.tries + 1`,
      lease: sql<string>`${options.worker}::text || '/' || gen_random_uuid()`,
      lease_until: leaseEnd(options.leaseSeconds),
    })
    .returning(["jobs.id", "jobs.kind", "jobs.key", "jobs.payload", "jobs.host", "jobs.tries"])
    .returning(["jobs.lease", "jobs.lease_until as leaseUntil"])
    .executeTakeFirst();
  if (!row || row.lease === null || row.leaseUntil === null) return undefined;
  return { ...row, lease: row.lease, leaseUntil: row.leaseUntil, leaseSeconds: options.leaseSeconds };
}

// A follow-up waits for the running job of its key also when that one's lease has run out: it is claimed first.
const isDue = (): Expression<SqlBool> => sql<SqlBool>`(
  (job.state = 'pending' and job.run_at <= now() and not exists (
    select 1 from jobs as other where other.state = 'running' and other.kind = job.kind and other.key = job.key
  ))
  or (job.state = 'running' and job.lease_until <= now())
)`;

// An expired lease takes no slot: otherwise two dead workers would block a host that only they could free.
const hasHostSlot = (perHost: number) => (): Expression<SqlBool> =>
  sql<SqlBool>`(
  job.host is null or (
    not exists (select 1 from git_hosts where git_hosts.host = job.host and git_hosts.paused_until > now())
    and (
      select count(*) from jobs as other
      where other.state = 'running' and other.host = job.host and other.lease_until > now()
    ) < ${perHost}::int
  )
)`;

// The clock and not `now()`, which is the start of the transaction: a lease is not longer than it says.
const leaseEnd = (seconds: number) => sql<Date>`clock_timestamp() + make_interval(secs => ${seconds}::float8)`;

/** What a worker must hold to write anything about its job. */
type Lease = Pick<Job, "id" | "lease">;

const leased = (db: Db, job: Lease) =>
  db
    .selectFrom("jobs")
    .select("id")
    .where("id", "=", job.id)
    .where("lease", "=", job.lease)
    .where("state", "=", "running")
    .where("lease_until", ">", sql<Date>`clock_timestamp()`);

/**
 * Renews the lease; false when it was lost: stop and write nothing. Inside the transaction that records the result
 * it is the fence: until the commit nobody else can claim the job.
 */
export async function extendLease(db: Db, job: Lease & Pick<Job, "leaseSeconds">): Promise<boolean> {
  const result = await db
    .updateTable("jobs")
    .set({ lease_until: leaseEnd(job.leaseSeconds) })
    .where("id", "in", leased(db, job))
    .executeTakeFirst();
  return result.numUpdatedRows > 0n;
}

/** Removes the finished job; false when the lease was lost: roll back. */
export async function finishJob(db: Db, job: Lease): Promise<boolean> {
  const result = await db.deleteFrom("jobs").where("id", "in", leased(db, job)).executeTakeFirst();
  return result.numDeletedRows > 0n;
}

/** Puts the job back until `runAt`. A follow-up that waits already takes its place. False when the lease was lost. */
export const retryJob = (db: Db, job: Lease, retry: { runAt: Date; error: string }): Promise<boolean> =>
  putBack(db, job, { runAt: sql`${retry.runAt}::timestamptz`, tries: sql`tries`, error: cutError(retry.error) });

/** Puts the job back as if it had not been claimed (the worker is told to stop). False when the lease was lost. */
export const releaseJob = (db: Db, job: Lease): Promise<boolean> =>
  putBack(db, job, { runAt: sql`now()`, tries: sql`tries - 1`, error: null });

interface PutBack {
  readonly runAt: Expression<unknown>;
  readonly tries: Expression<unknown>;
  readonly error: string | null;
}

/** Delete and insert, because an update to `pending` would fail when a hint adds the follow-up at the same moment. */
async function putBack(db: Db, job: Lease, values: PutBack): Promise<boolean> {
  const result = await sql`
    with gone as (
      delete from jobs where id in (${leased(db, job)}) returning *
    )
    insert into jobs (id, kind, key, payload, host, run_at, tries, last_error, created_at) overriding system value
    select id, kind, key, payload, host, ${values.runAt}, ${values.tries}, coalesce(${values.error}::text, last_error), created_at
    from gone
    on conflict (kind, key) where state = 'pending' do update set
      run_at = least(jobs.run_at, excluded.run_at),
      last_error = coalesce(excluded.last_error, jobs.last_error)
    returning id`.execute(db);
  return result.rows.length > 0;
}

/** Dead letter: the job is kept for people and never claimed again. False when the lease was lost. */
export async function killJob(db: Db, job: Lease, error: string): Promise<boolean> {
  const result = await db
    .updateTable("jobs")
    .set({ state: "dead", lease: null, lease_until: null, last_error: cutError(error) })
    .where("id", "in", leased(db, job))
    .executeTakeFirst();
  return result.numUpdatedRows > 0n;
}

/**
 * Makes every leased job due at once. Only for whoever knows that no worker runs: the process that has just locked
 * the embedded database. Answers how many there were.
 */
export async function expireLeases(db: Db): Promise<number> {
  const result = await db
    .updateTable("jobs")
    .set({ lease_until: sql<Date>`now()` })
    .where("state", "=", "running")
    .executeTakeFirst();
  return Number(result.numUpdatedRows);
}

const cutError = (error: string): string => cleanText(error).slice(0, 2_000);

/** No job of this host is claimed until then; a pause is never shortened. */
export async function pauseHost(db: Db, host: string, until: Date): Promise<void> {
  await db
    .insertInto("git_hosts")
    .values({ host, paused_until: until })
    .onConflict((conflict) =>
      conflict.column("host").doUpdateSet({
        paused_until: sql<Date>`greatest(git_hosts.paused_until, excluded.paused_until)`,
      }),
    )
    .execute();
}

export interface JobCounts {
  readonly pending: number;
  readonly running: number;
  readonly dead: number;
  /** Age in seconds of the oldest job that is due and waits; 0 when none is. */
  readonly oldestDueSeconds: number;
}

export async function countJobs(db: Db): Promise<JobCounts> {
  const row = await db
    .selectFrom("jobs")
    .select((eb) => [
      eb.fn.countAll().filterWhere("state", "=", "pending").as("pending"),
      eb.fn.countAll().filterWhere("state", "=", "running").as("running"),
      eb.fn.countAll().filterWhere("state", "=", "dead").as("dead"),
      sql<number>`coalesce(extract(epoch from now() - min(run_at) filter (where state = 'pending' and run_at <= now())), 0)::float8`.as(
        "oldestDueSeconds",
      ),
    ])
    .executeTakeFirstOrThrow();
  return {
    pending: Number(row.pending),
    running: Number(row.running),
    dead: Number(row.dead),
    oldestDueSeconds: row.oldestDueSeconds,
  };
}
