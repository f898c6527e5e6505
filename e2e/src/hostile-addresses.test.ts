import { createServer, type Server } from "node:net";
import type { AddressInfo } from "node:net";
import type { ErrorCode } from "@paks/schema";
import { afterAll, beforeAll, expect, test } from "vitest";
import { skillText } from "./harness/journey.ts";
import { listFolder } from "./hostile/files.ts";
import { expectAnswer, expectCode, expectVerdict, type HostileLab, openHostileLab } from "./hostile/open.ts";
import { tagFiles } from "./hostile/tags.ts";

let hostile: HostileLab;
/** Whatever connects to it has been led where nobody may go. */
let trap: Server;
let caught = 0;
let port = 0;

beforeAll(async () => {
  trap = createServer((socket) => {
    caught++;
    socket.destroy();
  });
  await new Promise<void>((resolve) => trap.listen(0, "127.0.0.1", resolve));
  port = (trap.address() as AddressInfo).port;
  hostile = await openHostileLab();
});
afterAll(async () => {
  await hostile.close();
  await new Promise((resolve) => trap.close(resolve));
});

const secret = "hunter2-Kx81";
const lab = () => hostile.lab.gitUrl;

/** Addresses as typed; `#` stands for the lab's git host, `@` for the trap's port. */
const rows: readonly (readonly [ErrorCode, readonly string[]])[] = [
  [
    "INVALID_REPOSITORY_URL",
    [
      "https:///a/b",
      "",
      "-",
      "-u",
      "--upload-pack=touch PWNED",
      "--upload-pack=touch${IFS}PWNED",
      "--exec=PWNED",
      "not-a-url",
      "/etc/passwd",
      "./skills",
      "C:\\skills",
      "https://",
      "#",
      "#/",
      "https://[::1/a/b",
      "https://github.com/acme/pdf\r\nHost: x",
      "https://github.com/acme/pdf\n",
      "https://github.com/acme\t/pdf",
      " https://github.com/acme/pdf",
      "https://github.com/acme/p df",
      "https://github.com\\@127.0.0.1:@/a/b",
      "https://github.com/acme/pdf\u001B[31m",
      "https://github.com/acme/pdf\u0085",
      "https://github.com/acme/\u202Epdf",
      `https://github.com/acme/${"p".repeat(2048)}`,
      "ext::sh -c touch% PWNED",
      "#//a//b",
      "#/a%2fb",
      "#/a%2e%2e%2fb",
      "#/a;b",
      "#/a/b.git.git",
      "#/.git",
      "#/$(touch PWNED)",
      "#/`id`",
      "#/a*b",
    ],
  ],
  [
    "PROTOCOL_NOT_ALLOWED",
    [
      "file:///etc",
      "file://localhost/etc",
      "FILE:///etc",
      "ext::sh%20-c%20touch%20PWNED",
      "fd::17/x",
      "fd://17/x",
      "git://127.0.0.1:@/a/b",
      "ssh://git@127.0.0.1:@/a/b",
      "git@127.0.0.1:a/b",
      "git+ssh://127.0.0.1/a/b",
      "ftp://127.0.0.1:@/a/b",
      "javascript://alert(1)/a/b",
      "data://text/a/b",
      "https::http://127.0.0.1:@/a/b",
      "http::https://127.0.0.1:@/a/b",
      "bundle:///tmp/x",
    ],
  ],
  [
    "CREDENTIALS_IN_URL",
    [
      `https://user:${secret}@github.com/acme/pdf`,
      `https://${secret}@github.com/acme/pdf`,
      `https://:${secret}@github.com/acme/pdf`,
      `https://github.com/acme/pdf?token=${secret}`,
      `https://github.com/acme/pdf#${secret}`,
      `https://x-access-token:${secret}@127.0.0.1:@/a/b`,
      "https://github.com/acme/pdf?",
    ],
  ],
  [
    "HOST_NOT_ALLOWED",
    [
      "https://github.com/acme/pdf",
      "https://evil.example/a/b",
      "http://127.0.0.1:@/a/b",
      "http://127.0.0.1/a/b",
      "http://localhost:@/a/b",
      "https://127.0.0.1:@/a/b",
      "http://127.0.0.1:1/a/b",
      "http://[::1]:@/a/b",
      "http://2130706433:@/a/b",
      "http://127.0.0.1.evil.example/a/b",
    ],
  ],
];
const cases = rows.flatMap(([code, texts]) => texts.map((text) => [code, text] as const));

