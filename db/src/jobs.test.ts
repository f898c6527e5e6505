import { sql } from "kysely";
import { afterEach, beforeEach, expect, test } from "vitest";
import {
  claimJob,
  countJobs,
  enqueueJob,
  extendLease,
  finishJob,
  type Job,
  killJob,
  pauseHost,
  releaseJob,
  retryJob,
} from "./jobs.ts";
import { testDb, type TestDb } from "./testing/index.ts";
import { inTransaction } from "./transaction.ts";

let db: TestDb;
beforeEach(async () => {
  db = await testDb();
});
afterEach(() => db.close());

const enqueue = (key: string, more: { host?: string; runAt?: Date } = {}) =>
  enqueueJob(db, { kind: "reconcile", key, payload: { key }, ...more });

const claim = (worker = "w", more: { leaseSeconds?: number; perHost?: number } = {}) =>
  claimJob(db, { worker, leaseSeconds: 60, perHost: 2, ...more });

const requireClaim = async (worker?: string): Promise<Job> => {
  const job = await claim(worker);
  if (!job) throw new Error("No job was due.");
  return job;
};

/** The lease of whoever holds the job runs out now, by the database's clock. */
const expireLeases = () =>
  db
    .updateTable("jobs")
    .set({ lease_until: sql<Date>`now()` })
    .where("state", "=", "running")
    .execute();

test("two workers never hold the same job, and every job is held once", async () => {
  const keys = Array.from({ length: 40 }, (_, index) => `r${index}`);
  for (const key of keys) await enqueue(key);
  const held: string[] = [];
  const work = async (worker: string) => {
    for (let job = await claim(worker); job; job = await claim(worker)) held.push(job.key);
  };
  await Promise.all(["a", "b", "c", "d"].map(work));
  expect(held.toSorted()).toEqual(keys.toSorted());
});

test("fifty equal hints at once are one job", async () => {
  await Promise.all(Array.from({ length: 50 }, () => enqueue("r")));
  expect(await countJobs(db)).toMatchObject({ pending: 1, running: 0 });
});

test("a hint during a run leaves exactly one follow-up, which runs only after the first has ended", async () => {
  await enqueue("r");
  const first = await requireClaim();
  await enqueue("r");
  await enqueue("r");
  expect(await countJobs(db)).toMatchObject({ pending: 1, running: 1 });
  expect(await claim()).toBeUndefined();
  expect(await finishJob(db, first)).toBe(true);
  const second = await requireClaim();
  expect(second.tries).toBe(1);
  expect(await finishJob(db, second)).toBe(true);
  expect(await countJobs(db)).toMatchObject({ pending: 0, running: 0, dead: 0 });
});

