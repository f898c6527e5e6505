import { setTimeout as delay } from "node:timers/promises";
import { expect, onTestFinished, test } from "vitest";
import { enqueueReconcile } from "./enqueue-reconcile.ts";
import { startAttempt } from "./attempt-progress.ts";
import { insertRelease } from "./insert-release.ts";
import { findPak } from "./paks.ts";
import { newRelease, testDb } from "./testing/index.ts";
import { inTransaction } from "./transaction.ts";

test("a release that is recorded while a higher one is not committed yet does not become the latest", async () => {
  const db = await testDb({ accounts: ["acme"] });
  onTestFinished(() => db.close());
  const release = (version: string) => newRelease({ accountId: db.accountIds["acme"]!, version });
  await insertRelease(db, release("0.1.0"));
  let recorded = () => {};
  const isRecorded = new Promise<void>((resolve) => (recorded = resolve));
  const higher = inTransaction(db, async (trx) => {
    await insertRelease(trx, release("2.0.0"));
    recorded();
    await delay(300);
  });
  await isRecorded;
  await Promise.all([higher, insertRelease(db, release("1.0.0"))]);
  expect((await findPak(db, { account: "acme", name: "pdf" }))?.latest.version).toBe("2.0.0");
});

test("a hint that meets a worker just starting its attempt becomes an attempt of its own", async () => {
  const db = await testDb();
  onTestFinished(() => db.close());
  const { repository } = newRelease({ accountId: "1" });
  const hint = () => enqueueReconcile(db, { repository, tag: "v1", trigger: "webhook", evidence: { kind: "webhook" } });
  const first = await hint();
  let started = () => {};
  const isStarted = new Promise<void>((resolve) => (started = resolve));
  const worker = inTransaction(db, async (trx) => {
    await startAttempt(trx, first.id, "resolve");
    started();
    await delay(300);
  });
  await isStarted;
  const [second] = await Promise.all([hint(), worker]);
  expect(second.id).not.toBe(first.id);
  expect(second).toMatchObject({ state: "queued", tries: 0 });
});
