import { type ErrorCode, PaksError, parseRepositoryUrl } from "@paks/schema";
import { afterAll, beforeAll, describe, expect, test } from "vitest";

import { fetchTag, listTags, readPakFiles } from "./index.ts";
import { type Fault, type GitLab, type GitRequest, gitLab, type GitService } from "./testing/index.ts";

let lab: GitLab;
/** The fault of a repository is that of its name, so that the slow ones can fail at the same time. */
const faults = new Map<string, (request: GitRequest) => Fault | undefined>();

beforeAll(async () => {
  lab = await gitLab({ faults: (request) => faults.get(request.path.split("/")[1]!.replace(/\.git$/, ""))?.(request) });
  const repo = await lab.repo("good", { "SKILL.md": "hello\n", "a/b.md": "b\n" }, ["v1.0.0"]);
  await repo.tag("v1.1.0", "annotated");
  await repo.git("push", "-q", "origin", "v1.1.0");
});
afterAll(() => lab.close());

/** Serves the good repository's copy under another name, with a fault. */
async function faulty(name: string, fault: Fault, service?: GitService) {
  const repo = await lab.repo(name, { "SKILL.md": "hello\n", "a/b.md": "b\n" }, ["v1.0.0"]);
  await repo.remove();
  faults.set(name, (request) => (service === undefined || request.service === service ? fault : undefined));
  return lab.url(name);
}

const failureOf = (work: Promise<unknown>): Promise<PaksError> =>
  work.then(
    () => {
      throw new Error("it should have failed");
    },
    (error: unknown) => {
      if (error instanceof PaksError) return error;
      throw error;
    },
  );

/** Little patience where nothing is to come; elsewhere as much as the machine needs. */
const patience = (fault: Fault) =>
  ["hang", "drip"].includes(fault.type) ? lab.limited({ fetchMilliseconds: 4000 }) : lab.cage;

const rows: readonly (readonly [string, Fault, ErrorCode])[] = [
  ["s401", { type: "status", status: 401, headers: { "www-authenticate": "Basic" } }, "REPOSITORY_NOT_FOUND"],
  ["s403", { type: "status", status: 403 }, "REPOSITORY_NOT_FOUND"],
  ["s404", { type: "status", status: 404 }, "REPOSITORY_NOT_FOUND"],
  ["s400", { type: "status", status: 400 }, "GIT_PROTOCOL_ERROR"],
  ["s403-limited", { type: "status", status: 403, headers: { "retry-after": "5" } }, "GIT_HOST_RATE_LIMITED"],
  ["s429", { type: "status", status: 429 }, "GIT_HOST_RATE_LIMITED"],
  ["s500", { type: "status", status: 500 }, "GIT_HOST_UNAVAILABLE"],
  ["s503", { type: "status", status: 503 }, "GIT_HOST_UNAVAILABLE"],
  ["s504", { type: "status", status: 504 }, "GIT_HOST_TIMEOUT"],
  ["html", { type: "html" }, "GIT_PROTOCOL_ERROR"],
  ["redirect", { type: "redirect", location: "http://127.0.0.1:1/inner" }, "REPOSITORY_MOVED"],
  ["redirect-file", { type: "redirect", location: "file:///etc/passwd", status: 301 }, "REPOSITORY_MOVED"],
  ["truncated", { type: "truncate", bytes: 30 }, "GIT_HOST_UNAVAILABLE"],
  ["short", { type: "short", bytes: 30 }, "GIT_PROTOCOL_ERROR"],
  ["hang", { type: "hang" }, "GIT_HOST_TIMEOUT"],
  ["drip", { type: "drip" }, "GIT_HOST_TIMEOUT"],
  ["cut", { type: "cut" }, "GIT_HOST_UNAVAILABLE"],
];

describe.concurrent("a host that fails at once", () => {
  test.each(rows)("%s: fetching and listing end with the code, nothing is left", async (name, fault, code) => {
    const url = await faulty(name, fault);
    expect((await failureOf(fetchTag(patience(fault), url, "v1.0.0"))).code).toBe(code);
    expect((await failureOf(listTags(patience(fault), url))).code).toBe(code);
  });
});

describe.concurrent("a host that fails half-way", () => {
  const late = rows.filter(([name]) => !name.startsWith("redirect"));
  test.each(late)("%s: fetching ends with the code", async (name, fault, code) => {
    const url = await faulty(`late-${name}`, fault, "fetch");
    const failure = await failureOf(fetchTag(patience(fault), url, "v1.0.0"));
    expect(failure.code).toBe(code);
  });

  test("a pack that breaks off is a failure of the host", async () => {
    const url = await faulty("truncated-pack", { type: "truncate", bytes: 60 });
    faults.set("truncated-pack", fromNth("fetch", 2, { type: "truncate", bytes: 60 }));
    expect((await failureOf(fetchTag(lab.cage, url, "v1.0.0"))).code).toBe("GIT_HOST_UNAVAILABLE");
  });

  test("a pack that ends too early is no pack", async () => {
    const url = await faulty("short-pack", { type: "hang" });
    faults.set("short-pack", fromNth("fetch", 2, { type: "short", bytes: 60 }));
    expect((await failureOf(fetchTag(lab.cage, url, "v1.0.0"))).code).toBe("GIT_PROTOCOL_ERROR");
  });

  test("a host that limits us between tree and files", async () => {
    const url = await faulty("late-blobs", { type: "hang" });
    faults.set(
      "late-blobs",
      fromNth("list-fetch", 2, { type: "status", status: 429, headers: { "retry-after": "77" } }),
    );
    const snapshot = await fetchTag(lab.cage, url, "v1.0.0");
    const failure = await failureOf(readPakFiles(snapshot, "", lab.cage.limits));
    await snapshot.close();
    expect(failure.code).toBe("GIT_HOST_RATE_LIMITED");
    expect(failure.details).toMatchObject({ retryAfterSeconds: 77 });
  });
});