test("a job whose worker died is due again when its lease has run out, before its follow-up", async () => {
  await enqueue("r");
  const first = await requireClaim("dead");
  await enqueue("r");
  expect(await claim()).toBeUndefined();
  await expireLeases();
  const again = await requireClaim("alive");
  expect(again).toMatchObject({ id: first.id, tries: 2 });
  expect(again.lease).toMatch(/^alive\//);
  expect(await claim()).toBeUndefined();
});

test("a short lease runs out by itself", async () => {
  await enqueue("r");
  await claim("dead", { leaseSeconds: 0.05 });
  await expect.poll(() => claim("alive"), { timeout: 5_000 }).toMatchObject({ tries: 2 });
});

test("a zombie's writes change nothing, whether or not somebody else has the job", async () => {
  await enqueue("r");
  const zombie = await requireClaim();
  await expireLeases();
  const writes = () =>
    Promise.all([
      extendLease(db, zombie),
      finishJob(db, zombie),
      retryJob(db, zombie, { runAt: new Date(), error: "late" }),
      releaseJob(db, zombie),
      killJob(db, zombie, "late"),
    ]);
  expect(await writes()).toEqual([false, false, false, false, false]);
  // The same worker's name is no proof: the lease is another one.
  const owner = await requireClaim();
  expect(await writes()).toEqual([false, false, false, false, false]);
  expect(await finishJob(db, owner)).toBe(true);
});

test("a lease renewed inside the recording transaction cannot be lost before the commit", async () => {
  await enqueue("r");
  const job = await requireClaim();
  await inTransaction(db, async (trx) => {
    expect(await extendLease(trx, job)).toBe(true);
    expect(await finishJob(trx, job)).toBe(true);
  });
  expect(await claim()).toBeUndefined();
});

test("a heartbeat keeps a job beyond its first lease", async () => {
  await enqueue("r");
  const job = (await claim("w", { leaseSeconds: 3_600 }))!;
  expect(await extendLease(db, { ...job, leaseSeconds: 7_200 })).toBe(true);
  const row = await db.selectFrom("jobs").select("lease_until").executeTakeFirstOrThrow();
  expect(row.lease_until!.getTime() - job.leaseUntil.getTime()).toBeGreaterThan(3_500_000);
});

test("a job that is to be tried again keeps its id and waits for its time", async () => {
  const { id } = await enqueue("r");
  const job = await requireClaim();
  expect(await retryJob(db, job, { runAt: new Date(Date.now() + 3_600_000), error: "host\0down" })).toBe(true);
  expect(await claim()).toBeUndefined();
  const row = await db.selectFrom("jobs").selectAll().executeTakeFirstOrThrow();
  expect(row).toMatchObject({ id, state: "pending", tries: 1, lease: null, last_error: "host\uFFFDdown" });
  await db
    .updateTable("jobs")
    .set({ run_at: sql<Date>`now()` })
    .execute();
  expect(await requireClaim()).toMatchObject({ id, tries: 2 });
});

test("a retry that meets its follow-up becomes one job, at the earlier time", async () => {
  await enqueue("r");
  const job = await requireClaim();
  const followUp = await enqueue("r");
  expect(await retryJob(db, job, { runAt: new Date(Date.now() + 3_600_000), error: "x" })).toBe(true);
  expect(await countJobs(db)).toMatchObject({ pending: 1, running: 0 });
  expect(await requireClaim()).toMatchObject({ id: followUp.id, tries: 1 });
});

test("a hint pulls a waiting retry forward and gives it all its tries; a later date does not", async () => {
  await enqueue("r");
  await retryJob(db, await requireClaim(), { runAt: new Date(Date.now() + 60_000), error: "x" });
  await enqueue("r", { runAt: new Date(Date.now() + 3_600_000) });
  expect(await db.selectFrom("jobs").select("tries").executeTakeFirst()).toEqual({ tries: 1 });
  expect(await claim()).toBeUndefined();
  await enqueue("r");
  expect(await requireClaim()).toMatchObject({ tries: 1 });
});

test("a worker that is told to stop gives the job back uncounted", async () => {
  await enqueue("r");
  expect(await releaseJob(db, await requireClaim())).toBe(true);
  expect(await requireClaim()).toMatchObject({ tries: 1 });
});

test("a poison job that kills its workers is counted and does not keep the others waiting", async () => {
  await enqueue("poison");
  await enqueue("other");
  for (const tries of [1, 2, 3]) {
    await db
      .updateTable("jobs")
      .set({ run_at: sql<Date>`now() - interval '1 hour'` })
      .where("key", "=", "poison")
      .execute();
    expect(await requireClaim()).toMatchObject({ key: "poison", tries });
    await expireLeases();
  }
  const poison = await requireClaim();
  expect(await requireClaim()).toMatchObject({ key: "other" });
  expect(await killJob(db, poison, "gave up")).toBe(true);
  await expireLeases();
  expect(await claim()).toMatchObject({ key: "other" });
  expect(await countJobs(db)).toMatchObject({ dead: 1 });
});

test("a dead job does not stand in the way of a new hint", async () => {
  await enqueue("r");
  await killJob(db, await requireClaim(), "gave up");
  await enqueue("r");
  expect(await requireClaim()).toMatchObject({ tries: 1 });
});

test("a paused host is skipped while others go on, and a pause is never shortened", async () => {
  await enqueue("slow", { host: "slow.test" });
  await enqueue("fast", { host: "fast.test" });
  await pauseHost(db, "slow.test", new Date(Date.now() + 3_600_000));
  await pauseHost(db, "slow.test", new Date(Date.now() - 1_000));
  expect(await requireClaim()).toMatchObject({ key: "fast" });
  expect(await claim()).toBeUndefined();
  await db
    .updateTable("git_hosts")
    .set({ paused_until: sql<Date>`now()` })
    .execute();
  expect(await requireClaim()).toMatchObject({ key: "slow" });
});

test("a host never has more jobs at once than it has slots, however many workers claim", async () => {
  for (let index = 0; index < 8; index++) await enqueue(`a${index}`, { host: "a.test" });
  await enqueue("b", { host: "b.test" });
  await enqueue("none");
  const jobs = await Promise.all(Array.from({ length: 10 }, (_, index) => claim(`w${index}`)));
  const keys = jobs.flatMap((job) => job?.key ?? []);
  expect(keys.toSorted()).toEqual(["a0", "a1", "b", "none"]);
});

test("the slots of dead workers are free again", async () => {
  for (let index = 0; index < 4; index++) await enqueue(`a${index}`, { host: "a.test" });
  await claim();
  await claim();
  expect(await claim()).toBeUndefined();
  await expireLeases();
  expect(await requireClaim()).toMatchObject({ key: "a0", tries: 2 });
});

test("jobs run in the order of their time", async () => {
  await enqueue("later", { runAt: new Date(Date.now() - 1_000) });
  await enqueue("earlier", { runAt: new Date(Date.now() - 60_000) });
  expect((await requireClaim()).key).toBe("earlier");
  expect((await countJobs(db)).oldestDueSeconds).toBeGreaterThanOrEqual(1);
});
