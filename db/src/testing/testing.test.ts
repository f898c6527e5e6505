import { expect, onTestFinished, test } from "vitest";
import { findAccount } from "../accounts.ts";
import { claimJob, enqueueJob, finishJob } from "../jobs.ts";
import { expectNoLeftovers, testDb } from "./index.ts";

test("two databases of one test do not see each other", async () => {
  const [one, two] = [await testDb({ accounts: ["acme"] }), await testDb()];
  onTestFinished(async () => {
    await one.close();
    await two.close();
  });
  expect(await findAccount(one, "acme")).toMatchObject({ id: one.accountIds["acme"] });
  expect(await findAccount(two, "acme")).toBeUndefined();
});

test("a test that leaves a job fails", async () => {
  const db = await testDb();
  onTestFinished(() => db.close());
  await enqueueJob(db, { kind: "k", key: "1", payload: {} });
  await expect(expectNoLeftovers(db)).rejects.toThrow("1 pending and 0 running");
  const job = await claimJob(db, { worker: "w", leaseSeconds: 60, perHost: 2 });
  await expect(expectNoLeftovers(db)).rejects.toThrow("0 pending and 1 running");
  await finishJob(db, job!);
  await expect(expectNoLeftovers(db)).resolves.toBeUndefined();
});
