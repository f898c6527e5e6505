import { mkdir, readFile, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";

import { PaksError, parseRepositoryUrl, type RepositoryUrl } from "@paks/schema";
import { afterAll, beforeAll, expect, test } from "vitest";

import { fetchTag, type GitCage, listTags, readPakFiles } from "./index.ts";
import { type GitLab, gitLab, type GitRepo } from "./testing/index.ts";

let lab: GitLab;
let mono: GitRepo;

beforeAll(async () => {
  lab = await gitLab();
  mono = await lab.repo("acme/mono", { "skills/pdf/SKILL.md": "---\nname: pdf\n---\n" }, ["v1.0.0"]);
});
afterAll(() => lab.close());

async function failureOf(work: Promise<unknown>): Promise<PaksError> {
  const error = await work.then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  if (error instanceof PaksError) return error;
  throw new Error("it should have failed with a PaksError", { cause: error });
}

/** The paths of the one pak. */
async function readPdf(from: GitCage, url: RepositoryUrl): Promise<string[]> {
  const snapshot = await fetchTag(from, url, "v1.0.0");
  try {
    return (await readPakFiles(snapshot, "skills/pdf", from.limits)).files.map(({ path }) => path);
  } finally {
    await snapshot.close();
  }
}

test("neither environment nor configuration of the user reaches the cage", async () => {
  const home = join(dirname(lab.cage.scratchRoot), "user");
  const marker = join(home, "pwned");
  await mkdir(home, { recursive: true });
  const config = join(home, ".gitconfig");
  await writeFile(
    config,
    `[url "http://127.0.0.1:1/"]\n\tinsteadOf = ${lab.server.url}/\n[http]\n\textraHeader = Authorization: secret\n[core]\n\tfsmonitor = touch ${marker}\n\thooksPath = ${home}\n`,
  );
  const hook = join(home, "reference-transaction");
  await writeFile(hook, `#!/bin/sh\ntouch ${marker}\n`, { mode: 0o755 });
  const hostile = {
    HOME: home,
    XDG_CONFIG_HOME: home,
    GIT_CONFIG_GLOBAL: config,
    GIT_CONFIG_SYSTEM: config,
    GIT_CONFIG_COUNT: "1",
    GIT_CONFIG_KEY_0: "http.extraHeader",
    GIT_CONFIG_VALUE_0: "X-Leak: 1",
    GIT_DIR: home,
    GIT_EXTERNAL_DIFF: `touch ${marker}`,
    GIT_SSH_COMMAND: `touch ${marker}`,
    http_proxy: "http://127.0.0.1:1",
    https_proxy: "http://127.0.0.1:1",
  };
  const before = { ...process.env };
  const requests = lab.server.requests.length;
  try {
    Object.assign(process.env, hostile);
    expect(await readPdf(lab.cage, lab.url("acme/mono"))).toEqual(["SKILL.md"]);
  } finally {
    for (const name of Object.keys(hostile)) delete process.env[name];
    Object.assign(process.env, before);
  }
  await expect(readFile(marker)).rejects.toThrow("ENOENT");
  for (const { headers } of lab.server.requests.slice(requests)) {
    expect(Object.keys(headers)).not.toContain("authorization");
    expect(Object.keys(headers)).not.toContain("x-leak");
  }
});

test("git talks to the address that was checked, whatever DNS says later", async () => {
  const { port } = new URL(lab.server.url);
  const policy = { hosts: [`git.example.com:${port}`], protocols: ["http"], allowPrivate: true };
  const asked: string[] = [];
  const resolve = (host: string) => {
    asked.push(host);
    return Promise.resolve(["127.0.0.1"]);
  };
  const cage = { ...lab.cage, policy, resolve };
  const url = parseRepositoryUrl(`http://git.example.com:${port}/acme/mono.git`, policy);
  expect(await readPdf(cage, url)).toEqual(["SKILL.md"]);
  expect(asked).toEqual(["git.example.com"]);
});

test("a host with one private address among its addresses is not asked", async () => {
  const policy = { hosts: ["git.example.com"], protocols: ["https"], allowPrivate: false };
  const url = parseRepositoryUrl("https://git.example.com/acme/mono", policy);
  const judge = (addresses: string[]) =>
    failureOf(listTags({ ...lab.cage, policy, resolve: async () => addresses }, url));
  const before = lab.server.requests.length;
  for (const address of ["127.0.0.1", "10.1.2.3", "169.254.169.254", "::1", "::ffff:127.0.0.1", "64:ff9b::7f00:1"]) {
    expect(await judge(["93.184.216.34", address])).toMatchObject({ code: "HOST_NOT_ALLOWED" });
  }
  expect((await judge([])).code).toBe("GIT_HOST_UNAVAILABLE");
  expect((await judge(["not an address"])).code).toBe("GIT_HOST_UNAVAILABLE");
  expect(lab.server.requests.length).toBe(before);
});

test("a file: repository is read when, and only when, the policy says so", async () => {
  const policy = { hosts: [], protocols: ["file"], allowPrivate: false };
  const url = parseRepositoryUrl(mono.url, policy);
  expect(await readPdf({ ...lab.cage, policy }, url)).toEqual(["SKILL.md"]);
  expect((await failureOf(readPdf(lab.cage, url))).code).toBe("PROTOCOL_NOT_ALLOWED");
  const none = parseRepositoryUrl("file:///nowhere/at/all", policy);
  expect((await failureOf(listTags({ ...lab.cage, policy }, none))).code).toBe("REPOSITORY_NOT_FOUND");
});

test("without a git there is one clear failure", async () => {
  const cage = { ...lab.cage, git: "/nonexistent/git" };
  expect((await failureOf(listTags(cage, lab.url("acme/mono")))).code).toBe("GIT_MISSING");
  expect((await failureOf(fetchTag(cage, lab.url("acme/mono"), "v1.0.0"))).code).toBe("GIT_MISSING");
  expect(await lab.leftovers()).toEqual([]);
});
