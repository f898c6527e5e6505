import { countJobs, enqueueRehearsal, listOpenAttempts } from "@paks/db";
import { mostTagsAtOnce, parseRepositoryUrl } from "@paks/schema";
import { expect, test } from "vitest";
import { dataOf, refusalOf, testApi, testPolicy } from "../testing/test-api.ts";

const repository = "https://git.test/acme/skills";
const { key } = parseRepositoryUrl(repository, testPolicy);
const unknown = "00000000-0000-4000-8000-000000000000";

interface Entry {
  readonly tag: string;
  readonly path: string | null;
  readonly attempt?: { readonly id: string; readonly tag: string };
  readonly error?: { readonly code: string };
}

async function open(options: Parameters<typeof testApi>[0] = {}) {
  const api = await testApi(options);
  const token = await api.makeToken("acme");
  const post = (json: object, headers: Record<string, string> = {}) =>
    api.request("/api/index", { token, json, headers });
  const tell = async (tags: readonly object[], headers: Record<string, string> = {}) =>
    await dataOf<Entry[]>(await post({ repository, tags }, headers));
  return { ...api, token, post, tell };
}

const invalid = { status: 400, code: "INVALID_PARAMETER" };

test("several tags are one request: an attempt with its evidence each, in their order, and one job", async () => {
  const { post, db, accountId } = await open();
  const tags = [{ tag: "b--v1", path: "skills/b" }, { tag: "a--v1", path: "skills/a/" }, { tag: "v1" }];
  const answer = await post({ repository, tags });
  expect(answer.status).toBe(202);
  const told = await dataOf<Entry[]>(answer);
  expect(told).toMatchObject([
    { tag: "b--v1", path: "skills/b", attempt: { tag: "b--v1", path: "skills/b", state: "queued", trigger: "token" } },
    { tag: "a--v1", path: "skills/a/", attempt: { tag: "a--v1", path: "skills/a" } },
    { tag: "v1", path: null, attempt: { tag: "v1", path: null } },
  ]);
  expect(await countJobs(db)).toMatchObject({ pending: 1 });
  const opened = await listOpenAttempts(db, key);
  expect(new Set(opened.map(({ id }) => id))).toEqual(new Set(told.map(({ attempt }) => attempt?.id)));
  const account = await accountId("acme");
  for (const { evidence } of opened)
    expect(evidence).toMatchObject([{ kind: "token", accountId: account, scopes: ["publish"] }]);
});

test("a tag told alone and among several is one attempt", async () => {
  const { post, tell, db } = await open();
  const { id } = await dataOf<{ id: string }>(await post({ repository, tag: "v1", path: "a" }));
  const told = await tell([
    { tag: "v2", path: "b" },
    { tag: "v1", path: "a" },
  ]);
  expect(told[1]?.attempt?.id).toBe(id);
  expect(await listOpenAttempts(db, key)).toHaveLength(2);
});

test("a bad tag among several is told with its error, and loses none of the others", async () => {
  const { tell, db } = await open();
  const told = await tell([
    { tag: "v1", path: "a" },
    { tag: "-x", path: "a" },
    { tag: "v2", path: "../x" },
    { tag: "v3", path: "x".repeat(300) },
    { tag: "v4", path: "b" },
  ]);
  expect(told.map(({ tag, error }) => [tag.slice(0, 9), error?.code])).toEqual([
    ["v1", undefined],
    ["-x", "INVALID_TAG"],
    ["v2", "UNSAFE_PATH"],
    ["v3", "INVALID_PARAMETER"],
    ["v4", undefined],
  ]);
  expect((await listOpenAttempts(db, key)).map(({ tag }) => tag).toSorted()).toEqual(["v1", "v4"]);
});

test("what is named twice is one hint, and is answered twice", async () => {
  const { tell, db } = await open();
  const told = await tell([{ tag: "v1", path: "a" }, { tag: "v2" }, { tag: "v1", path: "./a/" }, { tag: "v1" }]);
  expect(told.map(({ tag, path }) => [tag, path])).toEqual([
    ["v1", "a"],
    ["v2", null],
    ["v1", "./a/"],
    ["v1", null],
  ]);
  expect(told[2]?.attempt).toEqual(told[0]?.attempt);
  const opened = await listOpenAttempts(db, key);
  const folders = opened.find(({ tag }) => tag === "v1")?.evidence.map(({ path }) => path);
  expect(folders?.toSorted()).toEqual(["a", null]);
});

test("skill_path is the older name of path for each of several tags, too", async () => {
  const { tell } = await open();
  const told = await tell([
    { tag: "v1", skill_path: "skills/a" },
    { tag: "v2", path: "a", skill_path: "b" },
  ]);
  expect(told).toMatchObject([
    { path: "skills/a", attempt: { path: "skills/a" } },
    { path: "a", error: { code: "INVALID_PARAMETER" } },
  ]);
});

