import { execFileSync } from "node:child_process";
import { type GitLab, gitLab } from "@paks/git/testing";
import { afterAll, beforeAll, expect, onTestFinished, test } from "vitest";
import { findStandalone, runProcess, tempFolder } from "../testing/index.ts";
import { type ChildLimits, type Question, childWord } from "./protocol.ts";

// The child of the standalone executable, asked as its parent asks it. Its runtime has no limits of its own.
const program = findStandalone() ?? "";
const none = program === "";

let lab: GitLab;
beforeAll(async () => {
  lab = await gitLab();
  await lab.repo("skills", { "SKILL.md": "x" }, ["v1.0.0"]);
});
afterAll(() => lab.close());

const limits: ChildLimits = {
  listingBytes: 1e7,
  packBytes: 1e8,
  treeEntries: 1e5,
  fileBytes: 1e7,
  releaseBytes: 1e7,
  memoryBytes: 1e9,
  idleMilliseconds: 30_000,
  milliseconds: 30_000,
};

async function askChild(asked: Partial<Question> & { url: string }, environment: Record<string, string> = {}) {
  const gitDir = await tempFolder();
  execFileSync("git", ["init", "-q", "--bare", gitDir]);
  execFileSync("git", ["-C", gitDir, "config", "remote.origin.fetch", "+refs/heads/*:refs/remotes/origin/*"]);
  const question = { ask: "refs", gitDir, addresses: ["127.0.0.1"], limits, ...asked };
  return await runProcess([program, childWord], {
    cwd: gitDir,
    environment,
    input: JSON.stringify(question),
    timeout: 40_000,
  });
}

test.skipIf(none)(
  "a repository is read from the addresses that were judged, whatever DNS and proxies of the environment say",
  async () => {
    const { port } = new URL(lab.server.url);
    const nowhere = "http://127.0.0.1:1";
    const proxies = { http_proxy: nowhere, HTTP_PROXY: nowhere, https_proxy: nowhere, ALL_PROXY: nowhere };
    const answer = await askChild({ url: `http://git.invalid:${port}/skills.git` }, proxies);
    expect(answer.stdout).toContain("refs/tags/v1.0.0");
    const elsewhere = await askChild({ url: `http://localhost:${port}/skills.git`, addresses: ["127.0.0.9"] });
    expect(JSON.parse(elsewhere.stdout)).toMatchObject({ error: { code: "GIT_HOST_UNAVAILABLE" } });
  },
);

test.skipIf(none || process.platform === "win32")(
  "the process that reads a repository ends at its limit of memory and at its limit of time, also without a parent",
  async () => {
    const raw = await lab.raw("bomb");
    const zeros = { mode: "100644", name: "zeros", oid: await raw.zeroBlob(512 * 1024 * 1024) };
    const oid = await raw.release("refs/tags/v1.0.0", [zeros]);
    await raw.ref("refs/heads/main", oid);
    const fetch = { ask: "fetch", oid, url: `${lab.server.url}/bomb.git` } as const;
    expect(await askChild({ ...fetch, limits: { ...limits, memoryBytes: 3e8 } })).toMatchObject({
      exit: null,
      stdout: "",
    });

    lab.server.setFaults(() => ({ type: "hang" }));
    onTestFinished(() => lab.server.setFaults(undefined));
    const started = Date.now();
    expect(
      (await askChild({ url: `${lab.server.url}/skills.git`, limits: { ...limits, milliseconds: 1000 } })).exit,
    ).toBeNull();
    expect(Date.now() - started).toBeLessThan(10_000);
  },
  60_000,
);
