import { createHmac, randomUUID } from "node:crypto";
import { request } from "node:http";
import { type ErrorCode, errorCodes } from "@paks/schema";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { mustEndWell, skillText, until } from "./harness/journey.ts";
import { type Answer, expectAnswer, type HostileLab, openHostileLab } from "./hostile/open.ts";
import { tagFiles, type Work, workRepository } from "./hostile/tags.ts";

let hostile: HostileLab;
let work: Work;
let secret: string;
let repository: string;
const name = "hooked";
const files = (version: string) => ({ "SKILL.md": skillText(name, version) });

beforeAll(async () => {
  hostile = await openHostileLab();
});
afterAll(async () => {
  await work.remove();
  await hostile.close();
});

interface Sent {
  readonly body?: string | Buffer;
  /** What the signature is made with, and over. */
  readonly secret?: string;
  readonly over?: string | Buffer;
  readonly headers?: Readonly<Record<string, string | undefined>>;
}

const payload = (more: object = {}) =>
  JSON.stringify({
    ref: "refs/tags/v1.0.1",
    deleted: false,
    repository: { id: 7, clone_url: repository, owner: { id: 9 } },
    ...more,
  });

const sign = (key: string, body: string | Buffer, algorithm = "sha256") =>
  `${algorithm}=${createHmac(algorithm, key).update(body).digest("hex")}`;

async function send(sent: Sent = {}): Promise<Answer> {
  const body = sent.body ?? payload();
  const headers = {
    "content-type": "application/json",
    "x-github-event": "push",
    "x-github-delivery": randomUUID(),
    "x-hub-signature-256": sign(sent.secret ?? secret, sent.over ?? body),
    ...sent.headers,
  };
  const given = Object.entries(headers).filter((pair): pair is [string, string] => pair[1] !== undefined);
  const answer = await fetch(`${hostile.lab.registry.url}/api/hooks/github`, {
    method: "POST",
    headers: Object.fromEntries(given),
    body: typeof body === "string" ? body : new Uint8Array(body),
  });
  const text = await answer.text();
  return { status: answer.status, text, code: (JSON.parse(text) as { error?: { code: string } }).error?.code ?? "ok" };
}

/** Tags of all attempts on the repository. */
async function attempted(): Promise<string[]> {
  const { url } = hostile.lab.registry;
  const answer = await fetch(`${url}/api/attempts?repository=${encodeURIComponent(repository)}`, {
    headers: { authorization: `Bearer ${hostile.token}` },
  });
  return ((await answer.json()) as { data: { tag: string }[] }).data.map(({ tag }) => tag);
}

test("before there is any secret, the registry says that it takes no webhooks", async () => {
  work = await workRepository(hostile.lab, name, files("1.0.0"));
  repository = work.remote;
  secret = "none";
  expectAnswer(await send(), "WEBHOOK_NOT_CONFIGURED");

  await hostile.follow(await work.release(files("1.0.0")));
  const args = ["hooks", "secret", "--account", "acme", "--repository", repository, "--json"];
  secret = (JSON.parse(mustEndWell("hooks secret", await hostile.lab.admin(args)).stdout) as { secret: string }).secret;
  expect(await attempted()).toEqual(["v1.0.0"]);
});

