import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { setTimeout as delay } from "node:timers/promises";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { PaksError } from "@paks/schema";
import { expect, onTestFinished, test } from "vitest";
import { openFetch } from "./network/open-fetch.ts";
import { type HttpDeps, openHttp } from "./registry-http.ts";
import { openRegistry } from "./registry.ts";
import { type Stub, type StubAnswer, type StubRequest, serveStub } from "./testing/index.ts";

const attempt = {
  id: "0193ac5c-7e8a-7000-8000-000000000001",
  repository: "https://github.com/acme/skills",
  tag: "v1.0.0",
  path: null,
  trigger: "token",
  state: "queued",
  stage: null,
  code: null,
  message: null,
  hint: null,
  details: null,
  retryable: false,
  tries: 0,
  next_try_at: null,
  created_at: "2026-11-20T00:00:00Z",
  started_at: null,
  ended_at: null,
  releases: [],
};
const version = {
  version: "1.0.0",
  digest: `h1:${"A".repeat(43)}=`,
  tag: "v1.0.0",
  commit: "a".repeat(40),
  released_at: "2026-11-20T00:00:00Z",
  yanked: false,
};
const pdf = { account: "acme", name: "pdf" };
const request = { repository: "https://github.com/acme/skills", tag: "v1.0.0" };

const waits: number[] = [];
const open = (stub: Pick<Stub, "url">, deps: Partial<HttpDeps> = {}) => openRegistry(depsOf(stub, deps));

function depsOf(stub: Pick<Stub, "url">, deps: Partial<HttpDeps> = {}): HttpDeps {
  waits.length = 0;
  return {
    url: stub.url,
    fetch: openFetch({ proxy: undefined, noProxy: undefined, caFile: undefined, extraCaFile: undefined }),
    signal: new AbortController().signal,
    offline: false,
    userAgent: "paks/test",
    findToken: async () => "paks_secret",
    clock: () => new Date("2026-11-20T00:00:00Z"),
    sleep: async (milliseconds) => void waits.push(milliseconds),
    debug: () => undefined,
    ...deps,
  };
}

const failing = (code: string, status: number, headers: Record<string, string> = {}): StubAnswer => ({
  status,
  headers,
  body: { error: { code, message: "No." } },
});

test("a call is made below the base URL, with the agent's name and without a token when none is needed", async () => {
  const stub = await serveStub(() => ({ body: { data: [version] } }));
  const registry = open({ url: `${stub.url}/base` }, { findToken: () => expect.unreachable() });
  expect(await registry.listVersions(pdf)).toEqual([version]);
  expect(stub.requests[0]).toMatchObject({ method: "GET", path: "/base/api/paks/acme/pdf/versions" });
  expect(stub.requests[0]?.headers).toMatchObject({ "user-agent": "paks/test", accept: "application/json" });
  expect(stub.requests[0]?.headers).not.toHaveProperty("authorization");
});

test("names and selectors cannot leave their place in the path", async () => {
  const stub = await serveStub(() => failing("VERSION_NOT_FOUND", 404));
  expect(await open(stub).findRelease({ account: "acme", name: "pdf" }, "^1 || ../../../admin?x#y")).toBeUndefined();
  expect(stub.requests[0]?.path).toBe("/api/paks/acme/pdf/versions/%5E1%20%7C%7C%20..%2F..%2F..%2Fadmin%3Fx%23y");
});

test("a lost connection, a gateway's error and a busy registry are tried again, three times at most", async () => {
  const answers: StubAnswer[] = [{ hangUp: true }, { status: 502, body: "<html>" }, failing("DB_UNAVAILABLE", 503)];
  const stub = await serveStub((_, count) => answers[count - 1] ?? { body: { data: [version] } });
  expect(await open(stub).listVersions(pdf)).toHaveLength(1);
  expect(stub.requests).toHaveLength(4);
  expect(waits.map((wait, index) => Math.abs(wait / (250 * 2 ** index) - 1) <= 0.2)).toEqual([true, true, true]);

  const down = await serveStub(() => ({ status: 503, body: "" }));
  await expect(open(down).listVersions(pdf)).rejects.toMatchObject({ code: "REGISTRY_UNAVAILABLE" });
  expect(down.requests).toHaveLength(4);
});

