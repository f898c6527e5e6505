import { parseRepositoryUrl } from "@paks/schema";
import { sql } from "kysely";
import { afterEach, beforeEach, expect, test } from "vitest";
import { endAttempt, listJudgedTags, retryAttempt, setAttemptStage, startAttempt } from "./attempt-progress.ts";
import { findAttempt, listAttempts } from "./attempts.ts";
import { enqueueReconcile, type ReconcileHint } from "./enqueue-reconcile.ts";
import { insertRelease } from "./insert-release.ts";
import { claimJob, countJobs } from "./jobs.ts";
import { listOpenAttempts } from "./open-attempts.ts";
import { newRelease, testDb, type TestDb } from "./testing/index.ts";
import { insertToken, revokeToken } from "./tokens.ts";

const repository = parseRepositoryUrl("https://github.com/acme/skills");

let db: TestDb;
beforeEach(async () => {
  db = await testDb({ accounts: ["acme", "other"] });
});
afterEach(() => db.close());

const hint = (more: Partial<ReconcileHint> = {}) =>
  enqueueReconcile(db, { repository, tag: "v1.0.0", trigger: "webhook", evidence: { kind: "webhook" }, ...more });

const open = () => listOpenAttempts(db, repository.key);
const oneHour = () => new Date(Date.now() + 3_600_000);

test("a hint is one attempt, its evidence and one job, together", async () => {
  const attempt = await hint({
    path: "skills/pdf",
    trigger: "token",
    evidence: { kind: "token", accountId: db.accountIds["acme"], details: { address: "x\0y" } },
  });
  expect(attempt).toMatchObject({ state: "queued", tag: "v1.0.0", path: "skills/pdf", tries: 0, trigger: "token" });
  expect(attempt.repository).toBe(repository.url);
  expect(await open()).toMatchObject([
    {
      id: attempt.id,
      evidence: [{ kind: "token", account: "acme", path: "skills/pdf", details: { address: "x\uFFFDy" } }],
    },
  ]);
  const job = await claimJob(db, { worker: "w", leaseSeconds: 60, perHost: 2 });
  expect(job).toMatchObject({
    kind: "reconcile",
    key: repository.key,
    host: "github.com",
    payload: { url: repository.url, key: repository.key },
  });
});

test("twenty equal hints at once are one attempt and one job with twenty pieces of evidence", async () => {
  const attempts = await Promise.all(Array.from({ length: 20 }, () => hint()));
  expect(new Set(attempts.map((attempt) => attempt.id)).size).toBe(1);
  expect(await countJobs(db)).toMatchObject({ pending: 1 });
  expect((await open())[0]?.evidence).toHaveLength(20);
});

test("a hint that comes while an attempt runs is a new attempt, because the evidence was read already", async () => {
  const first = await hint();
  await startAttempt(db, first.id, "fetch");
  const second = await hint();
  expect(second.id).not.toBe(first.id);
  expect((await open()).map((attempt) => attempt.id).toSorted()).toEqual([first.id, second.id].toSorted());
});

test("an attempt that is tried again can wait beside a newer one for the same tag, and takes in the next hint", async () => {
  const first = await hint();
  await startAttempt(db, first.id, "resolve");
  const second = await hint();
  await retryAttempt(db, first.id, { code: "TAG_NOT_FOUND", message: "not yet", nextTryAt: oneHour() });
  expect((await open()).map((attempt) => attempt.id)).toEqual([second.id]);
  const third = await hint();
  expect(third.id).toBe(first.id);
  expect(third.next_try_at).toBeNull();
  expect(await open()).toHaveLength(2);
});

test("hints that name different folders leave the folder open, and each keeps its own", async () => {
  const first = await hint({ path: "a" });
  expect((await hint({ path: "a" })).path).toBe("a");
  expect((await hint({ path: "b" })).path).toBeNull();
  expect((await hint({ path: "a" })).path).toBeNull();
  const attempts = await open();
  expect(attempts[0]?.id).toBe(first.id);
  expect(attempts[0]?.evidence.map((evidence) => evidence.path)).toEqual(["a", "a", "b", "a"]);
});