const right = () => sign(secret, payload());
const otherBytes = () => JSON.stringify(JSON.parse(payload()), null, 1);
const refused: readonly (readonly [string, () => Sent])[] = [
  ["no signature", () => ({ headers: { "x-hub-signature-256": undefined } })],
  ["an empty signature", () => ({ headers: { "x-hub-signature-256": "" } })],
  ["another secret", () => ({ secret: "another" })],
  ["an empty secret", () => ({ headers: { "x-hub-signature-256": sign("", payload()) } })],
  [
    "sha1 only",
    () => ({ headers: { "x-hub-signature-256": undefined, "x-hub-signature": sign(secret, payload(), "sha1") } }),
  ],
  ["sha1 in the place of sha256", () => ({ headers: { "x-hub-signature-256": sign(secret, payload(), "sha1") } })],
  ["a digest without its algorithm", () => ({ headers: { "x-hub-signature-256": right().slice(7) } })],
  ["a shortened digest", () => ({ headers: { "x-hub-signature-256": right().slice(0, -1) } })],
  ["a lengthened digest", () => ({ headers: { "x-hub-signature-256": `${right()}0` } })],
  ["upper case", () => ({ headers: { "x-hub-signature-256": right().toUpperCase() } })],
  ["two digests", () => ({ headers: { "x-hub-signature-256": `${right()}, ${right()}` } })],
  ["a digest that is no hex", () => ({ headers: { "x-hub-signature-256": `sha256=${"z".repeat(64)}` } })],
  ["the same JSON in other bytes", () => ({ body: otherBytes(), over: payload() })],
  ["one blank more", () => ({ body: `${payload()} `, over: payload() })],
  ["bytes that are not UTF-8", () => ({ body: Buffer.concat([Buffer.from(payload()), Buffer.of(0xff)]) })],
  [
    "an unknown repository",
    () => ({ body: payload({ repository: { clone_url: `${hostile.lab.gitUrl}/nobody.git` } }) }),
  ],
  ["a repository that is not allowed", () => ({ body: payload({ repository: { clone_url: "file:///etc/passwd" } }) })],
  ["an option for a repository", () => ({ body: payload({ repository: { clone_url: "--upload-pack=touch" } }) })],
  ["no repository", () => ({ body: payload({ repository: undefined }) })],
  ["a repository of null", () => ({ body: payload({ repository: null }) })],
  ["a repository that is a list", () => ({ body: payload({ repository: [repository] }) })],
  ["a repository that is text", () => ({ body: payload({ repository }) })],
  ["an address of an odd type", () => ({ body: payload({ repository: { clone_url: { toString: 1 } } }) })],
  ["an id of an odd type", () => ({ body: payload({ repository: { id: "7", clone_url: repository } }) })],
  ["null", () => ({ body: "null" })],
  ["a list", () => ({ body: "[]" })],
  ["a number", () => ({ body: "1e999" })],
  ["half a text", () => ({ body: '{"ref":' })],
  ["deep nesting", () => ({ body: `${"[".repeat(200_000)}${"]".repeat(200_000)}` })],
  ["nothing", () => ({ body: "" })],
];

describe("deliveries that nobody vouches for", () => {
  test.each(refused)("%s: refused with one and the same answer", async (_, make) => {
    const answer = await send(make());
    expectAnswer(answer, "INVALID_SIGNATURE");
    const bare = ({ text }: Answer) => text.replaceAll(/"request_id":"[^"]*"/g, "");
    expect(bare(answer)).toBe(bare(await send({ secret: "another" })));
    await hostile.requireWell();
  });

  test("nothing of them was stored", async () => {
    expect(await attempted()).toEqual(["v1.0.0"]);
  });
});

const odd: readonly (readonly [string, () => Sent, ErrorCode])[] = [
  ["a ref that is a number", () => ({ body: payload({ ref: 5 }) }), "INVALID_PARAMETER"],
  ["a ref that is a list", () => ({ body: payload({ ref: ["refs/tags/v1.0.1"] }) }), "INVALID_PARAMETER"],
  ["no ref", () => ({ body: payload({ ref: undefined }) }), "INVALID_PARAMETER"],
  ["deleted that is text", () => ({ body: payload({ deleted: "no" }) }), "INVALID_PARAMETER"],
  ["no event", () => ({ headers: { "x-github-event": undefined } }), "INVALID_PARAMETER"],
  ["an event of odd letters", () => ({ headers: { "x-github-event": "push;rm" } }), "INVALID_PARAMETER"],
  ["no delivery id", () => ({ headers: { "x-github-delivery": undefined } }), "INVALID_PARAMETER"],
  ["an endless delivery id", () => ({ headers: { "x-github-delivery": "d".repeat(129) } }), "INVALID_PARAMETER"],
  ["a form", () => ({ headers: { "content-type": "application/x-www-form-urlencoded" } }), "UNSUPPORTED_MEDIA_TYPE"],
  ["no type", () => ({ headers: { "content-type": "" } }), "UNSUPPORTED_MEDIA_TYPE"],
  ["more than a mebibyte", () => ({ body: payload().padEnd(1024 * 1024 + 1) }), "BODY_TOO_LARGE"],
  ["thirty mebibytes", () => ({ body: Buffer.alloc(30 * 1024 * 1024, " ") }), "BODY_TOO_LARGE"],
];

