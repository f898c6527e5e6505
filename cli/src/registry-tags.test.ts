import { PaksError } from "@paks/schema";
import { expect, test, vi } from "vitest";
import { openFetch } from "./network/open-fetch.ts";
import type { HttpDeps } from "./registry-http.ts";
import type { Answered } from "./registry-tags.ts";
import { openRegistry } from "./registry.ts";
import { type StubAnswer, type StubRequest, serveStub } from "./testing/index.ts";

const repository = "https://github.com/acme/skills";
const tagsOf = (count: number) => Array.from({ length: count }, (_, at) => ({ tag: `p${at}--v1.0.0`, path: `p${at}` }));
const idOf = (tag: string) => `00000000-0000-4000-8000-${tag.replace(/\D/g, "").padStart(12, "0")}`;
const attemptOf = (tag: string, state = "queued", stage: string | null = null) => ({
  ...{ id: idOf(tag), repository, tag, path: null, trigger: "token", state, stage, code: null, message: null },
  ...{ hint: null, details: null, retryable: false, tries: 0, next_try_at: null, releases: [] },
  ...{ created_at: "2026-11-20T00:00:00Z", started_at: null, ended_at: null },
});
const failing = (code: string, status: number): StubAnswer => ({ status, body: { error: { code, message: "No." } } });

interface Told {
  readonly repository: string;
  readonly tag: string;
  readonly tags?: readonly { readonly tag: string }[];
}
const told = ({ body }: StubRequest) => JSON.parse(body) as Told;
const idsOf = ({ path }: StubRequest) => /^\/api\/attempts\?ids=(.+)$/.exec(path)?.[1]?.split(",");
const indexed = (id: string) => ({ ...attemptOf("p0", "indexed"), id });

async function open(answer: (request: StubRequest, count: number) => StubAnswer) {
  const stub = await serveStub(answer);
  const waits: number[] = [];
  const stop = new AbortController();
  const deps: HttpDeps = {
    url: stub.url,
    fetch: openFetch({ proxy: undefined, noProxy: undefined, caFile: undefined, extraCaFile: undefined }),
    signal: stop.signal,
    offline: false,
    userAgent: "paks/test",
    findToken: async () => await Promise.resolve("paks_secret"),
    clock: () => new Date(),
    sleep: async (milliseconds) => await Promise.resolve(void waits.push(milliseconds)),
    debug: () => undefined,
  };
  const sent = () => stub.requests.map(({ method, path }) => `${method} ${path.replace(/(ids=|attempts\/).*/, "$1…")}`);
  return { registry: openRegistry(deps), stub, waits, stop, sent };
}

/** Takes several tags in a request, and has all of them indexed at the second look. */
const newer = (request: StubRequest, count: number): StubAnswer => {
  if (request.method === "POST")
    return {
      status: 202,
      body: { data: told(request).tags!.map(({ tag }) => ({ tag, path: null, attempt: attemptOf(tag) })) },
    };
  return {
    body: { data: idsOf(request)!.map((id) => (count > 2 ? indexed(id) : { ...attemptOf("p0", "running"), id })) },
  };
};

/** Knows only the single forms. */
const older =
  (refusal: StubAnswer) =>
  (request: StubRequest): StubAnswer => {
    if (request.method === "GET") return { body: { data: indexed(request.path.split("/").at(-1)!) } };
    const { tag, tags } = told(request);
    return tags ? refusal : { status: 202, body: { data: attemptOf(tag) } };
  };

const states = (answers: readonly Answered[]) => answers.map(({ attempt, failure }) => attempt?.state ?? failure?.code);

test("thirty tags are told in one request and followed with one request for each look", async () => {
  const { registry, sent, stub, waits } = await open(newer);
  const answers = await registry.tellTags(repository, tagsOf(30));
  expect(answers.map(({ attempt }) => attempt?.tag)).toEqual(tagsOf(30).map(({ tag }) => tag));
  const seen: string[] = [];
  const done = await registry.followTags(answers, { onChange: (all) => void seen.push(states(all)[0]!) });
  expect(new Set(states(done))).toEqual(new Set(["indexed"]));
  expect(seen).toEqual(["queued", "running", "indexed"]);
  expect(sent()).toEqual(["POST /api/index", "GET /api/attempts?ids=…", "GET /api/attempts?ids=…"]);
  expect(told(stub.requests[0]!)).toEqual({ repository, tags: tagsOf(30) });
  expect(stub.requests[0]!.headers["idempotency-key"]).toMatch(/^[0-9a-f-]{36}$/);
  expect(waits).toEqual([150, 225]);
});

test("more tags than one request takes are several, and a look never asks for more than fit in one", async () => {
  const { registry, stub } = await open((request) =>
    request.method === "POST" ? newer(request, 1) : newer(request, 9),
  );
  const answers = await registry.tellTags(repository, tagsOf(120));
  expect(stub.requests.map((request) => told(request).tags?.length)).toEqual([50, 50, 20]);
  expect(new Set(states(await registry.followTags(answers)))).toEqual(new Set(["indexed"]));
  expect(stub.requests.slice(3).map((request) => idsOf(request)?.length)).toEqual([50, 50, 20]);
});

test("a single tag is told and followed as ever", async () => {
  const { registry, sent } = await open(older(failing("INTERNAL", 500)));
  const answers = await registry.tellTags(repository, tagsOf(1));
  expect(states(await registry.followTags(answers))).toEqual(["indexed"]);
  expect(sent()).toEqual(["POST /api/index", "GET /api/attempts/…"]);
});