test("a registry that cannot be reached is REGISTRY_UNAVAILABLE with its cause and a hint", async () => {
  const closed = { url: "http://127.0.0.1:9" };
  const fetch = async () =>
    Promise.reject(new TypeError("fetch failed", { cause: Object.assign(new Error("x"), { code: "ECONNREFUSED" }) }));
  const failure: unknown = await open(closed, { fetch })
    .listVersions(pdf)
    .catch((error: unknown) => error);
  expect(failure).toMatchObject({ code: "REGISTRY_UNAVAILABLE", message: expect.stringContaining("ECONNREFUSED") });
  expect((failure as PaksError).hint).toBeDefined();
  expect((failure as PaksError).cause).toBeInstanceOf(TypeError);
});

test("Retry-After is honoured as seconds and as a date, and not waited for when it is too far away", async () => {
  const stub = await serveStub((_, count) =>
    count === 1
      ? failing("RATE_LIMITED", 429, { "retry-after": "2" })
      : count === 2
        ? failing("RATE_LIMITED", 429, { "retry-after": "Fri, 20 Nov 2026 00:00:05 GMT" })
        : { body: { data: [version] } },
  );
  const anonymous = { findToken: async () => await Promise.resolve(undefined) };
  await open(stub, anonymous).listVersions(pdf);
  // Up to half a second more, so that not all who were told the same come at once.
  expect(waits.map((wait, index) => wait - [2000, 5000][index]! >= 0 && wait - [2000, 5000][index]! < 500)).toEqual([
    true,
    true,
  ]);

  const far = await serveStub(() => failing("RATE_LIMITED", 429, { "retry-after": "3600" }));
  await expect(open(far, anonymous).listVersions(pdf)).rejects.toMatchObject({
    code: "RATE_LIMITED",
    details: { retry_after: "3600" },
    hint: "The registry asks to come back in 60 minutes.",
  });
  expect(far.requests).toHaveLength(1);
});

test("an error that waiting cannot mend is told at once, with the registry's own words", async () => {
  const body = { error: { code: "NAMESPACE_FORBIDDEN", message: "Not yours.", hint: "Ask acme.", details: { a: 1 } } };
  const stub = await serveStub(() => ({ status: 403, body }));
  await expect(open(stub).requestIndex(request)).rejects.toMatchObject(body.error);
  expect(stub.requests).toHaveLength(1);
});

test.each([
  ["a code of the future", { error: { code: "NEW_THING", message: "x" } }, 404, "NOT_FOUND"],
  ["a code that only this machine can know", { error: { code: "CANCELLED", message: "x" } }, 400, "INVALID_PARAMETER"],
  ["no error body", "<html>teapot</html>", 401, "AUTH_REQUIRED"],
  ["an unknown status", {}, 418, "REGISTRY_UNAVAILABLE"],
])("an answer with %s falls back to its status", async (_, body, status, code) => {
  const stub = await serveStub(() => ({ status, body }));
  await expect(open(stub).me()).rejects.toMatchObject({ code });
});

test.each([
  [405, 1],
  [408, 4],
])("status %i, which says nothing of the matter, is asked %i times in all", async (status, times) => {
  const stub = await serveStub(() => ({ status, body: { error: { code: "NEW_THING", message: "x" } } }));
  await expect(open(stub).me()).rejects.toMatchObject({ code: "REGISTRY_UNAVAILABLE", details: { status } });
  expect(stub.requests).toHaveLength(times);
});

test("an answer that is larger than 5 MB is not read to its end", async () => {
  const stub = await serveStub(() => ({ body: Buffer.alloc(6_000_000, " ") }));
  await expect(open(stub).listVersions(pdf)).rejects.toMatchObject({ code: "TOO_LARGE" });
});

