import { expect, test } from "vitest";
import { isFixedVersionPath } from "./fixed-version.ts";
import { refusalOf, testApi } from "./testing/test-api.ts";

test("an address gets its number of requests per minute, then 429 with the time to wait", async () => {
  const { request } = await testApi({ rateLimits: { anonymous: 3, token: 100 } });
  const seen = [];
  for (let i = 0; i < 4; i += 1) seen.push(await request("/api/paks"));
  expect(seen.map((answer) => answer.status)).toEqual([200, 200, 200, 429]);
  expect(seen.map((answer) => answer.headers.get("ratelimit-remaining"))).toEqual(["2", "1", "0", "0"]);
  const last = seen[3]!;
  expect(last.headers.get("ratelimit-limit")).toBe("3");
  expect(Number(last.headers.get("ratelimit-reset"))).toBeLessThanOrEqual(60);
  expect(Number(last.headers.get("retry-after"))).toBeGreaterThan(0);
  expect(last.headers.get("cache-control")).toBe("no-store");
  expect(await refusalOf(last)).toEqual({ status: 429, code: "RATE_LIMITED" });
  expect((await request("/api/paks", { address: "198.51.100.2" })).status).toBe(200);
});

test("one IPv6 subscriber cannot multiply itself, and no header makes a new address", async () => {
  const { request } = await testApi({ rateLimits: { anonymous: 2, token: 100 } });
  await request("/api/paks", { address: "2001:db8::1" });
  await request("/api/paks", { address: "2001:db8::2" });
  expect((await request("/api/paks", { address: "2001:db8::3" })).status).toBe(429);
  const names = ["x-forwarded-for", "forwarded", "x-real-ip", "cf-connecting-ip", "true-client-ip"];
  for (const name of names) {
    const headers = { [name]: "203.0.113.77" };
    expect((await request("/api/paks", { address: "2001:db8::4", headers })).status).toBe(429);
  }
});

test("behind a trusted proxy every client is counted for itself", async () => {
  const { request } = await testApi({ rateLimits: { anonymous: 1, token: 100 }, trustedProxies: ["10.0.0.0/8"] });
  const ask = async (client: string) =>
    (await request("/api/paks", { address: "10.0.0.1", headers: { "x-forwarded-for": `6.6.6.6, ${client}` } })).status;
  expect([await ask("198.51.100.1"), await ask("198.51.100.2"), await ask("198.51.100.1")]).toEqual([200, 200, 429]);
});

test("a token has its own, larger number; one that does not count is paid by the address", async () => {
  const { request, makeToken } = await testApi({ rateLimits: { anonymous: 2, token: 5 } });
  const token = await makeToken("acme");
  for (let i = 0; i < 5; i += 1) expect((await request("/api/auth/me", { token })).status).toBe(200);
  expect((await request("/api/auth/me", { token })).status).toBe(429);
  const guesses = [];
  for (let i = 0; i < 4; i += 1)
    guesses.push((await request("/api/auth/me", { token: `guess-number-${i}-of-many-more` })).status);
  expect(guesses).toEqual([401, 401, 429, 429]);
  const other = await makeToken("other");
  expect((await request("/api/auth/me", { token: other })).status).toBe(200);
});

test("that a token raises the limit is told only to those who sent none", async () => {
  const { request, makeToken } = await testApi({ rateLimits: { anonymous: 1, token: 1 } });
  const hintFor = async (token?: string) => {
    await request("/api/paks", { token });
    const { error } = (await (await request("/api/paks", { token })).json()) as { error: { hint: string } };
    return error.hint;
  };
  expect(await hintFor()).toMatch(/^Try again in \d+ s\. A token raises the limit\.$/);
  expect(await hintFor(await makeToken("acme"))).toMatch(/^Try again in \d+ s\.$/);
});

test("0 means no limit", async () => {
  const { request } = await testApi({ rateLimits: { anonymous: 0, token: 0 } });
  for (let i = 0; i < 50; i += 1) expect((await request("/api/attempts/x")).status).toBe(400);
});

test("what installs and caches live from is exempt: exact versions and the content of releases", async () => {
  const { request, release } = await testApi({ rateLimits: { anonymous: 1, token: 1 } });
  await release({ account: "acme", name: "pdf", version: "1.0.0" });
  const base = "/api/skills/acme/pdf/versions";
  for (const path of [
    "1.0.0",
    "1.0.0/archive",
    "1.0.0/files",
    "1.0.0/files/SKILL.md",
    "1.0.0/readme",
    "latest/archive",
  ]) {
    for (let i = 0; i < 3; i += 1) expect((await request(`${base}/${path}`)).status).toBe(200);
  }
  expect((await request(`${base}/latest`)).status).toBe(200);
  expect((await request(`${base}/latest`)).status).toBe(429);
});

test("no other address passes for an exact version", () => {
  for (const path of ["/api/paks/a/b/versions/1.0.0", "/api/skills/a/b/versions/1.0.0-beta.1/files/x/y"])
    expect(isFixedVersionPath(path)).toBe(true);
  for (const path of [
    "/api/paks/a/b/versions",
    "/api/paks/a/b/versions/latest",
    "/api/paks/a/b/versions/^1.0.0",
    "/api/paks/a/b/versions/1.0",
    "/api/index/a/b/versions/1.0.0/x",
    "/api/paks/versions/1.0.0",
    "/api/index",
  ])
    expect(isFixedVersionPath(path)).toBe(false);
});
