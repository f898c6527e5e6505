import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { afterEach, expect, test } from "vitest";

import { bareRepo, gitRepo, rawRepo, serveGit, testGit } from "./index.ts";

const cleanups: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).toReversed()) await cleanup();
});

async function serverWithRepo(options: Parameters<typeof serveGit>[1] = {}) {
  const root = await mkdtemp(join(tmpdir(), "paks-test-root-"));
  cleanups.push(() => rm(root, { recursive: true, force: true }));
  await bareRepo(root, "acme/skills");
  const server = await serveGit(root, options);
  cleanups.push(() => server.close());
  const repo = await gitRepo({ "SKILL.md": "hello\n" }, ["v1.0.0"]);
  cleanups.push(() => repo.remove());
  await repo.git("remote", "add", "origin", `${server.url}/acme/skills.git`);
  return { server, repo };
}

test("a repository pushed over smart HTTP can be cloned, with and without .git in the URL", async () => {
  const { server, repo } = await serverWithRepo({ push: true });
  await repo.git("push", "-q", "--atomic", "origin", "main", "v1.0.0");
  const listed = await repo.git("ls-remote", `${server.url}/acme/skills`);
  expect(listed).toContain("refs/tags/v1.0.0");
  expect(server.count("push")).toBe(1);
});

test("a server without push refuses it", async () => {
  const { repo } = await serverWithRepo();
  await expect(repo.git("push", "-q", "origin", "main")).rejects.toThrow(/403/);
});

test("a connection cut after a push leaves the ref on the server", async () => {
  const { server, repo } = await serverWithRepo({ push: true });
  server.setFaults((request) => (request.service === "push" ? { type: "cut" } : undefined));
  await expect(repo.git("push", "-q", "origin", "v1.0.0")).rejects.toThrow(/git push/);
  expect(await repo.git("ls-remote", "origin")).toContain("refs/tags/v1.0.0");
});

test("a hidden ref is visible again after the fault ends", async () => {
  const { server, repo } = await serverWithRepo({ push: true });
  await repo.git("push", "-q", "origin", "main", "v1.0.0");
  const until = server.requests.length + 1;
  server.setFaults((request) => (request.index < until + 1 ? { type: "hide", ref: "refs/tags/v1.0.0" } : undefined));
  expect(await repo.git("ls-remote", "origin")).not.toContain("refs/tags");
  expect(await repo.git("ls-remote", "origin")).toContain("refs/tags/v1.0.0");
});

test("raw objects are what git reads", async () => {
  const repo = await rawRepo();
  cleanups.push(() => repo.remove());
  const zeros = await repo.zeroBlob(5_000_001);
  const blob = await repo.blob("x");
  const commit = await repo.release("refs/tags/v1.0.0", [{ mode: "120000", name: "link", oid: blob }]);
  const tag = await repo.tagObject(commit, { tagger: undefined });
  await repo.ref("refs/tags/v2.0.0", tag);
  expect(await repo.git("cat-file", "-s", zeros)).toBe("5000001");
  expect(await testGit(repo.dir, ["ls-tree", "v2.0.0^{commit}"])).toContain("120000 blob");
  await repo.git("fsck", "--no-dangling"); // inflates everything: the glued zlib stream and its checksum hold
});