test.for([
  ["INVALID_PARAMETER", 400],
  ["NOT_FOUND", 404],
  ["", 405],
  ["METHOD_NOT_ALLOWED", 405],
] as const)(
  "a registry that answers %s (%i) to several tags is told of each, and asked that once only",
  async ([code, status]) => {
    const { registry, sent, stub } = await open(older(code === "" ? { status, body: "" } : failing(code, status)));
    const answers = await registry.tellTags(repository, tagsOf(3));
    expect(answers.map(({ attempt }) => attempt?.tag)).toEqual(tagsOf(3).map(({ tag }) => tag));
    expect(states(await registry.followTags(answers))).toEqual(["indexed", "indexed", "indexed"]);
    expect(sent()).toEqual([
      ...Array<string>(4).fill("POST /api/index"),
      ...Array<string>(3).fill("GET /api/attempts/…"),
    ]);
    await registry.tellTags(repository, tagsOf(2));
    expect(stub.requests.filter((one) => one.method === "POST" && told(one).tags)).toHaveLength(1);
  },
);

test("attempts that an answer leaves out, and none that nobody asked for, are asked for on their own", async () => {
  const { registry, sent } = await open((request, count) => {
    if (request.method === "POST") return newer(request, count);
    const ids = idsOf(request);
    if (ids) return { body: { data: [indexed(idOf("p99")), indexed(ids[0]!)] } };
    const id = request.path.split("/").at(-1)!;
    return id === idOf("p1--v1.0.0") ? failing("NOT_FOUND", 404) : { body: { data: indexed(id) } };
  });
  const done = await registry.followTags(await registry.tellTags(repository, tagsOf(3)));
  expect(states(done)).toEqual(["indexed", "NOT_FOUND", "indexed"]);
  expect(sent().slice(1)).toEqual(["GET /api/attempts?ids=…", "GET /api/attempts/…", "GET /api/attempts/…"]);
});

test("a tag that is refused stands beside those that are taken, and is not followed", async () => {
  const error = { code: "INVALID_TAG", message: "No tag.", hint: "Another one." };
  const { registry, stub } = await open((request, count) => {
    if (request.method === "GET") return newer(request, 9);
    const { data } = (newer(request, count) as { body: { data: { tag: string; path: null }[] } }).body;
    return {
      status: 202,
      body: { data: data.map((each, at) => (at === 1 ? { tag: each.tag, path: null, error } : each)) },
    };
  });
  const answers = await registry.tellTags(repository, tagsOf(3));
  expect(answers[1]?.failure).toMatchObject(error);
  expect(states(await registry.followTags(answers))).toEqual(["indexed", "INVALID_TAG", "indexed"]);
  expect(idsOf(stub.requests[1]!)).toHaveLength(2);
});

test.each([
  ["leaves one out", (data: unknown[]) => data.slice(1)],
  ["has them in another order", (data: unknown[]) => data.toReversed()],
])("an answer that %s is none", async (_what, change) => {
  const { registry } = await open((request, count) => {
    const { data } = (newer(request, count) as { body: { data: unknown[] } }).body;
    return { body: { data: change(data) } };
  });
  const answers = await registry.tellTags(repository, tagsOf(2));
  expect(states(answers)).toEqual(["REGISTRY_UNAVAILABLE", "REGISTRY_UNAVAILABLE"]);
});

test("what refuses all tags is asked for once, however many they are", async () => {
  const { registry, stub } = await open(() => failing("HOST_NOT_ALLOWED", 422));
  expect(new Set(states(await registry.tellTags(repository, tagsOf(120))))).toEqual(new Set(["HOST_NOT_ALLOWED"]));
  expect(stub.requests).toHaveLength(1);
});

test("Ctrl-C while they are followed ends the run", async () => {
  const { registry, stop } = await open((request, count) => {
    if (count === 2) stop.abort(new PaksError("CANCELLED", "Stopped."));
    return newer(request, 1);
  });
  const answers = await registry.tellTags(repository, tagsOf(3));
  await expect(registry.followTags(answers)).rejects.toMatchObject({ code: "CANCELLED" });
});

test("following ends when nothing has happened for the time given, with the attempts as they stand", async () => {
  const { registry } = await open(newer);
  const answers = await registry.tellTags(repository, tagsOf(2));
  expect(states(await registry.followTags(answers, { timeoutMilliseconds: 0 }))).toEqual(["queued", "queued"]);
});

test("a registry that fails inside says nothing of the tags, which is no fault inside of paks", async () => {
  const { registry } = await open(() => failing("INTERNAL", 500));
  expect(states(await registry.tellTags(repository, tagsOf(2)))).toEqual([
    "REGISTRY_UNAVAILABLE",
    "REGISTRY_UNAVAILABLE",
  ]);
});

test("attempts that begin again and again are waited for as long as a single one", async () => {
  vi.useFakeTimers({ toFake: ["Date"] });
  try {
    const { registry, waits } = await open((request, count) => {
      vi.setSystemTime(Date.now() + 1000);
      const state = count % 2 === 0 ? "queued" : "running";
      const ids = idsOf(request);
      return ids ? { body: { data: ids.map((id) => ({ ...attemptOf("p0", state), id })) } } : newer(request, 1);
    });
    const answers = await registry.tellTags(repository, tagsOf(2));
    expect(states(await registry.followTags(answers)).every((state) => state !== "indexed")).toBe(true);
    expect(waits.length).toBeLessThan(200);
  } finally {
    vi.useRealTimers();
  }
});