/** From the n-th request of a service on; the first is 1. Not only that one: curl asks again on a connection that died. */
function fromNth(service: GitService, n: number, fault: Fault): (request: GitRequest) => Fault | undefined {
  let seen = 0;
  return (request) => (request.service === service && ++seen >= n ? fault : undefined);
}

describe.concurrent("a listing that never ends", () => {
  test.each(["list-fetch", "fetch"] as const)(
    "%s: memory runs out in the cage, not on the machine",
    async (service) => {
      const url = await faulty(`endless-${service}`, { type: "endless-refs" }, service);
      expect((await failureOf(listTags(lab.cage, url))).code).toBe("REPOSITORY_TOO_COMPLEX");
      expect((await failureOf(fetchTag(lab.cage, url, "v1.0.0"))).code).toBe("REPOSITORY_TOO_COMPLEX");
    },
  );
});

test("a host that wants to be left alone until a date says for how many seconds", async () => {
  const headers = { "retry-after": "Sat, 21 Nov 2026 10:02:00 GMT", date: "Sat, 21 Nov 2026 10:00:00 GMT" };
  const url = await faulty("dated", { type: "status", status: 503, headers });
  const failure = await failureOf(listTags(lab.cage, url));
  expect(failure).toMatchObject({ code: "GIT_HOST_UNAVAILABLE", details: { retryAfterSeconds: 120 } });
});

test("a moved repository is told by its new address, and nobody goes there", async () => {
  const location = `${lab.server.url}/good.git/info/refs?service=git-upload-pack`;
  const url = await faulty("moved", { type: "redirect", location, status: 301 });
  const before = lab.server.requests.length;
  const failure = await failureOf(fetchTag(lab.cage, url, "v1.0.0"));
  expect(failure).toMatchObject({ code: "REPOSITORY_MOVED", details: { location: `${lab.server.url}/good.git` } });
  expect(lab.server.requests.length - before).toBe(1);
});

test("a tag that is not there (yet) is told from a host that does not speak git", async () => {
  expect((await failureOf(fetchTag(lab.cage, lab.url("good"), "v9.9.9"))).code).toBe("TAG_NOT_FOUND");
  const url = await faulty("lagging", { type: "hide", ref: "refs/tags/v1.0.0" });
  expect((await failureOf(fetchTag(lab.cage, url, "v1.0.0"))).code).toBe("TAG_NOT_FOUND");
  faults.delete("lagging");
  await (await fetchTag(lab.cage, url, "v1.0.0")).close();
});

test("a repository that does not exist, a host that refuses, a name without an address", async () => {
  expect((await failureOf(fetchTag(lab.cage, lab.url("nobody"), "v1.0.0"))).code).toBe("REPOSITORY_NOT_FOUND");
  const cage = { ...lab.cage, policy: { hosts: ["*"], protocols: ["http", "https"], allowPrivate: true } };
  const refused = parseRepositoryUrl("http://127.0.0.1:1/a.git", cage.policy);
  expect((await failureOf(listTags(cage, refused))).code).toBe("GIT_HOST_UNAVAILABLE");
  const unknown = parseRepositoryUrl("https://git.example.invalid/a.git", cage.policy);
  expect((await failureOf(listTags(cage, unknown))).code).toBe("GIT_HOST_UNAVAILABLE");
  const plain = parseRepositoryUrl(`https://${lab.server.host}/good.git`, cage.policy);
  expect((await failureOf(listTags(cage, plain))).code).toBe("GIT_HOST_UNAVAILABLE");
});

test("the server's own words never decide what a failure is, and are shown without credentials", async () => {
  const body = "fatal: No space left on device\nhttps://user:pw@example.com/ \u001b[31mred\u001b[0m";
  const url = await faulty("liar", { type: "status", status: 500, body });
  const failure = await failureOf(listTags(lab.cage, url));
  expect(failure.code).toBe("GIT_HOST_UNAVAILABLE");
  expect(failure.details?.["git"]).toContain("https://***@example.com/");
  expect(JSON.stringify(failure.details)).not.toMatch(/pw@|\\u001b\[/);
});

test("a caller who gives up gets his own reason, and git is gone", async () => {
  const url = await faulty("abandoned", { type: "hang" });
  const controller = new AbortController();
  const work = failureOf(fetchTag(lab.cage, url, "v1.0.0", { signal: controller.signal }));
  setTimeout(() => controller.abort(), 300);
  const started = performance.now();
  expect((await work).code).toBe("CANCELLED");
  expect(performance.now() - started).toBeLessThan(2000);
  expect((await failureOf(listTags(lab.cage, url, { signal: controller.signal }))).code).toBe("CANCELLED");
});

test("no failure leaves a scratch folder or a process behind", async () => {
  expect(await lab.leftovers()).toEqual([]);
  expect(await lab.processes()).toEqual([]);
});
