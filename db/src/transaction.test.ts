import { sql } from "kysely";
import { afterEach, beforeEach, expect, test } from "vitest";
import { findFact, insertFact } from "./facts.ts";
import { testDb, type TestDb } from "./testing/index.ts";
import { inTransaction } from "./transaction.ts";

let db: TestDb;
beforeEach(async () => {
  db = await testDb();
});
afterEach(() => db.close());

test("a failure rolls everything back, also what was done inside by joining", async () => {
  const work = inTransaction(db, async (trx) => {
    await insertFact(trx, "outer", 1);
    await inTransaction(trx, (inner) => insertFact(inner, "inner", 2));
    throw new Error("rolled back");
  });
  await expect(work).rejects.toThrow("rolled back");
  expect([await findFact(db, "outer"), await findFact(db, "inner")]).toEqual([undefined, undefined]);
});

test("a serialisation failure is tried again three times and then told", async () => {
  let tries = 0;
  const failing = (times: number) =>
    inTransaction(db, async (trx) => {
      tries += 1;
      if (tries <= times) await sql`do $$ begin raise exception 'x' using errcode = '40001'; end $$`.execute(trx);
      return tries;
    });
  expect(await failing(3)).toBe(4);
  tries = 0;
  await expect(failing(9)).rejects.toMatchObject({ code: "40001" });
  expect(tries).toBe(4);
});

test("an error of the work itself is not repeated", async () => {
  let tries = 0;
  const work = inTransaction(db, async () => {
    tries += 1;
    throw new Error("once");
  });
  await expect(work).rejects.toThrow("once");
  expect(tries).toBe(1);
});