test("a worker sees what a dead one left running, and nothing that waits for a later time", async () => {
  const orphan = await hint({ tag: "v1.0.0" });
  await startAttempt(db, orphan.id, "fetch");
  const waiting = await hint({ tag: "v1.1.0" });
  await startAttempt(db, waiting.id, "resolve");
  await retryAttempt(db, waiting.id, { code: "TAG_NOT_FOUND", message: "not yet", nextTryAt: oneHour() });
  const ended = await hint({ tag: "v1.2.0" });
  await endAttempt(db, ended.id, { state: "rejected", code: "MANIFEST_MISSING", message: "none" });
  expect(await open()).toMatchObject([{ id: orphan.id, state: "running", tries: 1 }]);
});

test("the author can follow stage, tries, failure and next try", async () => {
  const { id } = await hint();
  await startAttempt(db, id, "resolve");
  await setAttemptStage(db, id, "fetch");
  expect(await findAttempt(db, id)).toMatchObject({ state: "running", stage: "fetch", tries: 1 });
  const nextTryAt = oneHour();
  await retryAttempt(db, id, { code: "GIT_HOST_UNAVAILABLE", message: "down", hint: "wait", nextTryAt });
  expect(await findAttempt(db, id)).toMatchObject({
    state: "queued",
    code: "GIT_HOST_UNAVAILABLE",
    hint: "wait",
    retryable: true,
    next_try_at: nextTryAt.toISOString(),
  });
  await startAttempt(db, id, "resolve");
  await endAttempt(db, id, {
    state: "indexed",
    tagObject: "a".repeat(40),
    releases: [{ account: "acme", name: "pdf", version: "1.0.0", digest: "h1:x", new: true }],
  });
  const ended = await findAttempt(db, id);
  expect(ended).toMatchObject({
    state: "indexed",
    code: null,
    message: null,
    retryable: false,
    tries: 2,
    next_try_at: null,
  });
  expect(ended?.releases).toEqual([{ account: "acme", name: "pdf", version: "1.0.0", digest: "h1:x", new: true }]);
  expect(ended?.ended_at).not.toBeNull();
});

test("what has ended stays as it is", async () => {
  const { id } = await hint();
  await endAttempt(db, id, {
    state: "rejected",
    code: "MANIFEST_INVALID",
    message: "bad",
    details: { path: "SKILL.md" },
  });
  await startAttempt(db, id, "fetch");
  await retryAttempt(db, id, { code: "TAG_NOT_FOUND", message: "x", nextTryAt: oneHour() });
  await endAttempt(db, id, { state: "indexed" });
  expect(await findAttempt(db, id)).toMatchObject({ state: "rejected", code: "MANIFEST_INVALID", tries: 0 });
});

test("an id that is none finds nothing instead of failing", async () => {
  for (const id of ["", "x", "00000000-0000-0000-0000-000000000000", "1; drop table attempts"]) {
    expect(await findAttempt(db, id)).toBeUndefined();
  }
});

test("the scopes of a token that was revoked or expired since are gone", async () => {
  const accountId = db.accountIds["acme"]!;
  const { row } = await insertToken(db, { accountId, name: "ci", scopes: ["publish"], expiresAt: null });
  await hint({ trigger: "token", evidence: { kind: "token", accountId, tokenId: row.id } });
  expect((await open())[0]?.evidence[0]?.scopes).toEqual(["publish"]);
  await db
    .updateTable("tokens")
    .set({ expires_at: new Date(Date.now() - 60_000) })
    .execute();
  expect((await open())[0]?.evidence[0]).toMatchObject({ scopes: null, tokenId: row.id });
  await db.updateTable("tokens").set({ expires_at: null }).execute();
  await revokeToken(db, { id: row.id, accountId });
  expect((await open())[0]?.evidence[0]).toMatchObject({ scopes: null, tokenId: row.id });
});

