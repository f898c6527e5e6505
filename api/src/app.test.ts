import type { Db } from "@paks/db";
import { PaksError } from "@paks/schema";
import { expect, test } from "vitest";
import { createApp } from "./app.ts";
import { dataOf, refusalOf, testApi } from "./testing/test-api.ts";

test("health answers without a limit and tells the version", async () => {
  const { request } = await testApi({ rateLimits: { anonymous: 1, token: 1 } });
  for (let i = 0; i < 5; i += 1) expect((await request("/healthz")).status).toBe(200);
  expect(await dataOf(await request("/healthz"))).toEqual({ status: "ok", version: "1.2.3" });
  expect((await request("/readyz")).status).toBe(200);
});

test("every answer carries the security headers and a request id, errors too", async () => {
  const { request } = await testApi();
  for (const path of ["/healthz", "/api/paks", "/nothing", "/api/tokens", "/api/paks?limit=x"]) {
    const { headers } = await request(path);
    expect(headers.get("content-security-policy")).toContain("default-src 'none'");
    expect(headers.get("content-security-policy")).toContain("frame-ancestors 'none'");
    expect(headers.get("x-content-type-options")).toBe("nosniff");
    expect(headers.get("referrer-policy")).toBe("no-referrer");
    expect(headers.get("vary")).toBe("Authorization");
    expect(headers.get("x-request-id")).toMatch(/^[\w-]{1,64}$/);
    // The command line learns of a newer paks from it.
    expect(headers.get("paks-version")).toMatch(/^\d+\.\d+\.\d+/);
  }
});

test("a client's request id is taken only in a harmless form", async () => {
  const { request, events } = await testApi();
  const ask = async (id: string) =>
    (await request("/healthz", { headers: { "x-request-id": id } })).headers.get("x-request-id");
  expect(await ask("build-42_a")).toBe("build-42_a");
  expect(await ask("a b")).not.toBe("a b");
  expect(await ask("x".repeat(65))).not.toBe("x".repeat(65));
  expect(events).toContainEqual(expect.objectContaining({ event: "request", request_id: "build-42_a", status: 200 }));
});

test("what is not there is our NOT_FOUND, with any method", async () => {
  const { request } = await testApi();
  for (const [method, path] of [
    ["GET", "/"],
    ["GET", "/api/nothing"],
    ["GET", "//api//paks"],
    ["PUT", "/api/paks"],
    ["POST", "/api/skills/acme/pdf/versions"],
  ] as const) {
    expect(await refusalOf(await request(path, { method }))).toEqual({ status: 404, code: "NOT_FOUND" });
  }
});

test.each([
  "/api/skills/acme%2fpdf/x",
  "/api/skills/acme/pdf%00",
  "/api/skills/acme/%zz",
  "/api/skills/acme/%c0%ae",
  "/api/skills/acme/pdf/versions/1.0.0/files/a%2Fb",
  "/api/skills/acme/pdf/versions/1.0.0/files/a%5cb",
  "/api/skills/acme/a%0d%0ab",
  "/api/paks?q=%00",
  "/api/paks?q=%e2%80%a8",
  "/api/paks?q=%ff",
  "/api/paks?q=a&q=b",
  "/api/paks?limit=1&%6cimit=2",
  "/api/paks?utm=1&utm=1",
  "/healthz?a=1&a=2",
  "/api/paks?limit=0",
  "/api/paks?limit=101",
  "/api/paks?limit=1e3",
  "/api/paks?offset=10001",
  "/api/paks?page=2&offset=1",
  "/api/paks?page=1000&limit=100",
  "/api/paks?sort=price",
  "/api/paks?kind=paks",
  "/api/paks?updated_since=yesterday",
  "/api/paks?cursor=AAAA",
  `/api/paks?q=${"a".repeat(257)}`,
  "/api/skills/ACME/pdf",
  "/api/skills/acme/pdf/versions/not%20a%20version",
  "/api/attempts/1",
])("%s is refused as INVALID_PARAMETER before any SQL", async (path) => {
  const { request } = await testApi();
  expect(await refusalOf(await request(path))).toEqual({ status: 400, code: "INVALID_PARAMETER" });
});

test("unknown query keys are ignored", async () => {
  const { request } = await testApi();
  expect((await request("/api/paks?utm_source=x")).status).toBe(200);
});

test("a fault of ours is INTERNAL with the request id, without stack or SQL, and is logged with both", async () => {
  const { deps, events } = await testApi({ mayFault: true });
  const broken = new Proxy({} as Db, {
    get: () => {
      throw new Error('relation "secret_table" does not exist');
    },
  });
  const app = createApp({ ...deps, db: broken });
  const answer = await app.request("/api/paks", { headers: { "x-request-id": "fault-1" } });
  expect(answer.status).toBe(500);
  expect(answer.headers.get("cache-control")).toBe("no-store");
  const text = await answer.text();
  expect(JSON.parse(text)).toMatchObject({ error: { code: "INTERNAL", details: { request_id: "fault-1" } } });
  expect(text).not.toMatch(/secret_table|at .*\.ts/);
  const fault = events.find((event) => event["event"] === "fault");
  expect(fault?.["error"]).toContain("secret_table");
  expect(fault?.["request_id"]).toBe("fault-1");
});

