import { sql } from "kysely";
import { expect, onTestFinished, test } from "vitest";
import { findFact, insertFact } from "./facts.ts";
import type { Db } from "./tables.ts";
import { testDb } from "./testing/index.ts";
import { inTransaction } from "./transaction.ts";

test("two transactions that lock in opposite order both succeed", async () => {
  const db = await testDb();
  onTestFinished(() => db.close());
  await insertFact(db, "a", 0);
  await insertFact(db, "b", 0);
  const touch = (trx: Db, key: string) =>
    sql`update registry_facts set value = to_jsonb(value::text::int + 1) where key = ${key}`.execute(trx);
  const cross = (first: string, second: string) =>
    inTransaction(db, async (trx) => {
      await touch(trx, first);
      await sql`select pg_sleep(0.2)`.execute(trx);
      await touch(trx, second);
    });
  await Promise.all([cross("a", "b"), cross("b", "a")]);
  expect([await findFact(db, "a"), await findFact(db, "b")]).toEqual([2, 2]);
});
