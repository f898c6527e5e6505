import { createHmac, randomUUID } from "node:crypto";
import { Webhooks } from "@octokit/webhooks";
import { countJobs, insertWebhookSecret, listOpenAttempts } from "@paks/db";
import { parseRepositoryUrl } from "@paks/schema";
import { expect, test } from "vitest";
import { dataOf, refusalOf, type TestApi, testApi, testPolicy } from "../testing/test-api.ts";

const url = "https://git.test/acme/pdf";
const { key } = parseRepositoryUrl(url, testPolicy);

const payload = (more: object = {}) => ({
  ref: "refs/tags/v1.0.0",
  created: true,
  deleted: false,
  repository: { id: 42, clone_url: `${url}.git`, html_url: url, owner: { id: 7, login: "acme" } },
  ...more,
});

const sign = (secret: string, body: string | Uint8Array) =>
  `sha256=${createHmac("sha256", secret).update(body).digest("hex")}`;

interface Sent {
  readonly body?: string;
  readonly secret?: string;
  readonly signature?: string | null;
  readonly event?: string;
  readonly id?: string;
  readonly type?: string;
}

async function open(options: Parameters<typeof testApi>[0] = {}) {
  const api = await testApi(options);
  const secret = await insertWebhookSecret(api.db, { accountId: await api.accountId("acme"), repositoryKey: key });
  return { ...api, secret, send: (sent: Sent = {}) => deliver(api, { secret, ...sent }) };
}

function deliver(api: TestApi, sent: Sent & { secret: string }): Promise<Response> {
  const {
    body = JSON.stringify(payload()),
    secret,
    event = "push",
    id = randomUUID(),
    type = "application/json",
  } = sent;
  const signature = sent.signature === undefined ? sign(secret, body) : sent.signature;
  const headers: Record<string, string> = { "content-type": type, "x-github-event": event, "x-github-delivery": id };
  if (signature !== null) headers["x-hub-signature-256"] = signature;
  return api.request("/api/hooks/github", { method: "POST", body, headers });
}

const invalid = { status: 401, code: "INVALID_SIGNATURE" };

test("a signed tag push becomes an attempt with the host's numeric ids as evidence", async () => {
  const { send, db, accountId } = await open();
  const answer = await send({ id: "d-1" });
  expect(answer.status).toBe(202);
  expect(await dataOf(answer)).toMatchObject({ attempt: { tag: "v1.0.0", trigger: "webhook", state: "queued" } });
  const [attempt] = await listOpenAttempts(db, key);
  expect(attempt?.evidence).toMatchObject([
    {
      kind: "webhook",
      accountId: await accountId("acme"),
      tokenId: null,
      details: { repository_id: "42", owner_id: "7", delivery: "d-1", event: "push" },
    },
  ]);
});

test("what GitHub's own library signs is accepted", async () => {
  const { send, secret } = await open();
  const body = JSON.stringify(payload());
  const signature = await new Webhooks({ secret }).sign(body);
  expect((await send({ body, signature })).status).toBe(202);
});

test("a repeated delivery changes nothing and says so", async () => {
  const { send, db } = await open();
  expect((await send({ id: "d-1" })).status).toBe(202);
  const again = await Promise.all(Array.from({ length: 5 }, () => send({ id: "d-1" })));
  for (const answer of again) {
    expect(answer.status).toBe(200);
    expect(await dataOf(answer)).toEqual({ duplicate: true });
  }
  const [attempt] = await listOpenAttempts(db, key);
  expect(attempt?.evidence).toHaveLength(1);
});

test("twenty events for one tag are one attempt and one job", async () => {
  const { send, db } = await open();
  const create = JSON.stringify({ ref: "v1.0.0", ref_type: "tag", repository: payload().repository });
  await Promise.all(Array.from({ length: 10 }, () => send()));
  await Promise.all(Array.from({ length: 10 }, () => send({ event: "create", body: create })));
  expect(await listOpenAttempts(db, key)).toHaveLength(1);
  expect(await countJobs(db)).toMatchObject({ pending: 1 });
});

test("an unknown repository, a wrong signature and a body that is no JSON get one and the same answer", async () => {
  const { send, secret, db } = await open();
  const stranger = JSON.stringify(payload({ repository: { id: 1, clone_url: "https://git.test/no/body" } }));
  const elsewhere = JSON.stringify(payload({ repository: { id: 1, clone_url: "file:///etc/passwd" } }));
  const body = JSON.stringify(payload());
  const right = sign(secret, body);
  const answers = await Promise.all([
    send({ body: stranger }),
    send({ body: elsewhere }),
    send({ secret: "another" }),
    send({ signature: null }),
    send({ signature: "" }),
    send({ signature: "sha256=" }),
    send({ signature: "sha256=00" }),
    send({ signature: right.slice(0, -1) }),
    send({ signature: `${right}0` }),
    send({ signature: right.toUpperCase() }),
    send({ signature: right.replace("sha256=", "sha1=") }),
    send({ body: `${body} `, signature: right }),
    send({ body: "{" }),
    send({ body: "null" }),
    send({ body: "[]" }),
    send({ body: "" }),
    send({ body: JSON.stringify({ ref: "refs/tags/v1.0.0" }) }),
  ]);
  const texts = await Promise.all(answers.map((answer) => answer.clone().text()));
  expect(new Set(texts).size).toBe(1);
  for (const answer of answers) expect(await refusalOf(answer)).toEqual(invalid);
  expect(await listOpenAttempts(db, key)).toEqual([]);
});

