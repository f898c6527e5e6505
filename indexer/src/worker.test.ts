import { claimJob, enqueueJob, findPak, listAttempts } from "@paks/db";
import { afterEach, beforeEach, expect, test } from "vitest";

import type { FaultPoint } from "./deps.ts";
import { maxJobTries, maxTries } from "./retry-plan.ts";
import { published, versionsOf } from "./testing/steps.ts";
import { openWorld, skill, type World } from "./testing/world.ts";
import { runNextJob, runWorker } from "./worker.ts";

let world: World;
beforeEach(async () => {
  world = await openWorld();
});
afterEach(() => world.close());

/** Holds the process up past the end of the lease: neither heartbeat nor anything else runs meanwhile. */
const freeze = (milliseconds: number) => {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, milliseconds);
};

test("two workers and two hints for one tag make one release", async () => {
  const { author, tag } = await published(world);
  await world.hint(author, tag, { evidence: await world.webhook("acme", author.repository), trigger: "webhook" });
  const worked = await Promise.all(["a", "b", "c"].map((name) => runNextJob(world.deps, name)));
  expect(worked.filter(Boolean)).toHaveLength(1);
  await world.drain();
  expect(await versionsOf(world, "pdf")).toEqual(["1.0.0"]);
});

test("a hint that comes during the run leaves exactly one follow-up, and its evidence is read", async () => {
  const { author, tag, id } = await published(world);
  const hints: Promise<{ id: string }>[] = [];
  const stranger = await world.token("mallory");
  const jobs = await world.drain({
    fault: (point) => {
      if (point !== "fetched" || hints.length > 0) return;
      hints.push(world.hint(author, tag, { evidence: stranger }), world.hint(author, tag, { evidence: stranger }));
    },
  });
  const [first, second] = await Promise.all(hints);
  expect(first?.id).toBe(second?.id);
  expect(first?.id).not.toBe(id);
  expect((await world.attempt(first!.id)).state).toBe("indexed");
  expect(jobs).toBe(2);
});

test.each(["fetched", "read", "checked", "stored"] as const)(
  "a worker that was held up at %s past its lease writes nothing; the next one releases",
  async (point: FaultPoint) => {
    const { id } = await published(world);
    let frozen = 0;
    const fault = (at: FaultPoint) => {
      if (at !== point || frozen++ > 0) return;
      freeze(700);
    };
    expect(await runNextJob({ ...world.deps, fault }, "zombie", { leaseSeconds: 0.5 })).toBe(true);
    expect(frozen).toBeGreaterThan(0);
    expect((await world.attempt(id)).state).toBe("running");
    expect(await versionsOf(world, "pdf")).toEqual([]);
    await world.drain();
    expect(await world.attempt(id)).toMatchObject({ state: "indexed", tries: 2, releases: [{ new: true }] });
    expect(await versionsOf(world, "pdf")).toEqual(["1.0.0"]);
  },
);

test("a worker that was held up inside of its last transaction has the job until the commit: one release", async () => {
  const { id } = await published(world);
  const others: Promise<boolean>[] = [];
  const fault = (at: FaultPoint) => {
    if (at !== "before-commit") return;
    freeze(700);
    others.push(runNextJob(world.deps, "other"));
  };
  await runNextJob({ ...world.deps, fault }, "slow", { leaseSeconds: 0.5 });
  expect(others).toHaveLength(1);
  await Promise.all(others);
  await world.drain();
  expect(await world.attempt(id)).toMatchObject({ state: "indexed", tries: 1 });
  expect(await versionsOf(world, "pdf")).toEqual(["1.0.0"]);
});

test("a step that takes longer than the lease keeps it", async () => {
  const { id } = await published(world);
  const objects = {
    ...world.deps.objects,
    put: async (bytes: Uint8Array) => {
      await new Promise((resolve) => setTimeout(resolve, 1_500));
      return world.deps.objects.put(bytes);
    },
  };
  await runNextJob({ ...world.deps, objects }, "slow", { leaseSeconds: 0.75 });
  expect(await world.attempt(id)).toMatchObject({ state: "indexed", tries: 1 });
  await world.drain();
});

test("a worker whose job was taken over writes nothing more", async () => {
  const { id } = await published(world);
  const takeOver = () => world.db.updateTable("jobs").set({ lease: "other" }).where("state", "=", "running").execute();
  const objects = {
    ...world.deps.objects,
    put: async (bytes: Uint8Array) => {
      await takeOver();
      return world.deps.objects.put(bytes);
    },
  };
  await world.drain({ objects });
  expect(await world.attempt(id)).toMatchObject({ state: "running", stage: "store" });
  expect(await versionsOf(world, "pdf")).toEqual([]);
  await world.db
    .updateTable("jobs")
    .set({ lease_until: new Date(0) })
    .execute();
  await world.drain();
  expect(await world.attempt(id)).toMatchObject({ state: "indexed", releases: [{ new: true }] });
});

test("a job whose worker died is claimed again when its lease has run out, and not before", async () => {
  const { id } = await published(world);
  const dead = await claimJob(world.db, { worker: "dead", leaseSeconds: 60, perHost: 2 });
  expect(await world.drain()).toBe(0);
  await world.db
    .updateTable("jobs")
    .set({ lease_until: new Date(0) })
    .where("id", "=", dead!.id)
    .execute();
  await world.drain();
  expect((await world.attempt(id)).state).toBe("indexed");
});

test("an attempt that a dead worker left running is picked up", async () => {
  const { id } = await published(world);
  await world.db.updateTable("attempts").set({ state: "running", stage: "fetch", tries: 1 }).execute();
  await world.drain();
  expect(await world.attempt(id)).toMatchObject({ state: "indexed", tries: 2 });
});

