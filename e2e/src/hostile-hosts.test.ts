import { chmod, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Fault, type GitRequest, type GitServer, type GitService, rawRepo, serveGit } from "@paks/git/testing";
import type { ErrorCode } from "@paks/schema";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { mustEndWell } from "./harness/journey.ts";
import { run } from "./harness/run.ts";
import { evil } from "./hostile/evil-registry.ts";
import { writeFiles } from "./hostile/files.ts";
import { expectCode, expectVerdict, type HostileLab, openHostileLab } from "./hostile/open.ts";

/** What the host says, in its answers and beside its packs. */
const words = `${evil.replaceAll(/[\0']/g, "")} https://user:pw@example.com/ No space left on device`;

let hostile: HostileLab;
/** A git host with a fault for each repository, and one that nobody may be led to. */
let server: GitServer;
let inner: GitServer;
let root: string;
const faults = new Map<string, (request: GitRequest) => Fault | undefined>();

beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), "paks-hostile-host-"));
  await writeFiles(root, { "talk.sh": `#!/bin/sh\nprintf '%s\\n' 'SAID ${words}' >&2\nexec "$@"\n` });
  await chmod(join(root, "talk.sh"), 0o755);
  server = await serveGit(root, {
    config: [["uploadpack.packObjectsHook", join(root, "talk.sh")]],
    faults: (request) => faults.get(request.path.split("/")[1]!.replace(/\.git$/, ""))?.(request),
  });
  inner = await serveGit(root);
  await writeFiles(join(root, "home"), {
    ".gitconfig": gitConfig(),
    ".netrc": netrc,
    ".curlrc": `proxy = ${inner.url}\n`,
  });
  const hosts = `127.0.0.1:${port()},localhost:${port()}`;
  hostile = await openHostileLab({ registryEnv: { ...ambient(), PAKS_GIT_HOSTS: hosts } });
});
afterAll(async () => {
  await hostile.close();
  await Promise.all([server.close(), inner.close()]);
  await rm(root, { recursive: true, force: true });
});

const port = () => new URL(server.url).port;

const netrc = "machine 127.0.0.1 login leaked password leaked\n";

/** Sends everything elsewhere, with a secret. */
const gitConfig = () => `[url "${inner.url}/"]\n\tinsteadOf = ${server.url}/
[http]\n\textraHeader = "X-Leaked: yes"\n\tproxy = ${inner.url}\n\tfollowRedirects = true
[protocol]\n\tallow = always\n[credential]\n\thelper = "!echo password=leaked; echo username=leaked; echo"\n`;

/** What a machine may have set for its own git, and no repository of a stranger may ever profit from. */
const ambient = () => ({
  HOME: join(root, "home"),
  GIT_CONFIG_GLOBAL: join(root, "home", ".gitconfig"),
  GIT_CONFIG_COUNT: "1",
  GIT_CONFIG_KEY_0: `url.${inner.url}/.insteadOf`,
  GIT_CONFIG_VALUE_0: `${server.url}/`,
  GIT_PROXY_COMMAND: "false",
  http_proxy: inner.url,
  all_proxy: inner.url,
});

/** A good repository whose host fails. The worker of one host name does not wait for another's. */
async function faulty(name: string, fault: Fault, service?: GitService, host = "127.0.0.1"): Promise<string> {
  const repo = await rawRepo(join(root, `${name}.git`));
  await repo.release("refs/tags/v1.0.0");
  faults.set(name, (request) => (service === undefined || request.service === service ? fault : undefined));
  return `http://${host}:${port()}/${name}.git`;
}

const status = (code: number, headers: Record<string, string> = {}, body = "no\n"): Fault => ({
  type: "status",
  status: code,
  headers,
  body,
});

interface Row {
  readonly name: string;
  readonly fault: () => Fault;
  readonly code: ErrorCode;
  readonly service: GitService | undefined;
}
const row = (name: string, fault: () => Fault, code: ErrorCode, service?: GitService): Row => ({
  name,
  fault,
  code,
  service,
});
const redirect = (code: number, location: () => string) => (): Fault => ({
  type: "redirect",
  status: code,
  location: location(),
});
const listing = "info/refs?service=git-upload-pack";

const rows: readonly Row[] = [
  row("s401", () => status(401, { "www-authenticate": "Basic" }), "REPOSITORY_NOT_FOUND"),
  row("s403", () => status(403), "REPOSITORY_NOT_FOUND"),
  row("s404", () => status(404), "REPOSITORY_NOT_FOUND"),
  row("s500", () => status(500), "GIT_HOST_UNAVAILABLE"),
  row("s503", () => status(503, {}, words), "GIT_HOST_UNAVAILABLE"),
  row("late-s404", () => status(404, {}, words), "REPOSITORY_NOT_FOUND", "fetch"),
  row("html", () => ({ type: "html" }), "GIT_PROTOCOL_ERROR"),
  row("truncated", () => ({ type: "truncate", bytes: 40 }), "GIT_HOST_UNAVAILABLE"),
  row("truncated-pack", () => ({ type: "truncate", bytes: 60 }), "GIT_HOST_UNAVAILABLE", "fetch"),
  row("short", () => ({ type: "short", bytes: 40 }), "GIT_PROTOCOL_ERROR"),
  row("cut", () => ({ type: "cut" }), "GIT_HOST_UNAVAILABLE"),
  row("missing-tag", () => ({ type: "hide", ref: "refs/tags/v1.0.0" }), "TAG_NOT_FOUND"),
  row(
    "redirect-302",
    redirect(302, () => `${inner.url}/admin`),
    "REPOSITORY_MOVED",
  ),
  row(
    "redirect-307",
    redirect(307, () => "http://169.254.169.254/latest/meta-data"),
    "REPOSITORY_MOVED",
  ),
  row(
    "redirect-file",
    redirect(301, () => "file:///etc/passwd"),
    "REPOSITORY_MOVED",
  ),
  row(
    "redirect-option",
    redirect(302, () => "--upload-pack=touch"),
    "REPOSITORY_MOVED",
  ),
  row(
    "redirect-late",
    redirect(307, () => `${inner.url}/new.git/git-upload-pack`),
    "REPOSITORY_MOVED",
    "fetch",
  ),
];