test("a token names ten times as many tags in a minute as it has requests, then is told when to come back", async () => {
  const { post, request, makeToken, db } = await open({ rateLimits: { anonymous: 20, token: 10 } });
  const batch = (at: number) => Array.from({ length: mostTagsAtOnce }, (_, tag) => ({ tag: `v${at}.${tag}` }));
  const first = await post({ repository, tags: batch(1) });
  expect([first.status, first.headers.get("ratelimit-remaining")]).toEqual([202, "9"]);
  expect((await post({ repository, tags: batch(2) })).status).toBe(202);
  const refused = await post({ repository, tags: [{ tag: "v3" }] });
  expect(Number(refused.headers.get("retry-after"))).toBeGreaterThan(0);
  // Nothing said against requests of another kind.
  expect(refused.headers.get("ratelimit-remaining")).toBe("7");
  expect(await refusalOf(refused)).toEqual({ status: 429, code: "RATE_LIMITED" });
  expect(await listOpenAttempts(db, key, 1000)).toHaveLength(100);
  const other = await makeToken("other");
  expect((await request("/api/index", { token: other, json: { repository, tags: batch(4) } })).status).toBe(202);
});

test("one full request fits under the lowest limit, and 0 means no limit", async () => {
  const tags = Array.from({ length: mostTagsAtOnce }, (_, at) => ({ tag: `v${at}` }));
  const low = await open({ rateLimits: { anonymous: 20, token: 1 } });
  expect((await low.post({ repository, tags })).status).toBe(202);
  const none = await open();
  for (let round = 0; round < 3; round += 1) expect((await none.post({ repository, tags })).status).toBe(202);
});

test("nothing but bad tags makes no job", async () => {
  const { tell, db } = await open();
  expect(await tell([{ tag: "-x" }])).toMatchObject([{ error: { code: "INVALID_TAG" } }]);
  expect(await countJobs(db)).toMatchObject({ pending: 0 });
});

test("what is wrong with all of them refuses the request", async () => {
  const { post, request, db } = await open();
  const tags = [{ tag: "v1" }];
  const refusal = async (json: object) => await refusalOf(await post(json));
  expect(await refusal({ repository: "https://169.254.169.254/a/b", tags })).toEqual({
    status: 422,
    code: "HOST_NOT_ALLOWED",
  });
  expect(await refusal({ repository, tags: [] })).toEqual(invalid);
  expect(await refusal({ repository, tags: ["v1"] })).toEqual(invalid);
  expect(await refusal({ repository, tag: "v1", tags })).toEqual(invalid);
  const many = Array.from({ length: mostTagsAtOnce + 1 }, (_, at) => ({ tag: `v${at}` }));
  expect(await refusal({ repository, tags: many })).toEqual(invalid);
  const nobody = await request("/api/index", { json: { repository, tags } });
  expect(await refusalOf(nobody)).toEqual({ status: 401, code: "AUTH_REQUIRED" });
  expect(await countJobs(db)).toMatchObject({ pending: 0 });
});

test("an Idempotency-Key gets the first answer for several tags again, errors too, and is refused for others", async () => {
  const { post, tell, db } = await open();
  const headers = { "idempotency-key": "publish-1" };
  const tags = [{ tag: "v1" }, { tag: "-x" }];
  const first = await tell(tags, headers);
  expect(await tell(tags, headers)).toEqual(first);
  expect(await listOpenAttempts(db, key)).toHaveLength(1);
  const conflict = { status: 409, code: "IDEMPOTENCY_CONFLICT" };
  expect(await refusalOf(await post({ repository, tags: tags.toReversed() }, headers))).toEqual(conflict);
  expect(await refusalOf(await post({ repository, tag: "v1" }, headers))).toEqual(conflict);
});

test("those who tell the same tags in opposite orders at once are both answered", async () => {
  const { tell, db } = await open();
  const tags = Array.from({ length: 20 }, (_, at) => ({ tag: `v${at}` }));
  const both = await Promise.all([tell(tags), tell(tags.toReversed()), tell(tags), tell(tags.toReversed())]);
  expect(new Set(both.flat().map(({ attempt }) => attempt?.id)).size).toBe(20);
  expect(await countJobs(db)).toMatchObject({ pending: 1 });
});

test("several attempts are one request, in the order of their ids, without a token; unknown ones are left out", async () => {
  const { tell, request, db } = await open();
  const told = await tell([{ tag: "v1" }, { tag: "v2" }]);
  const asker = { asker: "address 192.0.2.1", tag: "v3", repository: parseRepositoryUrl(repository, testPolicy) };
  const rehearsal = await enqueueRehearsal(db, asker);
  const ids = [told[1]!.attempt!.id.toUpperCase(), rehearsal.id, unknown, told[0]!.attempt!.id];
  const answer = await request(`/api/attempts?ids=${[...ids, ids[0]].join(",")}`);
  const found = await dataOf<{ id: string }[]>(answer);
  expect(found).toEqual([told[1]!.attempt, rehearsal, told[0]!.attempt]);
});

test("ids that are none, too many of them, or a repository besides are refused", async () => {
  const { request, token } = await open();
  const many = Array.from({ length: mostTagsAtOnce + 1 }, (_, at) => unknown.slice(0, -2) + String(at + 10));
  for (const query of ["ids=", "ids=x", `ids=${unknown},`, `ids=${many.join(",")}`, `ids=${unknown}&repository=x`])
    expect([query, await refusalOf(await request(`/api/attempts?${query}`, { token }))]).toEqual([query, invalid]);
});
