import { AttemptDto, isPaksError, parseRepositoryUrl } from "@paks/schema";
import { sql } from "kysely";
import { afterEach, beforeEach, expect, test } from "vitest";
import { listAttempts } from "./attempts.ts";
import { enqueueReconcile } from "./enqueue-reconcile.ts";
import { insertRelease } from "./insert-release.ts";
import { countJobs } from "./jobs.ts";
import { listOpenAttempts } from "./open-attempts.ts";
import {
  endRehearsal,
  enqueueRehearsal,
  findOpenRehearsal,
  findRehearsal,
  type RehearsalQuestion,
  setRehearsalStage,
  startRehearsal,
} from "./rehearsals.ts";
import { rehearseRelease } from "./rehearse-release.ts";
import { deleteExpiredRows } from "./retention.ts";
import { newRelease, testDb, type TestDb } from "./testing/index.ts";
import { insertToken } from "./tokens.ts";

let db: TestDb;
let acme: string;
beforeEach(async () => {
  db = await testDb({ accounts: ["acme"] });
  acme = db.accountIds["acme"]!;
});
afterEach(() => db.close());

const repository = parseRepositoryUrl("https://github.com/acme/pdf");
const ask = (more: Partial<RehearsalQuestion> = {}) =>
  enqueueRehearsal(db, { repository, tag: "v1.0.0", asker: "address 192.0.2.1", ...more });
const codeOf = (work: Promise<unknown>) =>
  work.then(
    () => "ok",
    (error: unknown) => (isPaksError(error) ? error.code : error),
  );

test("a question is a job and can be followed like an attempt, from queued to its answer", async () => {
  const asked = await ask({ path: "skills/pdf" });
  expect(AttemptDto.parse(asked)).toMatchObject({ trigger: "why-not", state: "queued", path: "skills/pdf", tries: 0 });
  expect(await countJobs(db)).toMatchObject({ pending: 1 });
  await startRehearsal(db, asked.id, "resolve");
  await setRehearsalStage(db, asked.id, "check");
  expect(await findRehearsal(db, asked.id)).toMatchObject({ state: "running", stage: "check", tries: 1 });
  await endRehearsal(db, asked.id, {
    state: "rejected",
    code: "TAG_NOT_A_COMMIT",
    message: "No\0.",
    details: { a: 1 },
  });
  const ended = AttemptDto.parse(await findRehearsal(db, asked.id));
  expect(ended).toMatchObject({ state: "rejected", code: "TAG_NOT_A_COMMIT", message: "No\uFFFD.", details: { a: 1 } });
  expect(await findOpenRehearsal(db, asked.id)).toBeUndefined();
  await endRehearsal(db, asked.id, { state: "releasable" });
  expect(await findRehearsal(db, asked.id)).toEqual(ended);
  expect(await findRehearsal(db, "no id")).toBeUndefined();
});

test("nothing that works on attempts sees a question, and neither stands in the other's way", async () => {
  await ask();
  expect(await listOpenAttempts(db, repository.key)).toEqual([]);
  expect(await listAttempts(db, { repositoryKey: repository.key, limit: 10 })).toEqual([]);
  const hint = { repository, tag: "v1.0.0", trigger: "token", evidence: { kind: "token", accountId: acme } } as const;
  const attempt = await enqueueReconcile(db, hint);
  expect(attempt.trigger).toBe("token");
  expect(await countJobs(db)).toMatchObject({ pending: 2 });
});

test("one question of an asker waits at a time; the same one is the same, and the answer frees the asker", async () => {
  const first = await ask();
  expect((await ask()).id).toBe(first.id);
  expect(await codeOf(ask({ tag: "v2.0.0" }))).toBe("RATE_LIMITED");
  expect(await codeOf(ask({ path: "" }))).toBe("RATE_LIMITED");
  expect(await codeOf(ask({ tag: "v2.0.0", asker: "address 192.0.2.2" }))).toBe("ok");
  await endRehearsal(db, first.id, { state: "releasable" });
  expect(await codeOf(ask({ tag: "v2.0.0" }))).toBe("ok");
});

test("of questions that come at once one is taken", async () => {
  const codes = await Promise.all(["v1", "v2", "v3", "v4", "v5"].map((tag) => codeOf(ask({ tag }))));
  expect(codes.filter((code) => code === "ok")).toHaveLength(1);
  expect(codes.filter((code) => code === "RATE_LIMITED")).toHaveLength(4);
});

test("who asked is kept as a hash until the answer is there, and not a day longer", async () => {
  const { id } = await ask();
  const asker = async () =>
    (await db.selectFrom("rehearsals").select("asker").where("id", "=", id).executeTakeFirst())?.asker;
  expect(await asker()).toMatch(/^[0-9a-f]{64}$/);
  await endRehearsal(db, id, { state: "releasable" });
  expect(await asker()).toBeNull();
  await deleteExpiredRows(db);
  expect(await findRehearsal(db, id)).toBeDefined();
  await db
    .updateTable("rehearsals")
    .set({ ended_at: sql<Date>`now() - interval '31 days'` })
    .execute();
  await deleteExpiredRows(db);
  expect(await findRehearsal(db, id)).toBeUndefined();
});

test("an asker's token is evidence with the scopes that it has now; nobody's question has none", async () => {
  const { row } = await insertToken(db, { accountId: acme, name: "t", scopes: ["publish"], expiresAt: null });
  const asked = await ask({ accountId: acme, tokenId: row.id, path: "skills/pdf" });
  const evidence = async () => (await findOpenRehearsal(db, asked.id))?.evidence;
  expect(await evidence()).toMatchObject([
    { kind: "token", account: "acme", accountId: acme, tokenId: row.id, scopes: ["publish"], path: "skills/pdf" },
  ]);
  await db
    .updateTable("tokens")
    .set({ revoked_at: sql<Date>`now()` })
    .execute();
  expect(await evidence()).toMatchObject([{ scopes: null }]);
  const stranger = await ask({ asker: "address 192.0.2.9" });
  expect((await findOpenRehearsal(db, stranger.id))?.evidence).toEqual([]);
});

test("a rehearsed release answers and refuses as the real one would, and leaves nothing", async () => {
  const count = async () =>
    (
      await sql<{ n: string }>`
        select (select count(*) from paks) || ' ' || (select count(*) from releases) || ' ' ||
          (select count(*) from bindings) || ' ' || (select count(*) from audit_events) as n`.execute(db)
    ).rows[0]?.n;
  const release = newRelease({ accountId: acme });
  expect(await rehearseRelease(db, release)).toEqual({ created: true });
  expect(await count()).toBe("0 0 0 0");
  await insertRelease(db, release);
  const before = await count();
  expect(await rehearseRelease(db, release)).toEqual({ created: false });
  const other = { ...release, digest: newRelease({ accountId: acme, version: "9.9.9" }).digest };
  expect(await codeOf(rehearseRelease(db, other))).toBe("TAG_MOVED");
  expect(await codeOf(rehearseRelease(db, { ...other, tag: "1.0.0" }))).toBe("VERSION_EXISTS");
  expect(await codeOf(rehearseRelease(db, newRelease({ accountId: acme, name: "csv", mayBind: false })))).toBe(
    "EVIDENCE_TOO_WEAK",
  );
  expect(await count()).toBe(before);
  await expect(db.transaction().execute((trx) => rehearseRelease(trx, release))).rejects.toThrow("of its own");
});
