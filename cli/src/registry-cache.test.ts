import { readdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import { openFetch } from "./network/open-fetch.ts";
import type { HttpDeps } from "./registry-http.ts";
import { openRegistry } from "./registry.ts";
import { answersFolder, openAnswerCache } from "./store/answers.ts";
import { type StubAnswer, type StubRequest, serveStub, tempFolder } from "./testing/index.ts";

const pdf = { account: "acme", name: "pdf" };
const version = (name: string) => ({
  version: name,
  digest: `h1:${"A".repeat(43)}=`,
  tag: `v${name}`,
  commit: "a".repeat(40),
  released_at: "2026-11-20T00:00:00Z",
  yanked: false,
});

interface Options {
  readonly ttl?: number;
  readonly read?: boolean;
  readonly offline?: boolean;
  readonly folder?: string;
  readonly now?: () => Date;
}

async function open(answer: (request: StubRequest, count: number) => StubAnswer, options: Options = {}) {
  const stub = await serveStub(answer);
  const folder = options.folder ?? (await tempFolder());
  const client = (more: Options = {}) => {
    const { ttl = 0, read = true, offline = false, now = () => new Date() } = { ...options, ...more };
    const answers = openAnswerCache({ folder, registry: stub.url, debug: () => undefined });
    const deps: HttpDeps = {
      url: stub.url,
      fetch: openFetch({ proxy: undefined, noProxy: undefined, caFile: undefined, extraCaFile: undefined }),
      signal: new AbortController().signal,
      offline,
      userAgent: "paks/test",
      findToken: async () => await Promise.resolve("paks_secret"),
      clock: now,
      sleep: async () => await Promise.resolve(),
      debug: () => undefined,
      cache: { answers, ttl, read },
    };
    return openRegistry(deps);
  };
  return { stub, folder, client };
}

/** Answers 304 to whoever holds the present version. */
const withEtag = (version: () => string) => (request: StubRequest) => {
  const etag = `"${version()}"`;
  if (request.headers["if-none-match"] === etag) return { status: 304, headers: { etag } };
  return { headers: { etag }, body: { data: [{ ...versionOf(version()) }] } };
};
const versionOf = version;

test("an answer is asked for by its ETag, and an unchanged one costs no body", async () => {
  let now = "1.0.0";
  const { stub, client } = await open(withEtag(() => now));
  for (let round = 0; round < 3; round += 1) expect(await client().listVersions(pdf)).toEqual([version("1.0.0")]);
  now = "1.1.0";
  expect(await client().listVersions(pdf)).toEqual([version("1.1.0")]);
  expect(stub.requests.map((one) => one.headers["if-none-match"])).toEqual([
    undefined,
    '"1.0.0"',
    '"1.0.0"',
    '"1.0.0"',
  ]);
  for (const one of stub.requests) expect(one.headers).not.toHaveProperty("authorization");
});

test("with a time to live it is not asked for at all, until that is over or a clock runs backwards", async () => {
  let time = Date.now();
  const { stub, client } = await open(
    withEtag(() => "1.0.0"),
    { ttl: 60, now: () => new Date(time) },
  );
  await client().listVersions(pdf);
  await client().listVersions(pdf);
  expect(stub.requests).toHaveLength(1);
  time += 61_000;
  await client().listVersions(pdf);
  expect(stub.requests).toHaveLength(2);
  time -= 3_600_000;
  await client().listVersions(pdf);
  expect(stub.requests).toHaveLength(3);
});

test("--no-cache asks anew and keeps the answer", async () => {
  const { stub, client } = await open(
    withEtag(() => "1.0.0"),
    { ttl: 60 },
  );
  await client().listVersions(pdf);
  await client({ read: false }).listVersions(pdf);
  expect(stub.requests.map((one) => one.headers["if-none-match"])).toEqual([undefined, undefined]);
  await client({ offline: true }).listVersions(pdf);
});

test("offline any kept answer is used, and what was never asked is OFFLINE", async () => {
  let time = Date.now();
  const { stub, client } = await open(
    withEtag(() => "1.0.0"),
    { now: () => new Date(time) },
  );
  await client().listVersions(pdf);
  time += 365 * 86_400_000;
  expect(await client({ offline: true }).listVersions(pdf)).toEqual([version("1.0.0")]);
  await expect(client({ offline: true }).findPak(pdf)).rejects.toMatchObject({ code: "OFFLINE" });
  expect(stub.requests).toHaveLength(1);
});

test("what the registry does not have any more is forgotten", async () => {
  const gone = { status: 404, body: { error: { code: "PAK_NOT_FOUND", message: "No." } } };
  const { client } = await open((request, count) => (count === 1 ? withEtag(() => "1.0.0")(request) : gone));
  await client().listVersions(pdf);
  expect(await client().listVersions(pdf)).toEqual([]);
  await expect(client({ offline: true }).listVersions(pdf)).rejects.toMatchObject({ code: "OFFLINE" });
});

const attempt = { id: "1", state: "pending", repository: "https://git.example/acme/pdf", tag: "v1.1.0" };
const dryRun = { valid: true, findings: [] };
const token = { id: "1", name: "ci", scopes: ["read"], token: "paks_new", created_at: "2026-11-20T00:00:00Z" };
const at = { repository: attempt.repository, tag: attempt.tag };

/** Everything but a GET gets an answer of some shape: what the client makes of it is no matter here. */
const withPosts = (request: StubRequest): StubAnswer =>
  request.method === "GET" ? withEtag(() => "1.0.0")(request) : { body: { data: { ...attempt, ...dryRun, ...token } } };
const whatever = async (work: Promise<unknown>): Promise<void> => void (await Promise.allSettled([work]));

test("after a change at the registry all is asked for again, by its ETag, and stays for who is offline", async () => {
  let time = Date.now();
  const { stub, client } = await open(withPosts, { ttl: 3600, now: () => new Date(time) });
  await client().listVersions(pdf);
  await whatever(client().requestIndex(at));
  expect(await client({ offline: true }).listVersions(pdf)).toEqual([version("1.0.0")]);
  time += 1;
  for (let round = 0; round < 2; round += 1) expect(await client().listVersions(pdf)).toEqual([version("1.0.0")]);
  expect(stub.requests.map((one) => one.method)).toEqual(["GET", "POST", "GET"]);
  expect(stub.requests.at(-1)?.headers["if-none-match"]).toBe('"1.0.0"');
});

test("what changes nothing that others see leaves all answers in use", async () => {
  const { stub, client } = await open(withPosts, { ttl: 3600 });
  await client().listVersions(pdf);
  await whatever(client().askWhyNot(at));
  await whatever(client().dryRunIndex({ ...at, commit: "a".repeat(40), files: [] } as never));
  await whatever(client().createToken({ name: "ci", scopes: ["read"] }));
  await client().deleteToken("1");
  await client().revoke();
  for (const offline of [false, true]) expect(await client({ offline }).listVersions(pdf)).toEqual([version("1.0.0")]);
  expect(stub.requests.map((one) => one.method)).toEqual(["GET", "POST", "POST", "POST", "DELETE", "POST"]);
});

test.each([
  ["damaged", (text: string) => text.replace("v1.0.0", "v6.6.6")],
  ["cut off", (text: string) => text.slice(0, 60)],
  ["of another address", (text: string) => text.replace("/acme/", "/evil/")],
  ["empty", () => ""],
])("a kept answer that is %s is not used", async (_, change) => {
  const { stub, folder, client } = await open(
    withEtag(() => "1.0.0"),
    { ttl: 3600 },
  );
  await client().listVersions(pdf);
  const base = answersFolder(folder);
  const names = (await readdir(base, { recursive: true })).filter((name) => name.endsWith(".json"));
  const { readFile } = await import("node:fs/promises");
  for (const name of names) await writeFile(join(base, name), change(await readFile(join(base, name), "utf8")));
  expect(await client().listVersions(pdf)).toEqual([version("1.0.0")]);
  expect(stub.requests.map((one) => one.headers["if-none-match"])).toEqual([undefined, undefined]);
});

test("a cache that cannot be written is no failure", async () => {
  const folder = join(await tempFolder(), "file");
  await writeFile(folder, "in the way");
  const { client } = await open(
    withEtag(() => "1.0.0"),
    { folder },
  );
  expect(await client().listVersions(pdf)).toEqual([version("1.0.0")]);
});

test("only answers with an ETag that is one are kept", async () => {
  const { stub, client } = await open(() => ({ headers: { etag: "no quotes" }, body: { data: [version("1.0.0")] } }), {
    ttl: 60,
  });
  await client().listVersions(pdf);
  await client().listVersions(pdf);
  expect(stub.requests).toHaveLength(2);
});