describe.concurrent("a host that fails at once", () => {
  test.each(rows)("$name", async ({ name, fault, code, service }) => {
    const repository = await faulty(name, fault(), service);
    const attempt = await hostile.follow({ repository, tag: "v1.0.0" });
    expectVerdict(attempt, code);
    expect(JSON.stringify(attempt)).not.toContain("user:pw");
    const project = await hostile.lab.folder(`projects/${name}/project`);
    expectCode(await hostile.paks(project, ["install", `${repository}#v1.0.0`, "--verbose"]), code);
    expectCode(await hostile.paks(project, ["status", repository]), "ok");
    await hostile.requireWell();
  });
});

test("a moved repository is told by its new address", async () => {
  const fault = redirect(301, () => `${inner.url}/new.git/${listing}`);
  const attempt = await hostile.follow({ repository: await faulty("moved", fault()), tag: "v1.0.0" });
  expectVerdict(attempt, "REPOSITORY_MOVED");
  expect(attempt.details).toMatchObject({ location: `${inner.url}/new.git` });
});

describe.concurrent("a host that wastes time", () => {
  test.each([
    ["hangs", { type: "hang" }],
    ["answers one byte a second", { type: "drip" }],
  ] as const)("one that %s is left, while others' tags go on", async (what, fault) => {
    const repository = await faulty(what.replaceAll(" ", "-"), fault, undefined, "localhost");
    expectVerdict(await hostile.follow({ repository, tag: "v1.0.0" }), "GIT_HOST_TIMEOUT");
    await hostile.requireWell();
  });
});

test("a host whose list of refs never ends is left before the machine's memory is full", async () => {
  const repository = await faulty("endless", { type: "endless-refs" }, undefined, "localhost");
  expectVerdict(await hostile.follow({ repository, tag: "v1.0.0" }), "REPOSITORY_TOO_COMPLEX");
  await hostile.requireWell();
});

test("the machine's own git configuration, proxies and passwords are not used for strangers", async () => {
  const repository = await faulty("plain", { type: "hang" });
  faults.delete("plain");
  // Git by itself is led astray by it.
  const env = { PATH: process.env["PATH"] ?? "", ...ambient() };
  await run("git", ["ls-remote", repository], { cwd: root, env });
  expect(inner.requests.splice(0).length).toBeGreaterThan(0);
  server.requests.splice(0);

  const project = await hostile.lab.folder("projects/plain");
  const argv = ["install", `${repository}#v1.0.0`, "--agent", "claude-code"];
  expectCode(await hostile.paks(project, argv, { ...ambient(), HOME: join(root, "home") }), "ok");
  // Read, and refused for what it is: a tag that names no pak, in a repository that has none.
  expectVerdict(await hostile.follow({ repository, tag: "v1.0.0" }), "NAMESPACE_FORBIDDEN");
  for (const { headers } of server.requests) {
    expect(headers).not.toHaveProperty("x-leaked");
    expect(headers).not.toHaveProperty("authorization");
  }
});

test("what a host says beside its packs reaches nobody's terminal, also of a release that is sound", async () => {
  const repository = await faulty("talking", { type: "hang" });
  faults.delete("talking");
  const bare = await hostile.lab.folder("bare");
  mustEndWell("git init", await hostile.lab.git(bare, "init", "-q", "--bare"));
  const plain = await hostile.lab.git(bare, "fetch", "-q", repository, "refs/tags/v1.0.0");
  expect(plain.stderr).toContain("SAID");
  const project = await hostile.lab.folder("projects/talking");
  const argv = ["install", `${repository}#v1.0.0`, "--agent", "claude-code", "--verbose"];
  expectCode(await hostile.paks(project, argv), "ok");
});

test("a host that asks for patience gets it: nothing of it is asked before the time that it said", async () => {
  const repository = await faulty("limited", status(429, { "retry-after": "120" }));
  const attempt = await hostile.follow({ repository, tag: "v1.0.0" });
  expectVerdict(attempt, "GIT_HOST_RATE_LIMITED");
  expect(Date.parse(attempt.next_try_at!) - Date.now()).toBeGreaterThan(90_000);
  await hostile.requireWell();
});

test("nobody went where a redirect led, nothing was released, nothing is left", async () => {
  expect(inner.requests).toEqual([]);
  expect((await hostile.finish()).releases).toEqual([]);
});
