import { countJobs, listOpenAttempts } from "@paks/db";
import { expect, test } from "vitest";
import { dataOf, refusalOf, testApi, testPolicy } from "../testing/test-api.ts";
import { parseRepositoryUrl } from "@paks/schema";

const repository = "https://git.test/acme/pdf";
const key = parseRepositoryUrl(repository, testPolicy).key;

async function open() {
  const api = await testApi();
  const token = await api.makeToken("acme");
  const post = (json: object, headers: Record<string, string> = {}, path = "/api/index") =>
    api.request(path, { token, json, headers });
  return { ...api, token, post };
}

test("a hint is answered 202 with an attempt to follow, a job and its evidence", async () => {
  const { post, request, db, accountId } = await open();
  const answer = await post({ repository: `${repository}.git`, tag: "v1.0.0", path: "skills/pdf/" });
  const attempt = await dataOf<{ id: string }>(answer);
  expect(answer.status).toBe(202);
  expect(answer.headers.get("location")).toBe(`/api/attempts/${attempt.id}`);
  expect(answer.headers.get("cache-control")).toBe("no-store");
  expect(attempt).toMatchObject({
    tag: "v1.0.0",
    path: "skills/pdf",
    trigger: "token",
    state: "queued",
    retryable: false,
  });
  expect(await dataOf(await request(`/api/attempts/${attempt.id}`))).toEqual(attempt);
  const [opened] = await listOpenAttempts(db, key);
  expect(opened?.evidence).toMatchObject([
    { kind: "token", accountId: await accountId("acme"), scopes: ["publish"], path: "skills/pdf" },
  ]);
  expect(await countJobs(db)).toMatchObject({ pending: 1 });
});

test("both addresses and both names of the folder mean the same", async () => {
  const { post } = await open();
  const ask = async (json: object, path?: string) =>
    (await dataOf(await post({ repository, ...json }, {}, path)))["path"];
  expect(await ask({ tag: "v1", skill_path: "skills/pdf" }, "/api/skills/index")).toBe("skills/pdf");
  expect(await ask({ tag: "v2", path: "" })).toBe("");
  expect(await ask({ tag: "v3", path: "." })).toBe("");
  expect(await ask({ tag: "v4" })).toBeNull();
  const two = await post({ repository, tag: "v5", path: "a", skill_path: "b" });
  expect(await refusalOf(two)).toEqual({ status: 400, code: "INVALID_PARAMETER" });
});

test("the same hint twice is one attempt and one job", async () => {
  const { post, db } = await open();
  const first = await dataOf(await post({ repository, tag: "v1.0.0" }));
  const second = await dataOf(await post({ repository, tag: "v1.0.0" }));
  expect(second["id"]).toBe(first["id"]);
  expect(await countJobs(db)).toMatchObject({ pending: 1 });
});

test("an Idempotency-Key gets the first answer again and is refused for another request", async () => {
  const { post, db } = await open();
  const headers = { "idempotency-key": "publish-1" };
  const both = await Promise.all([
    post({ repository, tag: "v1.0.0" }, headers),
    post({ repository, tag: "v1.0.0" }, headers),
  ]);
  const [first, second] = await Promise.all(both.map((answer) => dataOf(answer)));
  expect(second).toEqual(first);
  expect(await dataOf(await post({ repository: `${repository}.git`, tag: "v1.0.0" }, headers))).toEqual(first);
  const other = await post({ repository, tag: "v2.0.0" }, headers);
  expect(await refusalOf(other)).toEqual({ status: 409, code: "IDEMPOTENCY_CONFLICT" });
  expect(await listOpenAttempts(db, key)).toHaveLength(1);
  const bad = await post({ repository, tag: "v1.0.0" }, { "idempotency-key": "a b" });
  expect(await refusalOf(bad)).toEqual({ status: 400, code: "INVALID_PARAMETER" });
});

test.each([
  ["-https://git.test/a/b", "INVALID_REPOSITORY_URL"],
  ["ext::sh -c id", "INVALID_REPOSITORY_URL"],
  ["file:///etc", "PROTOCOL_NOT_ALLOWED"],
  ["http://git.test/a/b", "PROTOCOL_NOT_ALLOWED"],
  ["https://user:hunter2@git.test/a/b", "CREDENTIALS_IN_URL"],
  ["https://169.254.169.254/a/b", "HOST_NOT_ALLOWED"],
  ["https://localhost/a/b", "HOST_NOT_ALLOWED"],
])("the repository %s is refused at the door", async (url, code) => {
  const { post, db } = await open();
  const answer = await post({ repository: url, tag: "v1.0.0" });
  const text = await answer.clone().text();
  expect(await refusalOf(answer)).toEqual({ status: 422, code });
  expect(text).not.toContain("hunter2");
  expect(await countJobs(db)).toMatchObject({ pending: 0 });
});

test.each(["-x", "--upload-pack=x", "a..b", "refs/tags/v1", "v1\n", "a b", "x.lock", "@{1}"])(
  "the tag %j is refused at the door",
  async (tag) => {
    const { post } = await open();
    expect(await refusalOf(await post({ repository, tag }))).toEqual({ status: 422, code: "INVALID_TAG" });
  },
);

test.each(["../x", "/etc", "a/.git/b", "a\\b", "a//b"])("the folder %j is refused at the door", async (path) => {
  const { post } = await open();
  expect(await refusalOf(await post({ repository, tag: "v1", path }))).toEqual({ status: 422, code: "UNSAFE_PATH" });
});

test("attempts can be listed by repository or as one's own", async () => {
  const { post, request, token, makeToken } = await open();
  await post({ repository, tag: "v1.0.0" });
  const list = async (query: string, who = token) =>
    dataOf<{ tag: string }[]>(await request(`/api/attempts${query}`, { token: who }));
  expect(await list("")).toHaveLength(1);
  expect(await list(`?repository=${encodeURIComponent(`${repository}.git`)}`)).toHaveLength(1);
  expect(await list("", await makeToken("other"))).toEqual([]);
  expect(await refusalOf(await request("/api/attempts"))).toEqual({ status: 401, code: "AUTH_REQUIRED" });
  const none = await request("/api/attempts/00000000-0000-4000-8000-000000000000");
  expect(await refusalOf(none)).toEqual({ status: 404, code: "NOT_FOUND" });
});
