import { afterEach, beforeEach, expect, test } from "vitest";

import { maxTries } from "../retry-plan.ts";
import { published, versionsOf } from "../testing/steps.ts";
import { openWorld, skill, type World } from "../testing/world.ts";

let world: World;
beforeEach(async () => {
  world = await openWorld();
});
afterEach(() => world.close());

test("a fault of ours is tried again and told as what it is; the log has the cause", async () => {
  const { id } = await published(world);
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
  const { id } = await published(world);
  world.setFault(() => ({ type: "status", status: 503 }));
  await world.drain();
  expect(await world.attempt(id)).toMatchObject({ state: "queued", code: "GIT_HOST_UNAVAILABLE", stage: "fetch" });
  world.setFault(undefined);
  await world.skipWaiting();
  await world.drain();
  expect(await world.attempt(id)).toMatchObject({ state: "indexed", code: null });
});

test("a host that stays down fails the attempt after eight tries", async () => {
  const { id } = await published(world);
  world.setFault(() => ({ type: "status", status: 500 }));
  for (let tries = 1; tries <= maxTries.host; tries++) {
    await world.skipWaiting();
    await world.drain();
  }
  expect(await world.attempt(id)).toMatchObject({ state: "failed", code: "GIT_HOST_UNAVAILABLE", tries: 8 });
});

test("a host that asks for patience is left alone until then, and no try is lost", async () => {
  const { author, id } = await published(world);
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
  const { author } = await published(world);
  await world.drain();
  for (const tag of ["v1.1.0", "v1.2.0", "v1.3.0", "v1.4.0"]) await author.tag(tag);
  await author.push();
  let requests = 0;
  world.setFault(() => (requests++ === 0 ? { type: "status", status: 500 } : undefined));
  const { id } = await world.hint(author, "v1.2.0", { evidence: await world.token("acme") });
  await world.drain();
  expect((await world.attempt(id)).state).toBe("indexed");
  expect(await versionsOf(world, "pdf")).toEqual(["1.2.0", "1.0.0"]);
  await world.skipWaiting();
  await world.drain();
  expect(await versionsOf(world, "pdf")).toHaveLength(5);
});

test("a repository whose host is not allowed any more is told so", async () => {
  const { id } = await published(world);
  const cage = { ...world.deps.cage, policy: { hosts: ["github.com"], protocols: ["https"], allowPrivate: false } };
  await world.drain({ cage });
  expect(await world.attempt(id)).toMatchObject({ state: "rejected", code: "PROTOCOL_NOT_ALLOWED" });
});