test("a tag that ends its worker again and again fails, after all others were done", async () => {
  const { author, id } = await published(world);
  await world.db.updateTable("attempts").set({ state: "running", tries: maxTries.ours }).execute();
  await author.publish({ package: "acme/pdf", version: "1.1.0" });
  const other = await world.hint(author, "v1.1.0", { evidence: await world.token("acme") });
  await world.drain();
  const poisoned = await world.attempt(id);
  expect(poisoned).toMatchObject({ state: "failed", code: "INTERNAL" });
  expect(poisoned.message).toContain("ended 5 times");
  const done = await world.attempt(other.id);
  expect(done.state).toBe("indexed");
  expect(done.ended_at! <= poisoned.ended_at!).toBe(true);
});

test("a job that ended its workers too often becomes a dead letter, everybody who waits is told, others go on", async () => {
  const { id } = await published(world);
  await world.db.updateTable("jobs").set({ tries: maxJobTries }).execute();
  await enqueueJob(world.db, { kind: "unheard-of", key: "x", payload: {} });
  await world.drain();
  expect(await world.attempt(id)).toMatchObject({ state: "failed", code: "INTERNAL" });
  const jobs = await world.db.selectFrom("jobs").select(["kind", "state", "last_error"]).orderBy("id").execute();
  expect(jobs).toMatchObject([
    { kind: "reconcile", state: "dead" },
    { kind: "unheard-of", state: "pending" },
  ]);
  expect(jobs[1]?.last_error).toContain("unheard-of");
  await world.db.deleteFrom("jobs").execute();
});

test("the same job twice has the same outcome", async () => {
  const { author, tag } = await published(world);
  await world.drain();
  const pak = await findPak(world.db, { account: "acme", name: "pdf" });
  for (let round = 0; round < 3; round++) {
    await world.hint(author, tag, { evidence: await world.token("acme") });
    await world.drain();
  }
  expect(await findPak(world.db, { account: "acme", name: "pdf" })).toEqual(pak);
  const attempts = await listAttempts(world.db, { repositoryKey: author.repository.key, limit: 10 });
  expect(attempts.map(({ state, releases }) => `${state} ${releases[0]?.new}`)).toEqual([
    "indexed false",
    "indexed false",
    "indexed false",
    "indexed true",
  ]);
});

test("a running worker indexes what is enqueued, keeps its lease while it works, and stops clean", async () => {
  const { author, id } = await published(world);
  world.setFault(() => undefined);
  const worker = runWorker(world.deps, { name: "w", pollMilliseconds: 50, leaseSeconds: 1 });
  await expect.poll(async () => (await world.attempt(id)).state, { timeout: 20_000 }).toBe("indexed");
  await author.tag("v1.1.0");
  await author.push();
  const next = await world.hint(author, "v1.1.0", { evidence: await world.token("acme") });
  worker.wake();
  await expect.poll(async () => (await world.attempt(next.id)).state, { timeout: 20_000 }).toBe("indexed");
  await worker.stop();
  const late = await world.hint(author, "v1.1.0", { evidence: await world.token("acme") });
  await new Promise((resolve) => setTimeout(resolve, 200));
  expect((await world.attempt(late.id)).state).toBe("queued");
  await world.drain();
});

test("a worker that is stopped hands back what takes too long, as if it had not begun", async () => {
  const { id } = await published(world);
  world.setFault(() => ({ type: "hang" }));
  const worker = runWorker(world.deps, { name: "w", pollMilliseconds: 50, drainMilliseconds: 100 });
  await expect.poll(async () => (await world.attempt(id)).stage, { timeout: 20_000 }).toBe("fetch");
  const begin = Date.now();
  await worker.stop();
  expect(Date.now() - begin).toBeLessThan(5_000);
  expect(await world.attempt(id)).toMatchObject({ state: "queued", next_try_at: null, code: null });
  expect(await world.db.selectFrom("jobs").select(["state", "tries"]).execute()).toEqual([
    { state: "pending", tries: 0 },
  ]);
  world.setFault(undefined);
  await world.drain();
  expect((await world.attempt(id)).state).toBe("indexed");
});

test("a database that is away stops no worker", async () => {
  const { id } = await published(world);
  let failures = 2;
  const db = new Proxy(world.db, {
    get: (target, key) => {
      if (key === "transaction" && failures-- > 0) throw new Error("Connection terminated unexpectedly");
      const value: unknown = Reflect.get(target, key, target);
      return typeof value === "function" ? (value.bind(target) as unknown) : value;
    },
  });
  const worker = runWorker({ ...world.deps, db }, { name: "w", concurrency: 1, pollMilliseconds: 50 });
  await expect.poll(async () => (await world.attempt(id)).state, { timeout: 20_000 }).toBe("indexed");
  await worker.stop();
  expect(world.events.filter(({ event }) => event === "worker-failed")).toHaveLength(2);
  await world.drain();
});

test("evidence that joins a waiting attempt while another tag of the same run is read counts", async () => {
  const author = await world.author("acme/pdf", { "a/SKILL.md": skill("aa"), "b/SKILL.md": skill("bb") });
  const first = await author.publish({ package: "acme/aa", version: "1.0.0", path: "a" });
  const second = await author.publish({ package: "acme/bb", version: "1.0.0", path: "b" });
  await world.hint(author, first, { evidence: await world.token("acme") });
  const waiting = await world.hint(author, second, { evidence: await world.token("mallory") });
  const evidence = await world.token("acme");
  let joined: Promise<{ id: string }> | undefined;
  const fault = (point: string) => {
    if (point === "fetched") joined ??= world.hint(author, second, { evidence });
  };
  await world.drain({ fault });
  expect((await joined)?.id).toBe(waiting.id);
  expect(await world.attempt(waiting.id)).toMatchObject({ state: "indexed" });
});
