import { afterEach, beforeEach, expect, test } from "vitest";
import { countAccounts, findAccount, insertAccount } from "./accounts.ts";
import { testDb, type TestDb } from "./testing/index.ts";

let db: TestDb;
beforeEach(async () => {
  db = await testDb();
});
afterEach(() => db.close());

test("an account can be found by exactly its name", async () => {
  const account = await insertAccount(db, { name: "acme", kind: "organisation" });
  expect(account).toMatchObject({ name: "acme", kind: "organisation" });
  expect(await findAccount(db, "acme")).toEqual(account);
  expect(await findAccount(db, "ac-me")).toBeUndefined();
  expect(await countAccounts(db)).toBe(1);
});

test("names that differ only in hyphens are one name, also when both are asked for at once", async () => {
  const results = await Promise.allSettled(["my-team", "myteam", "m-yteam"].map((name) => insertAccount(db, { name })));
  expect(results.filter(({ status }) => status === "fulfilled")).toHaveLength(1);
  expect(results.find(({ status }) => status === "rejected")).toMatchObject({ reason: { code: "NAME_TAKEN" } });
});

test.each([
  ["admin", "NAME_RESERVED"],
  ["a--b", "INVALID_NAME"],
  ["", "INVALID_NAME"],
  ["a".repeat(40), "INVALID_NAME"],
])("the name %j is refused as %s", async (name, code) => {
  await expect(insertAccount(db, { name })).rejects.toMatchObject({ code });
});