test("an archive may have as many bytes as the limits allow and no more", async () => {
  const limits = { releaseBytes: 1000, files: 1 } as Parameters<ReturnType<typeof open>["fetchArchive"]>[1];
  const release = { ...pdf, version: "1.0.0" };
  const most = Math.ceil((1000 + 2560 + 10_240) * 1.01);
  const stub = await serveStub((_, count) => ({ body: Buffer.alloc(count === 1 ? most : most + 1) }));
  expect(await open(stub).fetchArchive(release, limits)).toHaveLength(most);
  await expect(open(stub).fetchArchive(release, limits)).rejects.toMatchObject({ code: "TOO_LARGE" });
  await expect(open(stub).fetchArchive({ ...release, archive_bytes: most + 1 }, limits)).rejects.toMatchObject({
    code: "TOO_LARGE",
  });
  expect(stub.requests).toHaveLength(2);
});

test.each([
  ["not JSON", "hello"],
  ["of another shape", { data: { id: 1 } }],
  ["without its envelope", attempt],
])("an answer that is %s is the registry's failure", async (_, body) => {
  const stub = await serveStub(() => ({ body }));
  await expect(open(stub).requestIndex(request)).rejects.toMatchObject({ code: "REGISTRY_UNAVAILABLE" });
});

test("fields that a newer registry adds are kept", async () => {
  const stub = await serveStub(() => ({ body: { data: { ...attempt, mood: "good" }, meta: {} } }));
  expect(await open(stub).requestIndex(request)).toMatchObject({ mood: "good" });
});

test("without a login nothing is sent", async () => {
  const stub = await serveStub(() => ({ body: {} }));
  await expect(open(stub, { findToken: async () => undefined }).requestIndex(request)).rejects.toMatchObject({
    code: "AUTH_REQUIRED",
  });
  expect(stub.requests).toHaveLength(0);
});

test("a token that could smuggle a header is refused before anything is sent, and not repeated", async () => {
  const stub = await serveStub(() => ({ body: {} }));
  const failure: unknown = await open(stub, { findToken: async () => "a\r\nx: y" })
    .me()
    .catch((error: unknown) => error);
  expect(failure).toMatchObject({ code: "INVALID_TOKEN" });
  expect((failure as Error).message).not.toContain("x: y");
  expect(stub.requests).toHaveLength(0);
});

test("the token is asked for by the registry's origin and once per client", async () => {
  const asked: string[] = [];
  const stub = await serveStub(() => ({ body: { data: attempt } }));
  const registry = open(stub, { findToken: async (origin) => (asked.push(origin), "paks_secret") });
  await registry.requestIndex(request);
  await registry.findAttempt(attempt.id);
  expect(asked).toEqual([stub.url]);
  expect(stub.requests.map((one) => one.headers.authorization)).toEqual(["Bearer paks_secret", "Bearer paks_secret"]);
});

test("the token does not follow a redirect to another origin, nor back from there", async () => {
  const seen: (string | undefined)[] = [];
  const record = (one: StubRequest, answer: StubAnswer) => (seen.push(one.headers.authorization), answer);
  const home: Stub = await serveStub((one, count) =>
    record(
      one,
      count === 1
        ? { status: 302, headers: { location: `${away.url}/x` } }
        : { body: { data: { valid: true, user: "acme", expires_at: null } } },
    ),
  );
  const away: Stub = await serveStub((one) => record(one, { status: 307, headers: { location: `${home.url}/y` } }));
  await open(home).verify();
  expect(seen).toEqual(["Bearer paks_secret", undefined, undefined]);
});

test("the token stays with a redirect inside its origin", async () => {
  const stub = await serveStub((one) =>
    one.path === "/moved"
      ? { body: { data: { valid: true, user: null, expires_at: null } } }
      : { status: 301, headers: { location: "/moved" } },
  );
  await open(stub).verify();
  expect(stub.requests[1]?.headers.authorization).toBe("Bearer paks_secret");
});

test.each([
  ["to plain http", "http://192.0.2.1/", "PROTOCOL_NOT_ALLOWED"],
  ["to another protocol", "file:///etc/passwd", "PROTOCOL_NOT_ALLOWED"],
  ["to nonsense", "http://[", "REGISTRY_UNAVAILABLE"],
])("a redirect %s is not followed", async (_, location, code) => {
  const stub = await serveStub(() => ({ status: 302, headers: { location } }));
  const asked: unknown[] = [];
  const fetch: typeof globalThis.fetch = async (url, init) => {
    asked.push(url);
    return await globalThis.fetch(url, init);
  };
  await expect(open(stub, { fetch }).listVersions(pdf)).rejects.toMatchObject({ code });
  expect(new Set(asked)).toEqual(new Set([`${stub.url}/api/paks/acme/pdf/versions`]));
});