const fill = (text: string) =>
  text
    .replace(/^#/, lab())
    .replace("PWNED", hostile.pwned)
    .replace("127.0.0.1:@", `127.0.0.1:${port}`)
    .replace(":@/", `:${port}/`);

test.each(cases)("%s: %j is refused at the door, unread and unrepeated", async (code, text) => {
  const answer = await hostile.post("/api/index", { repository: fill(text), tag: "v1.0.0" });
  expectAnswer(answer, code);
  expect(answer.text).not.toContain(secret);
  const planned = {
    package: "acme/pdf",
    version: "1.0.0",
    tag: "v1.0.0",
    manifest: skillText("pdf", "1.0.0"),
    files: [],
  };
  const dry = await hostile.post("/api/index?dry_run=true", { ...planned, repository: fill(text) });
  expect(dry.text).toContain(`"${code}"`);
  expect(dry.text).not.toContain(secret);
  await hostile.requireWell();
});

test("NUL, half a character and what is no text are no JSON of ours", async () => {
  for (const repository of [`${lab()}/a\0b`, `${lab()}/a\uD800`, 5, null, {}, ["x"], true]) {
    expectAnswer(await hostile.post("/api/index", { repository, tag: "v1.0.0" }), "INVALID_PARAMETER");
  }
});

const typed: readonly (readonly [string, ErrorCode])[] = [
  ["--upload-pack=touch PWNED", "USAGE"],
  ["ext::sh%20-c%20touch%20PWNED", "PROTOCOL_NOT_ALLOWED"],
  ["ext::sh -c touch% PWNED", "INVALID_REPOSITORY_URL"],
  ["fd::17/x", "PROTOCOL_NOT_ALLOWED"],
  ["git://127.0.0.1:@/a/b", "PROTOCOL_NOT_ALLOWED"],
  [`https://user:${secret}@127.0.0.1:@/a/b#v1.0.0`, "CREDENTIALS_IN_URL"],
  [`https://${secret}@127.0.0.1:@/a/b`, "CREDENTIALS_IN_URL"],
  ["https://127.0.0.1:@/a/\u001B]0;x\u0007b", "INVALID_REPOSITORY_URL"],
  ["ssh://-oProxyCommand=touch%20PWNED/a/b", "INVALID_REPOSITORY_URL"],
  ["git@-oProxyCommand=touch:a/b", "HOST_NOT_ALLOWED"],
  ["https://127.0.0.1:@/a/b#--upload-pack=touch", "INVALID_PARAMETER"],
  ["https://127.0.0.1:@/a/b#tag=--upload-pack", "INVALID_TAG"],
  ["https://127.0.0.1:@/a/b#path=../../canary", "UNSAFE_PATH"],
];

test.each(typed)("paks install %j is refused before any git runs: %s", async (text, code) => {
  const project = await hostile.lab.folder("projects/typed");
  const finished = await hostile.paks(project, ["install", fill(text)]);
  expectCode(finished, code);
  expect(finished.stdout + finished.stderr).not.toContain(secret);
  expect(await listFolder(project)).toEqual([]);
  await hostile.requireWell();
});

test("paks install reads no http unless that was allowed", async () => {
  const project = await hostile.lab.folder("projects/typed");
  const finished = await hostile.paks(project, ["install", `${lab()}/one.git`], { PAKS_GIT_PROTOCOLS: "" });
  expectCode(finished, "PROTOCOL_NOT_ALLOWED");
});

test("what can be normalised is, and is one repository under all of its spellings", async () => {
  const { repository, tag } = await tagFiles(hostile.lab, "one", { "SKILL.md": skillText("one", "1.0.0") });
  const bare = repository.replace(/\.git$/, "");
  for (const spelled of [
    repository,
    bare,
    `${bare}/`,
    `${repository}/`,
    `${lab()}/x/../one`,
    `${lab()}/x/%2e%2e/one.git`,
    bare.replace("http", "HTTP"),
  ]) {
    const attempt = await hostile.follow({ repository: spelled, tag });
    expectVerdict(attempt, "ok");
    expect([bare, repository]).toContain(attempt.repository);
  }
});

test("nobody was connected to, nothing was stored but the one repository, and no secret is in the log", async () => {
  const output = hostile.lab.registry.output();
  expect(output).not.toContain(secret);
  const records = await hostile.finish();
  expect(records.releases).toEqual(["acme/one@1.0.0"]);
  expect(records.attempts).toBeLessThanOrEqual(7);
  expect(caught).toBe(0);
});
