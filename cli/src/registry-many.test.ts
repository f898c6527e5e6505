import type { PakRef } from "@paks/schema";
import { expect, test } from "vitest";
import { openFetch } from "./network/open-fetch.ts";
import type { HttpDeps } from "./registry-http.ts";
import { openRegistry } from "./registry.ts";
import { openAnswerCache } from "./store/answers.ts";
import { type StubAnswer, type StubRequest, makeRelease, serveStub, tempFolder } from "./testing/index.ts";

const pdf: PakRef = { account: "acme", name: "pdf" };
const text: PakRef = { account: "acme", name: "text", selector: "^1" };
const row = (version: string) => ({
  version,
  digest: `h1:${"A".repeat(43)}=`,
  tag: `v${version}`,
  commit: "a".repeat(40),
  released_at: "2026-11-20T00:00:00Z",
  yanked: false,
});
const told = (pak: string, more: object = {}) => ({ pak, repository: null, versions: [row("1.0.0")], ...more });

interface Options {
  readonly ttl?: number;
  readonly read?: boolean;
  readonly offline?: boolean;
  readonly now?: () => Date;
}

async function open(answer: (request: StubRequest, count: number) => StubAnswer) {
  const stub = await serveStub(answer);
  const folder = await tempFolder();
  const answers = openAnswerCache({ folder, registry: stub.url, debug: () => undefined });
  const client = ({ ttl = 0, read = true, offline = false, now = () => new Date() }: Options = {}) => {
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
  return { stub, client, paths: () => stub.requests.map(({ path }) => path) };
}

const many = (...data: unknown[]) => ({ body: { data } });

test("many paks are one request, without a token, in an address that does not depend on their order", async () => {
  const { client, stub } = await open(() => many(told("acme/text@^1", { release: null }), told("acme/pdf")));
  for (const refs of [
    [pdf, text],
    [text, pdf],
  ])
    expect((await client().lookUp(refs)).map((one) => [one.ref, one.told?.versions?.length])).toEqual(
      refs.map((ref) => [ref, 1]),
    );
  expect(stub.requests.map(({ path, headers }) => [path, headers.authorization])).toEqual(
    [1, 2].map(() => ["/api/versions?paks=acme/pdf,acme/text@%5E1", undefined]),
  );
});

test("when the limit of strangers is used up, who is logged in goes on at once", async () => {
  const { client, stub } = await open(({ headers }) =>
    headers.authorization === undefined
      ? { status: 429, headers: { "retry-after": "60" }, body: { error: { code: "RATE_LIMITED", message: "No." } } }
      : many(told("acme/pdf"), told("acme/text@^1", { release: null })),
  );
  expect((await client().lookUp([pdf, text])).map(({ failure }) => failure)).toEqual([undefined, undefined]);
  expect(stub.requests.map(({ headers }) => headers.authorization)).toEqual([undefined, "Bearer paks_secret"]);
});

test("one pak, and none, is left to its own address", async () => {
  const { client, stub } = await open(() => many());
  expect(await client().lookUp([pdf])).toEqual([]);
  expect(await client().lookUp([])).toEqual([]);
  expect(stub.requests).toEqual([]);
});

test("more than fifty paks, and long addresses, are several requests", async () => {
  const { client, paths } = await open(({ path }) => {
    const refs = decodeURIComponent(path.slice(path.indexOf("=") + 1)).split(",");
    return many(...refs.map((ref) => told(ref, ref.includes("@") ? { release: null } : {})));
  });
  const refs = Array.from({ length: 120 }, (_, at) => ({ account: "acme", name: `pak-${at}` }));
  expect(await client().lookUp(refs)).toHaveLength(120);
  expect(paths().map((path) => path.split(",").length)).toEqual([50, 50, 20]);
  const long = refs.slice(0, 49).map((ref) => ({ ...ref, selector: ">=1.0.0 <2.0.0 || ".repeat(6) + "^3" }));
  expect(await client().lookUp(long)).toHaveLength(49);
  expect(paths().length).toBeGreaterThan(4);
  expect(Math.max(...paths().map((path) => path.length))).toBeLessThanOrEqual(6000);
});

test.for([
  ["NOT_FOUND", 404],
  ["INVALID_PARAMETER", 400],
] as const)(
  "a registry that answers %s is older: it is asked once and then never again that way",
  async ([code, status]) => {
    const { client, stub } = await open(() => ({ status, body: { error: { code, message: "No." } } }));
    const registry = client();
    expect(await registry.lookUp([pdf, text])).toEqual([]);
    expect(await registry.lookUp([pdf, text])).toEqual([]);
    expect(stub.requests).toHaveLength(1);
  },
);

test("an unknown pak is one without versions; one without room in the answer is left to its own address", async () => {
  const error = (code: string) => ({ code, message: "No." });
  const { client } = await open(() =>
    many({ pak: "acme/pdf", error: error("PAK_NOT_FOUND") }, { pak: "acme/text@^1", error: error("TOO_LARGE") }),
  );
  const found = await client().lookUp([pdf, text]);
  expect(found).toMatchObject([{ ref: pdf, told: { error: { code: "PAK_NOT_FOUND" } } }]);
  expect(found).toHaveLength(1);
});

const release = async (id: string, version: string) => (await makeRelease(id, version)).dto;
const hostile: readonly (readonly [what: string, code: string, answer: () => Promise<StubAnswer> | StubAnswer])[] = [
  [
    "a name that nobody asked for",
    "INTEGRITY_MISMATCH",
    () => many(told("acme/pdf"), told("acme/text@^1"), told("acme/evil")),
  ],
  ["a name twice", "INTEGRITY_MISMATCH", () => many(told("acme/pdf"), told("acme/text@^1"), told("acme/pdf"))],
  ["a missing name", "REGISTRY_UNAVAILABLE", () => many(told("acme/pdf"))],
  ["nothing of a name", "REGISTRY_UNAVAILABLE", () => many(told("acme/pdf"), { pak: "acme/text@^1" })],
  ["no list", "REGISTRY_UNAVAILABLE", () => ({ body: { data: {} } })],
  [
    "versions of the wrong type",
    "REGISTRY_UNAVAILABLE",
    () => many(told("acme/pdf"), told("acme/text@^1", { versions: [1] })),
  ],
  [
    "a version without a digest",
    "REGISTRY_UNAVAILABLE",
    () => many(told("acme/pdf", { versions: [{ version: "1.0.0" }] }), told("acme/text@^1")),
  ],
  [
    "an error of the wrong type",
    "REGISTRY_UNAVAILABLE",
    () => many(told("acme/pdf", { error: "no" }), told("acme/text@^1")),
  ],
  ["no JSON", "REGISTRY_UNAVAILABLE", () => ({ body: "<html>" })],
  [
    "a million versions",
    "TOO_LARGE",
    () => ({ body: `{"data":[{"pak":"acme/pdf","versions":[${`{"version":"1.0.0"},`.repeat(1e6)}{}]}]}` }),
  ],
  ["a million rows", "TOO_LARGE", () => ({ body: `{"data":[${`{"pak":"acme/pdf"},`.repeat(1e6)}{}]}` })],
];

test.for(hostile)(
  "%s is refused for every pak that was asked for, and nothing of it is kept",
  async ([, code, answer]) => {
    const body = await answer();
    const { client } = await open(() => body);
    const found = await client().lookUp([pdf, text]);
    expect(found.map(({ ref, failure }) => [ref, failure?.code])).toEqual([pdf, text].map((ref) => [ref, code]));
    await expect(client({ offline: true }).listVersions(pdf)).rejects.toMatchObject({ code: "OFFLINE" });
  },
);

test.for([
  ["another pak", "acme/evil", "1.0.0"],
  ["another account", "evil/text", "1.0.0"],
  ["no version at all", "acme/text", "banana"],
  ["a version that does not fit", "acme/text", "2.0.0"],
] as const)("a release of %s is refused for that pak alone", async ([, id, version]) => {
  const evil = await release(id, version);
  const { client } = await open(() => many(told("acme/pdf"), told("acme/text@^1", { release: evil })));
  const [good, bad] = await client().lookUp([pdf, text]);
  expect(good?.failure).toBeUndefined();
  expect(bad?.failure).toMatchObject({ code: "INTEGRITY_MISMATCH" });
  await expect(client({ offline: true }).findRelease(text, "^1")).rejects.toMatchObject({ code: "OFFLINE" });
});

test("a registry that is down is told once for all of them, and asked no more than its tries", async () => {
  const { client, stub } = await open(() => ({ hangUp: true }));
  const found = await client().lookUp([pdf, text]);
  expect(found.map(({ failure }) => failure?.code)).toEqual(["REGISTRY_UNAVAILABLE", "REGISTRY_UNAVAILABLE"]);
  expect(stub.requests).toHaveLength(4);
});

test("what came together is found offline by who asks for one, and the other way round nothing is asked for", async () => {
  const one = await release("acme/text", "1.0.0");
  const { client, stub } = await open(() => many(told("acme/pdf"), told("acme/text@^1", { release: one })));
  await client().lookUp([pdf, text]);
  const offline = client({ offline: true });
  expect(await offline.listVersions(pdf)).toEqual([row("1.0.0")]);
  expect(await offline.findRelease(text, "^1")).toEqual(one);
  expect(await offline.listVersions(text)).toEqual([row("1.0.0")]);
  expect(await offline.lookUp([pdf, text])).toEqual([]);
  expect(stub.requests).toHaveLength(1);
});

test("what is young enough is not asked for again, unless nothing kept is wanted", async () => {
  let now = new Date("2026-11-20T00:00:00Z");
  const { client, paths } = await open(({ path }) =>
    path.includes("?")
      ? many(told("acme/pdf"), told("acme/text@^1", { release: null }))
      : { body: { data: [row("1.0.0")] } },
  );
  const registry = (more: Options = {}) => client({ ttl: 60, now: () => now, ...more });
  const bare: PakRef = { account: "acme", name: "text" };
  await registry().lookUp([pdf, text]);
  now = new Date("2026-11-20T00:00:59Z");
  expect(await registry().lookUp([pdf, bare])).toEqual([]);
  expect(await registry().listVersions(pdf)).toHaveLength(1);
  expect(paths()).toHaveLength(1);
  expect(await registry({ read: false }).lookUp([pdf, text])).toHaveLength(2);
  expect(await registry().lookUp([pdf, text], { evenKept: true })).toHaveLength(2);
  now = new Date("2026-11-20T00:03:00Z");
  expect(await registry().lookUp([pdf, text])).toHaveLength(2);
  expect(paths()).toHaveLength(4);
});

test("an answer with changelogs and an ETag stays when the one of many says the same, and goes when it does not", async () => {
  const full = { ...row("1.0.0"), changelog: "Better." };
  let versions = [row("1.0.0")];
  const { client, stub } = await open(({ path, headers }) => {
    if (path.includes("?")) return many(told("acme/pdf", { versions }), told("acme/text@^1", { release: null }));
    if (headers["if-none-match"] === '"full"') return { status: 304 };
    return { headers: { etag: '"full"' }, body: { data: [full] } };
  });
  await client().listVersions(pdf);
  await client().lookUp([pdf, text]);
  expect(await client({ offline: true }).listVersions(pdf)).toEqual([full]);
  expect(await client().listVersions(pdf)).toEqual([full]);
  expect(stub.requests.at(-1)?.headers["if-none-match"]).toBe('"full"');
  versions = [row("1.1.0"), row("1.0.0")];
  await client().lookUp([pdf, text]);
  expect(await client({ offline: true }).listVersions(pdf)).toEqual(versions);
  expect(await client().listVersions(pdf)).toEqual([full]);
  expect(stub.requests.at(-1)?.headers["if-none-match"]).toBe('W/"together"');
});

test("what the registry no longer knows does not come back without a network", async () => {
  let gone = false;
  const error = { code: "PAK_NOT_FOUND", message: "No." };
  const one = await release("acme/text", "1.0.0");
  const { client } = await open(() =>
    gone
      ? many({ pak: "acme/pdf", error }, { pak: "acme/text@^1", error })
      : many(told("acme/pdf"), told("acme/text@^1", { release: one })),
  );
  await client().lookUp([pdf, text]);
  gone = true;
  await client().lookUp([pdf, text]);
  const offline = client({ offline: true });
  await expect(offline.listVersions(pdf)).rejects.toMatchObject({ code: "OFFLINE" });
  await expect(offline.findRelease(text, "^1")).rejects.toMatchObject({ code: "OFFLINE" });
});