test("what changes something is never redirected, and circles end", async () => {
  const stub = await serveStub(() => ({ status: 307, headers: { location: "/elsewhere" } }));
  await expect(open(stub).requestIndex(request)).rejects.toMatchObject({ code: "REGISTRY_UNAVAILABLE" });
  expect(new Set(stub.requests.map((one) => one.path))).toEqual(new Set(["/api/index"]));

  const circle = await serveStub(() => ({ status: 302, headers: { location: "/again" } }));
  await expect(open(circle).listVersions(pdf)).rejects.toMatchObject({ code: "REGISTRY_UNAVAILABLE" });
});

test("a request to index keeps its idempotency key through retries", async () => {
  const stub = await serveStub((_, count) =>
    count === 1 ? { hangUp: true } : { status: 202, body: { data: attempt } },
  );
  await open(stub).requestIndex(request);
  const keys = stub.requests.map((one) => one.headers["idempotency-key"]);
  expect(keys[0]).toMatch(/^[0-9a-f-]{36}$/);
  expect(keys[1]).toBe(keys[0]);
});

test("a token is not made twice when the answer is lost", async () => {
  const stub = await serveStub(() => ({ hangUp: true }));
  await expect(open(stub).createToken({ name: "ci" })).rejects.toMatchObject({ code: "REGISTRY_UNAVAILABLE" });
  expect(stub.requests).toHaveLength(1);
});

test("an attempt is followed until it has ended, and every change is told", async () => {
  const states = ["queued", "running", "running", "indexed"];
  const stub = await serveStub((_, count) => ({ body: { data: { ...attempt, state: states[count - 1] } } }));
  const told: string[] = [];
  const last = await open(stub).followAttempt(attempt.id, { onChange: ({ state }) => told.push(state) });
  expect(last.state).toBe("indexed");
  expect(told).toEqual(["queued", "running", "indexed"]);
});

test("following ends with the time given, with the attempt as it stands", async () => {
  const stub = await serveStub(() => ({ body: { data: attempt } }));
  const last = await open(stub).followAttempt(attempt.id, { timeoutMilliseconds: 0 });
  expect(last.state).toBe("queued");
});

test("offline nothing is sent and the reason is told", async () => {
  const stub = await serveStub(() => ({ body: {} }));
  await expect(open(stub, { offline: true }).search({ q: "x" })).rejects.toMatchObject({ code: "OFFLINE" });
  expect(stub.requests).toHaveLength(0);
});

test("a registry that never answers is given up when the time for everything is over", async () => {
  const stub = await serveStub(async () => {
    await delay(5000, undefined, { ref: false });
    return {};
  });
  const call = { method: "GET", path: "/", auth: "none", totalMilliseconds: 150 } as const;
  const start = performance.now();
  await expect(openHttp(depsOf(stub))(call)).rejects.toMatchObject({
    code: "REGISTRY_UNAVAILABLE",
    message: expect.stringContaining("no answer in time"),
  });
  expect(performance.now() - start).toBeLessThan(2000);
});

test("the time for everything ends also when memory is cleaned up meanwhile", async () => {
  const { Bun } = globalThis as { readonly Bun?: { gc(now: boolean): void } };
  if (Bun === undefined) setFlagsFromString("--expose-gc");
  const collect = Bun === undefined ? (runInNewContext("gc") as () => void) : () => Bun.gc(true);
  const timer = setInterval(collect, 20);
  onTestFinished(() => clearInterval(timer));
  const stub = await serveStub(async () => {
    await delay(5000, undefined, { ref: false });
    return {};
  });
  const call = { method: "GET", path: "/", auth: "none", totalMilliseconds: 400 } as const;
  const start = performance.now();
  await expect(openHttp(depsOf(stub))(call)).rejects.toMatchObject({ code: "REGISTRY_UNAVAILABLE" });
  expect(performance.now() - start).toBeLessThan(3000);
});

