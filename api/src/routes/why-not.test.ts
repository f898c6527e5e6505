import { countJobs, findOpenRehearsal } from "@paks/db";
import { AttemptDto } from "@paks/schema";
import { expect, test } from "vitest";
import { dataOf, refusalOf, testApi } from "../testing/test-api.ts";

const bound = "https://git.test/acme/pdf";
const other = "https://git.test/acme/other";

async function open() {
  const api = await testApi();
  await api.release({ account: "acme", name: "pdf", version: "1.0.0" });
  const ask = (json: object, more: { token?: string; address?: string } = {}) =>
    api.request("/api/why-not", { json, ...more });
  return { ...api, ask };
}

test("anybody may ask about a repository that releases a pak, and follows the answer like an attempt", async () => {
  const { ask, request, db } = await open();
  const answer = await ask({ repository: `${bound}.git`, tag: "v1.1.0", path: "skills/pdf/" });
  expect(answer.status).toBe(202);
  const attempt = AttemptDto.parse(await dataOf(answer));
  expect(answer.headers.get("location")).toBe(`/api/attempts/${attempt.id}`);
  expect(attempt).toMatchObject({ trigger: "why-not", state: "queued", tag: "v1.1.0", path: "skills/pdf" });
  expect(await dataOf(await request(`/api/attempts/${attempt.id}`))).toEqual(attempt);
  expect((await findOpenRehearsal(db, attempt.id))?.evidence).toEqual([]);
  expect(await countJobs(db)).toMatchObject({ pending: 1 });
});

test("about any other repository only who has a token, whose rights are part of the question", async () => {
  const { ask, makeToken, db, accountId } = await open();
  const json = { repository: other, tag: "v1.0.0" };
  expect(await refusalOf(await ask(json))).toEqual({ status: 401, code: "AUTH_REQUIRED" });
  const { id } = await dataOf<{ id: string }>(await ask(json, { token: await makeToken("acme") }));
  expect((await findOpenRehearsal(db, id))?.evidence).toMatchObject([
    { kind: "token", accountId: await accountId("acme"), scopes: ["publish"] },
  ]);
});

test("a token that does not count is refused, not taken for none", async () => {
  const { ask } = await open();
  const answer = await ask({ repository: bound, tag: "v1.0.0" }, { token: "paks_nonsense_nonsense_nonsense" });
  expect(await refusalOf(answer)).toEqual({ status: 401, code: "INVALID_TOKEN" });
});

test("one question at a time for an address and for a token; the same question is the same attempt", async () => {
  const { ask, makeToken } = await open();
  const question = { repository: bound, tag: "v1.0.0" };
  const first = await dataOf(await ask(question));
  expect((await dataOf(await ask(question)))["id"]).toBe(first["id"]);
  const second = await ask({ ...question, tag: "v2.0.0" });
  expect(second.headers.get("retry-after")).toBe("5");
  expect(await refusalOf(second)).toEqual({ status: 429, code: "RATE_LIMITED" });
  const next = { ...question, tag: "v2.0.0" };
  expect((await ask(next, { address: "198.51.100.2" })).status).toBe(202);
  const token = await makeToken("acme");
  expect((await ask(next, { token })).status).toBe(202);
  expect((await ask(question, { token, address: "198.51.100.3" })).status).toBe(429);
});

test("one IPv6 subscriber is one address", async () => {
  const { ask } = await open();
  const ofAddress = async (tag: string, address: string) => (await ask({ repository: bound, tag }, { address })).status;
  expect(await ofAddress("v1", "2001:db8:1:2::1")).toBe(202);
  expect(await ofAddress("v2", "2001:db8:1:2:ffff::9")).toBe(429);
  expect(await ofAddress("v2", "2001:db8:1:3::1")).toBe(202);
});

test.each([
  [{ repository: "http://git.test/acme/pdf", tag: "v1" }, "PROTOCOL_NOT_ALLOWED"],
  [{ repository: "https://elsewhere.test/acme/pdf", tag: "v1" }, "HOST_NOT_ALLOWED"],
  [{ repository: bound, tag: "--upload-pack=x" }, "INVALID_TAG"],
  [{ repository: bound, tag: "v1", path: "../x" }, "UNSAFE_PATH"],
  [{ repository: bound }, "INVALID_PARAMETER"],
])("%j is refused: %s", async (json, code) => {
  const { ask, db } = await open();
  expect(await refusalOf(await ask(json))).toMatchObject({ code });
  expect(await countJobs(db)).toMatchObject({ pending: 0 });
});
