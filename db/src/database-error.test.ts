import { createServer } from "node:net";
import { PaksError } from "@paks/schema";
import { sql } from "kysely";
import { expect, onTestFinished, test } from "vitest";
import { openDatabase } from "./database.ts";
import { databaseError, sqlState } from "./database-error.ts";
import { testDb } from "./testing/index.ts";

const failure = async (work: Promise<unknown>): Promise<unknown> => {
  try {
    await work;
  } catch (error) {
    return error;
  }
  throw new Error("It did not fail.");
};

const withCode = (code: string, more: object = {}) => Object.assign(new Error("x"), { code, ...more });

test.each([
  "53300",
  "57P01",
  "57P03",
  "08006",
  "08P01",
  "53100",
  "57014",
  "55P03",
  "40001",
  "40P01",
  "25006",
  "25P03",
  "ECONNREFUSED",
  "ECONNRESET",
  "ETIMEDOUT",
  "EAI_AGAIN",
])("%s means that the database is not available, with the cause kept", (code) => {
  const cause = withCode(code);
  expect(databaseError(cause)).toMatchObject({ code: "DB_UNAVAILABLE", cause });
  expect(databaseError(new Error("query failed", { cause }))).toMatchObject({ code: "DB_UNAVAILABLE" });
});

test("a full disk is named", () => {
  expect(databaseError(withCode("53100"))?.message).toContain("storage is full");
});

test("mistakes of ours and other errors stay what they are", () => {
  for (const error of [
    withCode("23505"),
    withCode("42601"),
    withCode("22P05"),
    withCode("ENOENT"),
    new Error("x"),
    "text",
    null,
  ]) {
    expect(databaseError(error)).toBeUndefined();
  }
  expect(databaseError(new PaksError("PAK_NOT_FOUND", "x"))).toBeUndefined();
  const already = new PaksError("DB_UNAVAILABLE", "x");
  expect(databaseError(already)).toBe(already);
});

test("an error of a query carries its SQLSTATE on both engines", async () => {
  const db = await testDb();
  onTestFinished(() => db.close());
  expect(sqlState(await failure(sql`select 1 / 0`.execute(db)))).toBe("22012");
});

const open = async (url: string) => {
  const database = await openDatabase({ url });
  onTestFinished(() => database.close());
  return database.db;
};

test("a server that is not there is DB_UNAVAILABLE within a moment", async () => {
  const db = await open("postgres://nobody@127.0.0.1:1/none");
  expect(databaseError(await failure(sql`select 1`.execute(db)))).toMatchObject({ code: "DB_UNAVAILABLE" });
});

test("a server that accepts and never answers is DB_UNAVAILABLE within seconds", async () => {
  const server = createServer(() => undefined);
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  onTestFinished(() => void server.close());
  const address = server.address();
  const port = typeof address === "object" ? address?.port : undefined;
  const db = await open(`postgres://nobody@127.0.0.1:${port}/none`);
  expect(databaseError(await failure(sql`select 1`.execute(db)))).toMatchObject({ code: "DB_UNAVAILABLE" });
});