test("Ctrl-C ends a call that hangs, with its own reason", async () => {
  const stop = new AbortController();
  const stub = await serveStub(async () => {
    stop.abort(new PaksError("CANCELLED", "Stopped."));
    await delay(200);
    return {};
  });
  await expect(open(stub, { signal: stop.signal }).listVersions(pdf)).rejects.toMatchObject({ code: "CANCELLED" });
});

test("search sends only what was asked for", async () => {
  const meta = { total: 0, page: 1, per_page: 10, next_cursor: null };
  const stub = await serveStub(() => ({ body: { data: [], meta } }));
  expect(await open(stub).search({ q: "pdf & more", limit: 10, kind: undefined })).toEqual({ items: [], meta });
  expect(stub.requests[0]?.path).toBe("/api/paks?q=pdf+%26+more&limit=10");
});

test("the token is in no line of --verbose", async () => {
  const lines: string[] = [];
  const stub = await serveStub(() => ({ status: 503, body: "" }));
  await open(stub, { debug: (line) => void lines.push(line) })
    .me()
    .catch(() => undefined);
  expect(lines.length).toBeGreaterThan(3);
  expect(lines.join("\n")).not.toContain("paks_secret");
});

test("when the registry says that nothing is left of its limit, it is not asked before its window begins anew", async () => {
  const stub = await serveStub(() => ({
    headers: { "ratelimit-remaining": "0", "ratelimit-reset": "40" },
    body: { data: [version] },
  }));
  const notes: string[] = [];
  const registry = open(stub, {
    findToken: async () => await Promise.resolve(undefined),
    note: (text) => void notes.push(text),
  });
  await registry.listVersions(pdf);
  expect(waits).toEqual([]);
  // Sleeping is pretended: it stays too early until the tries are used up.
  await expect(registry.listVersions(pdf)).rejects.toMatchObject({ code: "RATE_LIMITED" });
  expect(stub.requests).toHaveLength(1);
  expect(waits.every((wait) => wait > 38_000 && wait <= 40_500)).toBe(true);
  expect(notes[0]).toContain("fewer requests");
});

test("archives and exact versions, which the registry does not count, do not wait for its limit", async () => {
  const stub = await serveStub(({ path }) => ({
    headers: { "ratelimit-remaining": "0", "ratelimit-reset": "40" },
    ...(path.endsWith("/archive")
      ? { body: "x" }
      : path.endsWith("/files")
        ? { body: { data: [] } }
        : { body: { data: [version] } }),
  }));
  const registry = open(stub);
  await registry.listVersions(pdf);
  const release = { ...pdf, version: "1.0.0" };
  for (let count = 0; count < 30; count += 1) {
    await registry.fetchArchive(release);
    await registry.listFiles(release);
  }
  expect(stub.requests).toHaveLength(61);
  expect(waits).toEqual([]);
});

test("a token's calls are counted apart from those without", async () => {
  const me = {
    account: "acme",
    kind: "user",
    token: { name: "t", prefix: "p", scopes: [], created_at: version.released_at, expires_at: null },
  };
  const stub = await serveStub(({ path }) => ({
    headers: path.endsWith("/me") ? {} : { "ratelimit-remaining": "0", "ratelimit-reset": "40" },
    body: { data: path.endsWith("/me") ? me : [version] },
  }));
  const registry = open(stub);
  await registry.listVersions(pdf);
  await registry.me();
  expect(waits).toEqual([]);
});