test("the signature covers the bytes as they came: the same JSON written otherwise is refused", async () => {
  const { send, secret } = await open();
  const pretty = JSON.stringify(payload(), null, 2);
  expect((await send({ body: pretty })).status).toBe(202);
  expect(await refusalOf(await send({ body: JSON.stringify(payload()), signature: sign(secret, pretty) }))).toEqual(
    invalid,
  );
});

test("bytes that are not UTF-8 are refused even when they are signed", async () => {
  const { request, secret } = await open();
  const text = Buffer.from(JSON.stringify(payload({ note: "?" })), "utf8");
  const body = new Uint8Array(text.map((byte) => (byte === 0x3f ? 0xff : byte)));
  const headers = {
    "content-type": "application/json",
    "x-github-event": "push",
    "x-github-delivery": "d",
    "x-hub-signature-256": sign(secret, body),
  };
  expect(await refusalOf(await request("/api/hooks/github", { method: "POST", body, headers }))).toEqual(invalid);
});

test("a secret is good for its own repository only", async () => {
  const { send, db, accountId } = await open();
  const other = await insertWebhookSecret(db, { accountId: await accountId("other"), repositoryKey: `${key}-two` });
  expect(await refusalOf(await send({ secret: other }))).toEqual(invalid);
});

test("an old secret works beside the new one, so that it can be changed without a gap", async () => {
  const { send, secret, db, accountId } = await open();
  const newer = await insertWebhookSecret(db, { accountId: await accountId("acme"), repositoryKey: key });
  expect((await send({ secret: newer })).status).toBe(202);
  expect((await send({ secret })).status).toBe(202);
});

test("pings, branches, deletions and other events are answered 200 and do nothing", async () => {
  const { send, db } = await open();
  const repository = payload().repository;
  const quiet = async (sent: Sent) => {
    const answer = await send(sent);
    expect(answer.status).toBe(200);
    return dataOf(answer);
  };
  expect(await quiet({ event: "ping", body: JSON.stringify({ zen: "…", hook_id: 1, repository }) })).toEqual({
    pong: true,
  });
  expect(await quiet({ body: JSON.stringify(payload({ ref: "refs/heads/v1.0.0" })) })).toHaveProperty("ignored");
  expect(await quiet({ body: JSON.stringify(payload({ deleted: true })) })).toEqual({ ignored: "deleted" });
  expect(
    await quiet({ event: "create", body: JSON.stringify({ ref: "main", ref_type: "branch", repository }) }),
  ).toHaveProperty("ignored");
  expect(await quiet({ event: "star", body: JSON.stringify({ action: "created", repository }) })).toHaveProperty(
    "ignored",
  );
  expect(await quiet({ body: JSON.stringify(payload({ ref: "refs/tags/-x" })) })).toHaveProperty("ignored");
  expect(await listOpenAttempts(db, key)).toEqual([]);
});

test("a signed body that is not its event, and headers that are missing, are 400", async () => {
  const { send } = await open();
  const bad = { status: 400, code: "INVALID_PARAMETER" };
  expect(await refusalOf(await send({ body: JSON.stringify(payload({ ref: 5 })) }))).toEqual(bad);
  expect(
    await refusalOf(await send({ event: "create", body: JSON.stringify({ repository: payload().repository }) })),
  ).toEqual(bad);
  expect(await refusalOf(await send({ id: "a b" }))).toEqual(bad);
  expect(await refusalOf(await send({ event: "Push!" }))).toEqual(bad);
});

test("1 MiB is read, one byte more is not", async () => {
  const { send } = await open();
  const padded = (length: number) => JSON.stringify(payload()).padEnd(length);
  expect((await send({ body: padded(1024 * 1024) })).status).toBe(202);
  expect(await refusalOf(await send({ body: padded(1024 * 1024 + 1) }))).toEqual({
    status: 413,
    code: "BODY_TOO_LARGE",
  });
  expect(await refusalOf(await send({ type: "application/x-www-form-urlencoded" }))).toEqual({
    status: 415,
    code: "UNSUPPORTED_MEDIA_TYPE",
  });
});

test("a registry without any secret says that it takes no webhooks", async () => {
  const api = await testApi();
  const answer = await deliver(api, { secret: "x" });
  expect(await refusalOf(answer)).toEqual({ status: 503, code: "WEBHOOK_NOT_CONFIGURED" });
});

test("wrong signatures use up the address's requests; right ones never meet the address's limit", async () => {
  const { send } = await open({ rateLimits: { anonymous: 2, token: 100 } });
  const wrong = [];
  for (let i = 0; i < 4; i += 1) wrong.push((await send({ secret: "wrong" })).status);
  expect(wrong).toEqual([401, 401, 429, 429]);
  expect((await send()).status).toBe(202);
});

test("the secrets of another account do not crowd out this one's; of one account the newest three count", async () => {
  const { send, secret, db, accountId } = await open();
  const more = async (account: string) =>
    insertWebhookSecret(db, { accountId: await accountId(account), repositoryKey: key });
  for (let i = 0; i < 12; i += 1) await more("other");
  expect((await send({ secret })).status).toBe(202);
  for (let i = 0; i < 3; i += 1) await more("acme");
  expect(await refusalOf(await send({ secret }))).toEqual(invalid);
});