test("while the database is away reads and readiness are 503 with Retry-After, and health still answers", async () => {
  const { deps } = await testApi({ mayFault: true });
  const refused = Object.assign(new Error("connect ECONNREFUSED 127.0.0.1:1"), { code: "ECONNREFUSED" });
  const away = new Proxy({} as Db, {
    get: () => {
      throw refused;
    },
  });
  const app = createApp({ ...deps, db: away });
  for (const path of ["/api/paks", "/readyz", "/api/skills/acme/pdf/versions/1.0.0"]) {
    const answer = await app.request(path);
    expect(Number(answer.headers.get("retry-after"))).toBeLessThanOrEqual(5);
    expect(await refusalOf(answer)).toEqual({ status: 503, code: "DB_UNAVAILABLE" });
  }
  expect((await app.request("/healthz")).status).toBe(200);
});

const indexBody = { repository: "https://git.test/acme/pdf", tag: "v1.0.0" };

test("storage that cannot be written makes the registry not ready, and says no path to the public", async () => {
  const { deps } = await testApi({ mayFault: true });
  const full = new PaksError("DISK_FULL", "There is no space left to write /srv/paks/objects.");
  const app = createApp({ ...deps, objects: { ...deps.objects, check: () => Promise.reject(full) } });
  const answer = await app.request("/readyz");
  expect(await answer.clone().text()).not.toContain("/srv");
  expect(answer.headers.get("retry-after")).toBe("5");
  expect(await refusalOf(answer)).toEqual({ status: 503, code: "REGISTRY_UNAVAILABLE" });
});

test("a body that is not JSON is 400, of another type 415, too large 413, whatever length is claimed", async () => {
  const { request, makeToken } = await testApi();
  const token = await makeToken("acme");
  const post = (body: string | Uint8Array<ArrayBuffer>, headers: Record<string, string> = {}) =>
    request("/api/index", { method: "POST", token, body, headers: { "content-type": "application/json", ...headers } });
  const large = JSON.stringify({ ...indexBody, path: "a".repeat(64 * 1024) });
  expect(await refusalOf(await post("{"))).toEqual({ status: 400, code: "INVALID_PARAMETER" });
  expect(await refusalOf(await post(""))).toEqual({ status: 400, code: "INVALID_PARAMETER" });
  expect(await refusalOf(await post(new Uint8Array([0x22, 0xff, 0x22])))).toEqual({
    status: 400,
    code: "INVALID_PARAMETER",
  });
  expect(await refusalOf(await post("[".repeat(60_000)))).toEqual({ status: 400, code: "INVALID_PARAMETER" });
  expect(await refusalOf(await post(`${"[".repeat(30_000)}${"]".repeat(30_000)}`))).toEqual({
    status: 400,
    code: "INVALID_PARAMETER",
  });
  expect(await refusalOf(await post(large))).toEqual({ status: 413, code: "BODY_TOO_LARGE" });
  expect(await refusalOf(await post(large, { "content-length": "10" }))).toEqual({
    status: 413,
    code: "BODY_TOO_LARGE",
  });
  expect(await refusalOf(await post("x", { "content-length": "9999999" }))).toEqual({
    status: 413,
    code: "BODY_TOO_LARGE",
  });
  for (const type of ["text/plain", "application/x-www-form-urlencoded", "application/jsonx", ""]) {
    const answer = await post(JSON.stringify(indexBody), { "content-type": type });
    expect(await refusalOf(answer)).toEqual({ status: 415, code: "UNSUPPORTED_MEDIA_TYPE" });
  }
  const good = await post(JSON.stringify(indexBody), { "content-type": "application/json; charset=utf-8" });
  expect(good.status).toBe(202);
});

test("bytes that are not UTF-8 never become another text", async () => {
  const { request, makeToken } = await testApi();
  const token = await makeToken("acme", { scopes: ["admin"] });
  const text = JSON.stringify({ name: "name?", expires_in_days: 1 });
  const body = new Uint8Array(Buffer.from(text).map((byte) => (byte === 0x3f ? 0xff : byte)));
  const headers = { "content-type": "application/json" };
  const answer = await request("/api/tokens", { method: "POST", token, headers, body });
  expect(await refusalOf(answer)).toEqual({ status: 400, code: "INVALID_PARAMETER" });
});

test("a body of exactly the limit is read", async () => {
  const { request, makeToken } = await testApi();
  const token = await makeToken("acme");
  const headers = { "content-type": "application/json" };
  const text = JSON.stringify(indexBody);
  const exact = await request("/api/index", { method: "POST", token, headers, body: text.padEnd(64 * 1024) });
  expect(exact.status).toBe(202);
  const above = await request("/api/index", { method: "POST", token, headers, body: text.padEnd(64 * 1024 + 1) });
  expect(above.status).toBe(413);
});

test.each(["\u0000", "\ud800"])("text that the database cannot hold (%j) is refused", async (text) => {
  const { request, makeToken } = await testApi();
  const token = await makeToken("acme", { scopes: ["admin"] });
  const json = { name: `x${text}`, expires_in_days: 1 };
  expect(await refusalOf(await request("/api/tokens", { token, json }))).toEqual({
    status: 400,
    code: "INVALID_PARAMETER",
  });
});