test("a body that drips is given up when the time for everything is over", async () => {
  const server = createServer((_request, response) => {
    response.writeHead(200, { "content-type": "application/json" });
    const drip = setInterval(() => response.write(" "), 20);
    response.on("close", () => clearInterval(drip));
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const call = { method: "GET", path: "/", auth: "none", totalMilliseconds: 300 } as const;
  const start = performance.now();
  await expect(openHttp(depsOf({ url }))(call)).rejects.toMatchObject({ code: "REGISTRY_UNAVAILABLE" });
  expect(performance.now() - start).toBeLessThan(3000);
});

test("a 304 that nobody asked for is no answer", async () => {
  const stub = await serveStub(() => ({ status: 304 }));
  await expect(open(stub).listVersions(pdf)).rejects.toMatchObject({ code: "REGISTRY_UNAVAILABLE" });
});

test("reading is anonymous until its limit is used up; then who is logged in goes on at once", async () => {
  const stub = await serveStub(({ headers }, count) => ({
    ...(headers.authorization === undefined && count > 2
      ? failing("RATE_LIMITED", 429, { "retry-after": "60" })
      : { body: { data: [version] } }),
  }));
  const notes: string[] = [];
  const registry = open(stub, { debug: (text) => void notes.push(text), note: (text) => expect.unreachable(text) });
  for (let count = 0; count < 4; count += 1) await registry.listVersions(pdf);
  expect(waits).toEqual([]);
  const [without, token] = [undefined, "Bearer paks_secret"];
  expect(stub.requests.map((one) => one.headers.authorization)).toEqual([
    without,
    without,
    without,
    token,
    without,
    token,
  ]);
  // Nothing that a person has to do anything about.
  expect(notes.filter((text) => text.includes("wants fewer"))).toEqual([
    expect.stringMatching(/^http:\/\/127\.0\.0\.1:\d+ wants fewer .*going on with your token\.$/),
  ]);
});

test("only whoever sent no token hears that a login raises the limit", async () => {
  const limited = (count: number) => count === 1 && failing("RATE_LIMITED", 429, { "retry-after": "20" });
  const stub = await serveStub((one, count) => {
    const me = { valid: true, user: null, expires_at: null };
    return limited(count) || { body: { data: one.path === "/api/auth/verify" ? me : [version] } };
  });
  const notes: string[] = [];
  const note = (text: string) => void notes.push(text);
  await open(stub, { note }).verify();
  const other = await serveStub((_, count) => limited(count) || { body: { data: [version] } });
  await open(other, { note, findToken: async () => undefined }).listVersions(pdf);
  expect(notes).toEqual([
    expect.stringMatching(/^The registry wants fewer requests; going on in 2\d s\.$/),
    expect.stringMatching(/^The registry wants fewer requests; going on in 2\d s\. A login raises the limit\.$/),
  ]);
});

test("a busy registry that asks for patience is waited for, and the person hears of it; not for its health", async () => {
  const busy: StubAnswer = { status: 503, body: "", headers: { "retry-after": "40" } };
  const stub = await serveStub((_, count) => (count === 1 ? busy : { body: { data: [version] } }));
  const notes: string[] = [];
  expect(await open(stub, { note: (text) => void notes.push(text) }).listVersions(pdf)).toHaveLength(1);
  expect(waits).toHaveLength(1);
  expect(waits[0]).toBeGreaterThanOrEqual(40_000);
  expect(notes).toEqual([expect.stringMatching(/^The registry is busy; going on in 4\d s\.$/)]);
  const down = await serveStub(() => busy);
  await expect(open(down).health()).rejects.toMatchObject({
    code: "REGISTRY_UNAVAILABLE",
    hint: "The registry asks to come back in 40 seconds.",
  });
  expect(down.requests).toHaveLength(1);
});

test.each([
  ["file:///etc/passwd", "redirects to a file: address"],
  ["ftp://127.0.0.1/x", "redirects to a ftp: address"],
  ["http://127.0.0.1:9/x", "redirects to this very machine (http://127.0.0.1:9)"],
])("a registry elsewhere cannot lead a read to %s", async (location, message) => {
  const asked: string[] = [];
  const fetch: HttpDeps["fetch"] = async (url) => {
    asked.push(url);
    const headers = { get: (name: string) => (name === "location" ? location : null) };
    return await Promise.resolve({ status: 302, headers, body: null });
  };
  await expect(open({ url: "https://r.example" }, { fetch }).listVersions(pdf)).rejects.toMatchObject({
    code: "PROTOCOL_NOT_ALLOWED",
    message: expect.stringContaining(message),
  });
  expect(asked).toEqual(["https://r.example/api/paks/acme/pdf/versions"]);
});
