import { parseRepositoryUrl } from "@paks/schema";
import { sql } from "kysely";
import { afterEach, beforeEach, expect, test } from "vitest";
import { retryAttempt, startAttempt } from "./attempt-progress.ts";
import { enqueueReconcile, enqueueReconciles } from "./enqueue-reconcile.ts";
import { insertRelease } from "./insert-release.ts";
import { findNextTry, insertListedAttempt } from "./listed-tags.ts";
import { listOpenAttempts } from "./open-attempts.ts";
import { newRelease, testDb, type TestDb } from "./testing/index.ts";

const repository = parseRepositoryUrl("https://github.com/acme/skills");

let db: TestDb;
beforeEach(async () => {
  db = await testDb({ accounts: ["acme", "mallory"] });
});
afterEach(() => db.close());

const hintOf = (account: string, tag: string) => ({
  repository,
  tag,
  trigger: "token" as const,
  evidence: { kind: "token" as const, accountId: db.accountIds[account] },
});
const hint = (account: string, tag: string) => enqueueReconcile(db, hintOf(account, tag));
const flood = (most: number) =>
  enqueueReconciles(
    db,
    Array.from({ length: most }, (_, at) => hintOf("mallory", `m${at}`)),
  );
const tags = async (limit?: number) => (await listOpenAttempts(db, repository.key, limit)).map(({ tag }) => tag);
const publish = () => insertRelease(db, newRelease({ accountId: db.accountIds["acme"]!, repository: repository.url }));

test("however many attempts wait, a run reads those that it takes", async () => {
  await hint("mallory", "v1");
  await sql`
    insert into attempts (repository_key, repository_url, tag, trigger, next_try_at)
    select ${repository.key}, ${repository.url}, 'm' || n, 'token', now() from generate_series(1, 70000) as n`.execute(
    db,
  );
  expect(await tags()).toHaveLength(50);
  expect(await tags(3)).toHaveLength(3);
  expect(await findNextTry(db, repository.key)).toBeNull();
});

test("what the publishers of a repository wait for comes before a stranger's tags", async () => {
  await publish();
  await flood(20);
  await hint("acme", "v1");
  await insertListedAttempt(db, { repository, tag: "v2", tagObject: "a".repeat(40) });
  expect((await tags(2)).toSorted()).toEqual(["v1", "v2"]);
});

test("a stranger's tag that a publisher hints at, too, is the publisher's", async () => {
  await publish();
  await flood(20);
  await hint("acme", "m7");
  expect(await tags(1)).toEqual(["m7"]);
});

test("where nobody has published yet the accounts take turns, also with what is tried again", async () => {
  await flood(20);
  const { id } = await hint("acme", "v1");
  expect((await tags()).slice(0, 2)).toContain("v1");
  await startAttempt(db, id, "resolve");
  await retryAttempt(db, id, { code: "TAG_NOT_FOUND", message: "not yet", nextTryAt: new Date(Date.now() - 60_000) });
  expect((await tags()).slice(0, 2)).toContain("v1");
});

test("a stranger's tag that ended its worker waits for all that others hinted at", async () => {
  const { id } = await hint("mallory", "m1");
  await startAttempt(db, id, "fetch");
  for (const tag of ["v1", "v2", "v3"]) await hint("acme", tag);
  expect(await tags()).toEqual(["v1", "v2", "v3", "m1"]);
});

test("of one account the least tried comes first, then the oldest", async () => {
  for (const tag of ["v1", "v2", "v3"]) await hint("acme", tag);
  const [first] = await listOpenAttempts(db, repository.key, 1);
  expect(first?.tag).toBe("v1");
  await startAttempt(db, first!.id, "fetch");
  expect(await tags()).toEqual(["v2", "v3", "v1"]);
});

test("the next try is the earliest of those that wait; now, when one is due at once", async () => {
  expect(await findNextTry(db, repository.key)).toBeUndefined();
  const times = [3, 1, 2].map((hours) => new Date(Date.now() + hours * 3_600_000));
  for (const [at, nextTryAt] of times.entries()) {
    const { id } = await hint("acme", `v${at}`);
    await startAttempt(db, id, "resolve");
    await retryAttempt(db, id, { code: "TAG_NOT_FOUND", message: "not yet", nextTryAt });
  }
  expect(await findNextTry(db, repository.key)).toEqual(times[1]);
  await hint("acme", "v9");
  expect(await findNextTry(db, repository.key)).toBeNull();
});
