import { claimJob, enqueueJob, findPak, listAttempts, listVersions } from "@paks/db";
import { afterEach, beforeEach, expect, test } from "vitest";

import type { FaultPoint } from "./deps.ts";
import { maxJobTries, maxTries } from "./retry-plan.ts";
import { type Author, openWorld, skill, type World } from "./testing/world.ts";
import { runNextJob, runWorker } from "./worker.ts";

let world: World;
beforeEach(async () => {
  world = await openWorld();
});
afterEach(() => world.close());

async function published(): Promise<{ author: Author; tag: string; id: string }> {
  const author = await world.author("acme/pdf", { "SKILL.md": skill("pdf") });
  const tag = await author.publish({ package: "acme/pdf", version: "1.0.0" });
  const { id } = await world.hint(author, tag, { evidence: await world.token("acme") });
  return { author, tag, id };
}

const versions = async () => {
  const pak = await world.db.selectFrom("paks").select("id").executeTakeFirst();
  return pak ? (await listVersions(world.db, pak.id)).map(({ version }) => version) : [];
};

/** Holds the process up past the end of the lease: neither heartbeat nor anything else runs meanwhile. */
const freeze = (milliseconds: number) => {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, milliseconds);
};

test("two workers and two hints for one tag make one release", async () => {
  const { author, tag } = await published();
  await world.hint(author, tag, { evidence: await world.webhook("acme", author.repository), trigger: "webhook" });
  const worked = await Promise.all(["a", "b", "c"].map((name) => runNextJob(world.deps, name)));
  expect(worked.filter(Boolean)).toHaveLength(1);
  await world.drain();
  expect(await versions()).toEqual(["1.0.0"]);
});

test("a hint that comes during the run leaves exactly one follow-up, and its evidence is read", async () => {
  const { author, tag, id } = await published();
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
    const { id } = await published();
    let frozen = 0;
    const fault = (at: FaultPoint) => {
      if (at !== point || frozen++ > 0) return;
      freeze(700);
    };
    expect(await runNextJob({ ...world.deps, fault }, "zombie", { leaseSeconds: 0.5 })).toBe(true);
    expect(frozen).toBeGreaterThan(0);
    expect((await world.attempt(id)).state).toBe("running");
    expect(await versions()).toEqual([]);
    await world.drain();
    expect(await world.attempt(id)).toMatchObject({ state: "indexed", tries: 2, releases: [{ new: true }] });
    expect(await versions()).toEqual(["1.0.0"]);
  },
);

test("a worker that was held up inside of its last transaction has the job until the commit: one release", async () => {
  const { id } = await published();
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
  expect(await versions()).toEqual(["1.0.0"]);
});

test("a step that takes longer than the lease keeps it", async () => {
  const { id } = await published();
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
  const { id } = await published();
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
  expect(await versions()).toEqual([]);
  await world.db
    .updateTable("jobs")
    .set({ lease_until: new Date(0) })
    .execute();
  await world.drain();
  expect(await world.attempt(id)).toMatchObject({ state: "indexed", releases: [{ new: true }] });
});

test("a job whose worker died is claimed again when its lease has run out, and not before", async () => {
  const { id } = await published();
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
  const { id } = await published();
  await world.db.updateTable("attempts").set({ state: "running", stage: "fetch", tries: 1 }).execute();
  await world.drain();
  expect(await world.attempt(id)).toMatchObject({ state: "indexed", tries: 2 });
});