describe("deliveries that are signed and make no sense", () => {
  test.each(odd)("%s", async (_, make, code) => {
    // A body that is refused by its length is not read to its end: the connection may break before the answer is read.
    const answer = await send(make()).catch((error: unknown) => error);
    const expected = { code, status: errorCodes[code].status };
    expect(answer instanceof TypeError && code === "BODY_TOO_LARGE" ? expected : answer).toMatchObject(expected);
    await hostile.requireWell();
  });

  const quiet: readonly (readonly [string, () => Sent])[] = [
    ["a branch named like the tag", () => ({ body: payload({ ref: "refs/heads/v1.0.1" }) })],
    ["a branch named like the tag's ref", () => ({ body: payload({ ref: "refs/heads/refs/tags/v1.0.1" }) })],
    ["a ref without its folder", () => ({ body: payload({ ref: "v1.0.1" }) })],
    ["an option for a tag", () => ({ body: payload({ ref: "refs/tags/--upload-pack=touch" }) })],
    ["a tag that climbs", () => ({ body: payload({ ref: "refs/tags/../heads/main" }) })],
    ["a tag with escapes", () => ({ body: payload({ ref: "refs/tags/v1\u001B[2J" }) })],
    ["a tag with NUL", () => ({ body: payload({ ref: "refs/tags/v1\0" }) })],
    ["half a character", () => ({ body: payload().replace("v1.0.1", "v1\\ud800") })],
    ["a deleted tag", () => ({ body: payload({ deleted: true }) })],
    ["another event", () => ({ headers: { "x-github-event": "star" } })],
    ["a ping", () => ({ headers: { "x-github-event": "ping" } })],
  ];
  test.each(quiet)("%s: answered, and nothing is done", async (_, make) => {
    expect((await send(make())).status).toBe(200);
    await hostile.requireWell();
  });

  test("a body of chunks without a stated length is cut off at the limit", async () => {
    const { hostname, port } = new URL(hostile.lab.registry.url);
    const sent = request({
      hostname,
      port,
      method: "POST",
      path: "/api/hooks/github",
      headers: { "content-type": "application/json" },
    });
    const answer = new Promise<number | string>((resolve) => {
      sent.on("response", (response) => resolve(response.statusCode!));
      sent.on("error", (error: NodeJS.ErrnoException) => resolve(error.code ?? error.message));
    });
    const megabyte = Buffer.alloc(1024 * 1024, " ");
    // What is refused is not read any more: a write may wait for ever.
    for (let i = 0; i < 8; i++) await Promise.race([answer, new Promise((done) => sent.write(megabyte, done))]);
    expect([413, "EPIPE", "ECONNRESET"]).toContain(await answer);
    sent.destroy();
    await hostile.requireWell();
  });

  test("nothing of them was stored", async () => {
    expect(await attempted()).toEqual(["v1.0.0"]);
  });
});

test("a delivery that is repeated, also at once, is one attempt, and the tag one release", async () => {
  // Only now: the registry looks for more tags by itself when a repository has its first pak.
  await work.write(files("1.0.1"));
  await work.commit("1.0.1");
  await work.tag("v1.0.1");
  await work.git("push", "-q", "origin", "v1.0.1");
  const headers = { "x-github-delivery": "repeated" };
  const answers = await Promise.all(Array.from({ length: 10 }, () => send({ headers })));
  expect(answers.filter(({ status }) => status === 202)).toHaveLength(1);
  expect(answers.filter(({ status }) => status === 200)).toHaveLength(9);
  await until("the release", async () => {
    const found = await fetch(`${hostile.lab.registry.url}/api/skills/acme/${name}/versions/1.0.1`);
    return found.ok ? true : undefined;
  });
  expect(await send({ headers })).toMatchObject({
    status: 200,
    text: expect.stringContaining('"duplicate":true') as string,
  });
  expect((await attempted()).sort()).toEqual(["v1.0.0", "v1.0.1"]);
});

test("a secret is good for its own repository, and a webhook makes no new pak", async () => {
  const other = await tagFiles(hostile.lab, "unhooked", { "SKILL.md": skillText("unhooked", "1.0.0") });
  const body = payload({ ref: "refs/tags/v1.0.0", repository: { clone_url: other.repository } });
  expectAnswer(await send({ body }), "INVALID_SIGNATURE");
});

test("only what was signed is recorded, and nothing is left", async () => {
  const records = await hostile.finish();
  expect(records.releases).toEqual([`acme/${name}@1.0.0`, `acme/${name}@1.0.1`]);
  expect(records.deliveries).toEqual(["repeated"]);
  expect(records.attempts).toBe(2);
});
