import { sql } from "kysely";
import { afterEach, beforeEach, expect, test } from "vitest";
import { testDb, type TestDb } from "./testing/index.ts";
import { createToken, isWellFormedToken } from "./token-text.ts";
import { findToken, insertToken, listTokens, revokeToken, touchToken } from "./tokens.ts";

let db: TestDb;
beforeEach(async () => {
  db = await testDb({ accounts: ["acme", "other"] });
});
afterEach(() => db.close());

const make = (accountId: string | null = db.accountIds["acme"]!) =>
  insertToken(db, { accountId, name: "laptop", scopes: ["publish"], expiresAt: null });

test("a token has the shape that secret scanners know, and one wrong letter is told without a query", () => {
  const { token, prefix } = createToken();
  expect(token).toMatch(/^paks_[0-9A-Za-z]{36}$/);
  expect(prefix).toBe(token.slice(0, 9));
  expect(isWellFormedToken(token)).toBe(true);
  for (let index = 0; index < token.length; index++) {
    const wrong = token.slice(0, index) + (token[index] === "x" ? "y" : "x") + token.slice(index + 1);
    expect(isWellFormedToken(wrong)).toBe(false);
  }
  for (const text of ["", token.slice(1), `${token}a`, `${token}\n`, "paks_"])
    expect(isWellFormedToken(text)).toBe(false);
});

test("the checksum is the base62 CRC-32 of the random part, so that others can compute it", () => {
  // crc32("0" × 30) = 2011552642.
  expect(isWellFormedToken(`paks_${"0".repeat(30)}2C8GjS`)).toBe(true);
  expect(isWellFormedToken(`paks_${"0".repeat(30)}2C8GjT`)).toBe(false);
});

test("a token is found by itself and stored as a hash only", async () => {
  const { token, row } = await make();
  expect(await findToken(db, token)).toEqual({ ...row, account: "acme" });
  expect(await findToken(db, createToken().token)).toBeUndefined();
  const stored = await sql<{ text: string }>`select tokens::text as text from tokens`.execute(db);
  expect(stored.rows[0]?.text).not.toContain(token.slice(9));
});

test("a token of the registry itself belongs to no account", async () => {
  const { token, row } = await make(null);
  expect(await findToken(db, token)).toMatchObject({ accountId: null, account: null });
  expect(await listTokens(db, null)).toEqual([row]);
  expect(await listTokens(db, db.accountIds["acme"]!)).toEqual([]);
});

test("a token that automation sets at every start is one row", async () => {
  const set = () =>
    insertToken(db, {
      accountId: null,
      name: "env",
      scopes: ["admin"],
      expiresAt: null,
      token: "a-secret-of-automation",
    });
  const first = await set();
  expect(await set()).toEqual(first);
  expect(first.row.prefix).toBe("a-se");
  await expect(
    insertToken(db, { accountId: null, name: "x", scopes: [], expiresAt: null, token: "short" }),
  ).rejects.toMatchObject({
    code: "INVALID_PARAMETER",
  });
});

test("a token is revoked once, by its own account only, and can still be found as revoked", async () => {
  const { token, row } = await make();
  expect(await revokeToken(db, { id: row.id, accountId: db.accountIds["other"]! })).toBe(false);
  expect(await revokeToken(db, { id: row.id, accountId: null })).toBe(false);
  expect(await revokeToken(db, { id: "x' or 1=1", accountId: null })).toBe(false);
  expect((await findToken(db, token))?.revokedAt).toBeNull();
  expect(await revokeToken(db, { id: row.id, accountId: db.accountIds["acme"]! })).toBe(true);
  expect(await revokeToken(db, { id: row.id, accountId: db.accountIds["acme"]! })).toBe(false);
  expect((await findToken(db, token))?.revokedAt).toBeInstanceOf(Date);
});

test("the last use is written at most once a minute", async () => {
  const { token, row } = await make();
  await touchToken(db, row.id);
  const first = (await findToken(db, token))?.lastUsedAt;
  expect(first).toBeInstanceOf(Date);
  await touchToken(db, row.id);
  expect((await findToken(db, token))?.lastUsedAt).toEqual(first);
  await sql`update tokens set last_used_at = now() - interval '2 minutes'`.execute(db);
  await touchToken(db, row.id);
  expect((await findToken(db, token))!.lastUsedAt!.getTime()).toBeGreaterThanOrEqual(first!.getTime());
});