test("refused content is remembered per tag object; a lack of authority is not", async () => {
  const end = async (
    tag: string,
    code: "MANIFEST_INVALID" | "TAG_MOVED" | "NAMESPACE_FORBIDDEN" | "EVIDENCE_TOO_WEAK" | "BINDING_CONFLICT",
  ) => {
    const { id } = await hint({ tag });
    await endAttempt(db, id, { state: "rejected", code, message: "no", tagObject: "b".repeat(40) });
  };
  await end("v1", "MANIFEST_INVALID");
  await end("v2", "TAG_MOVED");
  await end("v3", "NAMESPACE_FORBIDDEN");
  await end("v4", "EVIDENCE_TOO_WEAK");
  await end("v5", "BINDING_CONFLICT");
  expect(await listJudgedTags(db, repository.key)).toEqual([
    { tag: "v1", tagObject: "b".repeat(40), path: null, code: "MANIFEST_INVALID" },
    { tag: "v2", tagObject: "b".repeat(40), path: null, code: "TAG_MOVED" },
  ]);
});

test("attempts are listed by repository, by who asked, and by pak, newest first", async () => {
  const [acme, other] = [db.accountIds["acme"]!, db.accountIds["other"]!];
  const { pakId } = await insertRelease(db, newRelease({ accountId: acme, repository: repository.url }));
  const mine = await hint({ tag: "a", evidence: { kind: "token", accountId: acme } });
  await db
    .updateTable("attempts")
    .set({ started_at: sql<Date>`now()` })
    .execute();
  const both = await hint({ tag: "b", evidence: { kind: "token", accountId: acme } });
  await hint({ tag: "b", evidence: { kind: "token", accountId: other } });
  const elsewhere = await hint({
    repository: parseRepositoryUrl("https://github.com/acme/elsewhere"),
    tag: "c",
    evidence: { kind: "token", accountId: other },
  });
  await endAttempt(db, mine.id, {
    state: "indexed",
    releases: [{ account: "acme", name: "another", version: "1.0.0", digest: "h1:x", new: true }],
  });
  const ids = async (filter: Parameters<typeof listAttempts>[1]) =>
    (await listAttempts(db, filter)).map(({ id }) => id);
  expect(await ids({ repositoryKey: repository.key, limit: 10 })).toEqual([both.id, mine.id]);
  expect(await ids({ accountId: acme, limit: 10 })).toEqual([both.id, mine.id]);
  expect(await ids({ accountId: other, limit: 10 })).toEqual([elsewhere.id, both.id]);
  expect(await ids({ pakId, limit: 10 })).toEqual([both.id]);
  expect(await ids({ accountId: other, limit: 1 })).toEqual([elsewhere.id]);
});

test("a stranger's tries are not the author's: who comes later gets an attempt of its own", async () => {
  const [acme, other] = [db.accountIds["acme"]!, db.accountIds["other"]!];
  const by = (accountId: string) => hint({ trigger: "token", evidence: { kind: "token", accountId } });
  const strangers = await by(other);
  await startAttempt(db, strangers.id, "resolve");
  await retryAttempt(db, strangers.id, { code: "TAG_NOT_FOUND", message: "not yet", nextTryAt: oneHour() });
  const authors = await by(acme);
  expect(authors).toMatchObject({ tries: 0, state: "queued" });
  expect(authors.id).not.toBe(strangers.id);
  expect((await by(other)).id).toBe(strangers.id);
});

test("a stranger who joined the author's attempt cannot hurry it through its tries", async () => {
  const [acme, other] = [db.accountIds["acme"]!, db.accountIds["other"]!];
  const by = (accountId: string) => hint({ trigger: "token", evidence: { kind: "token", accountId } });
  const authors = await by(acme);
  expect((await by(other)).id).toBe(authors.id);
  await startAttempt(db, authors.id, "resolve");
  await retryAttempt(db, authors.id, { code: "TAG_NOT_FOUND", message: "not yet", nextTryAt: oneHour() });
  expect((await by(other)).id).not.toBe(authors.id);
  expect((await findAttempt(db, authors.id))?.next_try_at).not.toBeNull();
});