test("a tag that ends its worker again and again fails, after all others were done", async () => {
  const { author, id } = await published();
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
  const { id } = await published();
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

test("a fault of ours is tried again and told as what it is; the log has the cause", async () => {
  const { id } = await published();
  const objects = { ...world.deps.objects, put: () => Promise.reject(new TypeError("boom")) };
  await world.drain({ objects });
  const waiting = await world.attempt(id);
  expect(waiting).toMatchObject({ state: "queued", code: "INTERNAL", stage: "store", tries: 1, retryable: true });
  expect(waiting.message).not.toContain("boom");
  expect(JSON.stringify(world.events)).toContain("boom");
  await world.skipWaiting();
  await world.drain();
  expect((await world.attempt(id)).state).toBe("indexed");
});

test("a tag that is not there yet is looked for until it appears", async () => {
  const author = await world.author("acme/pdf", { "SKILL.md": skill("pdf") });
  await author.push();
  const before = Date.now();
  const { id } = await world.hint(author, "v1.0.0", { evidence: await world.token("acme") });
  await world.drain();
  const waiting = await world.attempt(id);
  expect(waiting).toMatchObject({ state: "queued", code: "TAG_NOT_FOUND", tries: 1, retryable: true });
  const wait = Date.parse(waiting.next_try_at!) - before;
  expect(wait).toBeGreaterThan(4_000);
  expect(wait).toBeLessThan(15_000);
  expect(await world.drain()).toBe(0);
  await author.publish({ package: "acme/pdf", version: "1.0.0" });
  await world.skipWaiting();
  await world.drain();
  expect(await world.attempt(id)).toMatchObject({ state: "indexed", tries: 2 });
});

test("a host that is down is asked again; the author sees why it takes long", async () => {
  const { id } = await published();
  world.setFault(() => ({ type: "status", status: 503 }));
  await world.drain();
  expect(await world.attempt(id)).toMatchObject({ state: "queued", code: "GIT_HOST_UNAVAILABLE", stage: "fetch" });
  world.setFault(undefined);
  await world.skipWaiting();
  await world.drain();
  expect(await world.attempt(id)).toMatchObject({ state: "indexed", code: null });
});

test("a host that stays down fails the attempt after eight tries", async () => {
  const { id } = await published();
  world.setFault(() => ({ type: "status", status: 500 }));
  for (let tries = 1; tries <= maxTries.host; tries++) {
    await world.skipWaiting();
    await world.drain();
  }
  expect(await world.attempt(id)).toMatchObject({ state: "failed", code: "GIT_HOST_UNAVAILABLE", tries: 8 });
});

test("a host that asks for patience is left alone until then, and no try is lost", async () => {
  const { author, id } = await published();
  world.setFault(() => ({ type: "status", status: 429, headers: { "retry-after": "120" } }));
  const other = await world.hint(author, "v9.0.0", { evidence: await world.token("acme") });
  await world.drain();
  const asked = world.requests("list-fetch");
  const waiting = await world.attempt(id);
  expect(waiting).toMatchObject({ state: "queued", code: "GIT_HOST_RATE_LIMITED" });
  expect(Date.parse(waiting.next_try_at!) - Date.now()).toBeGreaterThan(100_000);
  expect((await world.attempt(other.id)).tries).toBe(0);
  await world.hint(author, "v1.0.0", { evidence: await world.token("acme") });
  expect(await world.drain()).toBe(0);
  expect(world.requests("list-fetch")).toBe(asked);

  for (let round = 0; round < 12; round++) {
    await world.skipWaiting();
    await world.drain();
  }
  expect(await world.attempt(id)).toMatchObject({ state: "queued" });
  world.setFault(undefined);
  await world.skipWaiting();
  await world.drain();
  expect((await world.attempt(id)).state).toBe("indexed");
  await author.git("tag", "v9.0.0");
  await author.push();
  await world.skipWaiting();
  await world.drain();
  expect((await world.attempt(other.id)).state).toBe("indexed");
});

test("a listing that fails is made up for, and does not stop the tag that was named", async () => {
  const { author } = await published();
  await world.drain();
  for (const tag of ["v1.1.0", "v1.2.0", "v1.3.0", "v1.4.0"]) await author.tag(tag);
  await author.push();
  let requests = 0;
  world.setFault(() => (requests++ === 0 ? { type: "status", status: 500 } : undefined));
  const { id } = await world.hint(author, "v1.2.0", { evidence: await world.token("acme") });
  await world.drain();
  expect((await world.attempt(id)).state).toBe("indexed");
  expect(await versions()).toEqual(["1.2.0", "1.0.0"]);
  await world.skipWaiting();
  await world.drain();
  expect(await versions()).toHaveLength(5);
});

test("the same job twice has the same outcome", async () => {
  const { author, tag } = await published();
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

test("a repository whose host is not allowed any more is told so", async () => {
  const { id } = await published();
  const cage = { ...world.deps.cage, policy: { hosts: ["github.com"], protocols: ["https"], allowPrivate: false } };
  await world.drain({ cage });
  expect(await world.attempt(id)).toMatchObject({ state: "rejected", code: "PROTOCOL_NOT_ALLOWED" });
});

test("a running worker indexes what is enqueued, keeps its lease while it works, and stops clean", async () => {
  const { author, id } = await published();
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
  const { id } = await published();
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
  const { id } = await published();
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
