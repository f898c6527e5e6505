import { sql } from "kysely";
import { afterEach, beforeEach, expect, test } from "vitest";
import { insertAuditEvent } from "./audit.ts";
import { countDownload } from "./downloads.ts";
import { findFact, insertFact } from "./facts.ts";
import { findIdempotent, insertIdempotent } from "./idempotency.ts";
import { insertRelease } from "./insert-release.ts";
import { findPak } from "./paks.ts";
import { deleteExpiredRows } from "./retention.ts";
import { newRelease, testDb, type TestDb } from "./testing/index.ts";
import { insertToken } from "./tokens.ts";
import { hasWebhookSecrets, insertDelivery, insertWebhookSecret, listWebhookSecrets } from "./webhooks.ts";

let db: TestDb;
let acme: string;
beforeEach(async () => {
  db = await testDb({ accounts: ["acme"] });
  acme = db.accountIds["acme"]!;
});
afterEach(() => db.close());

const rowsOf = async (table: "download_visitors" | "idempotency_keys" | "webhook_deliveries" | "jobs") =>
  Number(
    (
      await db
        .selectFrom(table)
        .select(sql<string>`count(*)`.as("n"))
        .executeTakeFirstOrThrow()
    ).n,
  );

test("a download counts once per visitor, release and day, also when twenty come at once", async () => {
  const { releaseId } = await insertRelease(db, newRelease({ accountId: acme }));
  await insertRelease(db, newRelease({ accountId: acme, version: "1.1.0" }));
  const exact = { account: "acme", name: "pdf", version: "1.1.0" };
  await Promise.all(Array.from({ length: 20 }, () => countDownload(db, { releaseId, visitor: "192.0.2.1" })));
  await countDownload(db, { releaseId, visitor: "192.0.2.2" });
  await countDownload(db, { ...exact, visitor: "192.0.2.1" });
  await countDownload(db, { ...exact, version: "9.9.9", visitor: "192.0.2.1" });
  expect((await findPak(db, { account: "acme", name: "pdf" }))?.downloads).toBe(3);
  const counts = await db.selectFrom("downloads").select("count").orderBy("release_id").execute();
  expect(counts).toEqual([{ count: "2" }, { count: "1" }]);
});

test("a visitor's address is not in the database, and what is there is deleted after two days", async () => {
  const { releaseId } = await insertRelease(db, newRelease({ accountId: acme }));
  await countDownload(db, { releaseId, visitor: "192.0.2.1" });
  const stored = await db.selectFrom("download_visitors").select("visitor").executeTakeFirstOrThrow();
  expect(stored.visitor).toHaveLength(16);
  await deleteExpiredRows(db);
  expect(await rowsOf("download_visitors")).toBe(1);
  await sql`update download_visitors set day = day - 3`.execute(db);
  await deleteExpiredRows(db);
  expect(await rowsOf("download_visitors")).toBe(0);
  expect((await findPak(db, { account: "acme", name: "pdf" }))?.downloads).toBe(1);
});

test("a fact is made once, by whoever comes first", async () => {
  const made = await Promise.all([1, 2, 3].map((value) => insertFact(db, "salt", { value })));
  expect(made.filter(Boolean)).toHaveLength(1);
  const fact = await findFact(db, "salt");
  expect(await insertFact(db, "salt", "other")).toBe(false);
  expect(await findFact(db, "salt")).toEqual(fact);
  expect(await findFact(db, "none")).toBeUndefined();
});

test("an answer is repeated for the same request for a day, and refused for another one", async () => {
  const { row } = await insertToken(db, { accountId: acme, name: "x", scopes: ["publish"], expiresAt: null });
  const request = { tokenId: row.id, key: "k", requestHash: "h" };
  expect(await findIdempotent(db, request)).toBeUndefined();
  expect(await insertIdempotent(db, { ...request, status: 202, response: { data: [1] } })).toBe(true);
  expect(await insertIdempotent(db, { ...request, status: 500, response: {} })).toBe(false);
  expect(await findIdempotent(db, request)).toEqual({ status: 202, response: { data: [1] } });
  await expect(findIdempotent(db, { ...request, requestHash: "other" })).rejects.toMatchObject({
    code: "IDEMPOTENCY_CONFLICT",
  });
  const stranger = await insertToken(db, { accountId: acme, name: "y", scopes: ["publish"], expiresAt: null });
  expect(await findIdempotent(db, { ...request, tokenId: stranger.row.id })).toBeUndefined();
  await sql`update idempotency_keys set created_at = now() - interval '25 hours'`.execute(db);
  expect(await findIdempotent(db, { ...request, requestHash: "other" })).toBeUndefined();
  expect(await insertIdempotent(db, { ...request, requestHash: "other", status: 200, response: null })).toBe(true);
  expect(await findIdempotent(db, { ...request, requestHash: "other" })).toEqual({ status: 200, response: null });
});

test("a delivery is taken once per host, also when it comes twenty times at once", async () => {
  const delivery = { host: "github.com", deliveryId: "d1", event: "push", repositoryKey: "k" };
  const taken = await Promise.all(Array.from({ length: 20 }, () => insertDelivery(db, delivery)));
  expect(taken.filter(Boolean)).toHaveLength(1);
  expect(await insertDelivery(db, { ...delivery, host: "gitlab.com" })).toBe(true);
});

test("webhook secrets are of one repository, newest first, and can overlap", async () => {
  expect(await hasWebhookSecrets(db)).toBe(false);
  const first = await insertWebhookSecret(db, { accountId: acme, repositoryKey: "k" });
  const second = await insertWebhookSecret(db, { accountId: acme, repositoryKey: "k" });
  expect(first).toMatch(/^whsec_[0-9A-Za-z]{40}$/);
  expect(await listWebhookSecrets(db, "k")).toEqual([
    { secret: second, accountId: acme, account: "acme" },
    { secret: first, accountId: acme, account: "acme" },
  ]);
  expect(await listWebhookSecrets(db, "other")).toEqual([]);
  expect(await hasWebhookSecrets(db)).toBe(true);
  await sql`update webhook_secrets set revoked_at = now()`.execute(db);
  expect(await listWebhookSecrets(db, "k")).toEqual([]);
});

test("what is kept for a time only goes away after it, and nothing else", async () => {
  await insertDelivery(db, { host: "h", deliveryId: "old", event: "push", repositoryKey: "k" });
  await sql`update webhook_deliveries set received_at = now() - interval '31 days'`.execute(db);
  await insertDelivery(db, { host: "h", deliveryId: "new", event: "push", repositoryKey: "k" });
  await sql`insert into jobs (kind, key, payload, state, run_at) values
    ('a', '1', '{}', 'dead', now() - interval '31 days'), ('a', '2', '{}', 'dead', now()),
    ('a', '3', '{}', 'pending', now() - interval '31 days')`.execute(db);
  await insertAuditEvent(db, { action: "kept", accountId: acme });
  await deleteExpiredRows(db);
  expect(await rowsOf("webhook_deliveries")).toBe(1);
  expect(await rowsOf("jobs")).toBe(2);
});
