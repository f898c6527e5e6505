import { chmod, mkdtemp, readFile, rm, utimes, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { afterEach, expect, test } from "vitest";

import { bareRepo, type GitRepo, gitRepo, serveGit, testGit, testGitEnv } from "./testing/index.ts";
import { changeWithGit } from "./work-tree-change.ts";
import { runWorkTreeGit } from "./work-tree-run.ts";
import {
  commitFiles,
  createTag,
  fetchRemoteRefs,
  type GitProcess,
  listCommitted,
  listLocalRefs,
  passedVariables,
  pushRefs,
  readConfig,
  readHeadCommit,
  readObjects,
  readPlace,
  readRemoteUrl,
  readStatus,
  requireIdentity,
  requirePushPermission,
  requireRemote,
  takeBackIndexEntries,
  takeBackRefs,
  upstreamBranch,
  type WorkTree,
} from "./work-tree.ts";

const cleanups: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const clean of cleanups.splice(0).toReversed()) await clean();
});

async function temporaryFolder(): Promise<string> {
  const dir = await mkdtemp(join(tmpdir(), "paks-test-work-"));
  cleanups.push(() => rm(dir, { recursive: true, force: true }));
  return dir;
}

async function repo(files: Record<string, string> = { "SKILL.md": "one\n" }, tags: string[] = []): Promise<GitRepo> {
  const made = await gitRepo(files, tags);
  cleanups.push(() => made.remove());
  return made;
}

const treeOf = (dir: string, more: Partial<WorkTree> = {}): WorkTree => ({
  dir,
  env: testGitEnv(),
  interactive: false,
  ...more,
});

async function withServer(source: GitRepo, options: Parameters<typeof serveGit>[1] = {}) {
  const root = await temporaryFolder();
  const bare = await bareRepo(root, "remote");
  const server = await serveGit(root, { push: true, ...options });
  cleanups.push(() => server.close());
  await source.git("remote", "add", "origin", `${server.url}/remote.git`);
  await source.git("push", "-q", "-u", "origin", "main");
  return { server, bare };
}

/** A program in git's place that prints its environment. */
async function environmentPrinter(): Promise<string> {
  const file = join(await temporaryFolder(), "git");
  await writeFile(file, `#!${process.execPath}\nprocess.stdout.write(JSON.stringify(process.env));\n`);
  await chmod(file, 0o755);
  return file;
}

const seenBy = async (env: Record<string, string>, interactive = false): Promise<Record<string, string>> => {
  const git = await environmentPrinter();
  const tree = treeOf(tmpdir(), { env: { PATH: process.env["PATH"], ...env }, git, interactive });
  const runs = await Promise.all([runWorkTreeGit(tree, ["status"]), changeWithGit(tree, ["status"])]);
  const [read, changed] = runs.map(({ stdout }) => JSON.parse(stdout.toString("utf8")) as Record<string, string>);
  expect(changed).toMatchObject(read!);
  return { ...changed, ...read };
};

test.runIf(process.platform !== "win32").each(passedVariables)(
  "%s of the user's environment reaches git",
  async (name) => {
    expect(await seenBy({ [name]: "value-of-the-user" }, true)).toMatchObject({ [name]: "value-of-the-user" });
  },
);

test.runIf(process.platform !== "win32")("configuration that comes in numbered variables reaches git", async () => {
  const env = {
    GIT_CONFIG_COUNT: "2",
    GIT_CONFIG_KEY_0: "credential.helper",
    GIT_CONFIG_VALUE_0: "store",
    GIT_CONFIG_KEY_1: "safe.directory",
    GIT_CONFIG_VALUE_1: "*",
  };
  expect(await seenBy(env)).toMatchObject(env);
});

test.runIf(process.platform !== "win32")("what would lead git to another repository is left out", async () => {
  const stray = { GIT_DIR: "/x", GIT_WORK_TREE: "/x", GIT_INDEX_FILE: "/x", GIT_OBJECT_DIRECTORY: "/x", PAGER: "x" };
  const seen = await seenBy({ ...stray, HOME: "/home/a", SSH_AUTH_SOCK: "/s" });
  expect(Object.keys(seen)).not.toEqual(expect.arrayContaining(Object.keys(stray)));
  for (const name of Object.keys(stray)) expect(seen).not.toHaveProperty(name);
  expect(seen).toMatchObject({ HOME: "/home/a", SSH_AUTH_SOCK: "/s", GIT_TERMINAL_PROMPT: "0", LANGUAGE: "en" });
});

test("git may ask for a login only where somebody can answer", async () => {
  expect((await seenBy({}, false))["GIT_TERMINAL_PROMPT"]).toBe("0");
  expect((await seenBy({}, true))["GIT_TERMINAL_PROMPT"]).toBeUndefined();
});

test("a repository's file system monitor is not started", async () => {
  const source = await repo();
  const mark = join(await temporaryFolder(), "ran");
  await source.git("config", "core.fsmonitor", `touch ${mark}; false`);
  await readStatus(treeOf(source.dir));
  await expect(readFile(mark)).rejects.toMatchObject({ code: "ENOENT" });
});

test("no git on the machine is GIT_MISSING", async () => {
  const tree = treeOf(tmpdir(), { git: "/nowhere/git" });
  await expect(readPlace(tree)).rejects.toMatchObject({ code: "GIT_MISSING" });
});

test("a folder outside every repository, and a bare one, are NOT_A_REPOSITORY", async () => {
  const dir = await temporaryFolder();
  await expect(readPlace(treeOf(dir))).rejects.toMatchObject({ code: "NOT_A_REPOSITORY" });
  await expect(readPlace(treeOf(await bareRepo(dir, "b")))).rejects.toMatchObject({ code: "NOT_A_REPOSITORY" });
});

test("a lock of another git is LOCK_BUSY, named, and stays", async () => {
  const source = await repo();
  const lock = join(source.dir, ".git", "index.lock");
  await writeFile(lock, "");
  await writeFile(join(source.dir, "SKILL.md"), "two\n");
  const failure = commitFiles(treeOf(source.dir), ["SKILL.md"], "x");
  await expect(failure).rejects.toMatchObject({ code: "LOCK_BUSY", message: expect.stringContaining(lock) });
  await expect(readFile(lock, "utf8")).resolves.toBe("");
});

test("the place, the status and the committed files are those of the folder", async () => {
  const source = await repo({ "a/b/SKILL.md": "one\n", "a/b/x y.txt": "x", "other.txt": "o", "gone.txt": "g" });
  await source.write({ "other.txt": "changed", "a/b/new.txt": "n", "staged é.txt": "s" });
  await source.git("add", "staged é.txt");
  await source.git("rm", "-q", "gone.txt");
  const tree = treeOf(join(source.dir, "a", "b"));
  expect(await readPlace(tree)).toEqual({ root: source.dir, path: "a/b", gitDir: join(source.dir, ".git") });
  const status = await readStatus(tree);
  expect(status).toMatchObject({ branch: "main", commit: await source.git("rev-parse", "HEAD") });
  expect(status.entries.map(({ path, staged, changed, untracked }) => [path, staged, changed, untracked])).toEqual([
    ["gone.txt", true, false, false],
    ["other.txt", false, true, false],
    ["staged é.txt", true, false, false],
    ["a/b/new.txt", false, false, true],
  ]);
  const committed = await listCommitted(tree);
  expect(committed.map(({ path, mode, size }) => [path, mode, size])).toEqual([
    ["SKILL.md", "100644", 4],
    ["x y.txt", "100644", 1],
  ]);
  const objects = await readObjects(tree, ["HEAD", "refs/tags/none", committed[0]!.oid], 1000);
  expect(objects.get("HEAD")?.type).toBe("commit");
  expect(objects.get("refs/tags/none")).toBeUndefined();
  expect(objects.get(committed[0]!.oid)?.bytes.toString()).toBe("one\n");
});

test("a detached HEAD and a repository without a commit are seen", async () => {
  const source = await repo();
  await source.git("checkout", "-q", "--detach");
  expect((await readStatus(treeOf(source.dir))).branch).toBeUndefined();
  const dir = await temporaryFolder();
  await testGit(dir, ["init", "-q", "-b", "main"]);
  expect(await readStatus(treeOf(dir))).toEqual({ commit: undefined, branch: "main", entries: [] });
});

test("reading the status leaves the index file as it is", async () => {
  const source = await repo();
  // Another time, the same bytes: a status that may write would note it in the index.
  await utimes(join(source.dir, "SKILL.md"), 1_000_000_000, 1_000_000_000);
  const before = await readFile(join(source.dir, ".git", "index"));
  await readStatus(treeOf(source.dir));
  expect(await readFile(join(source.dir, ".git", "index"))).toEqual(before);
});

test("a commit of one file leaves what others staged staged and uncommitted", async () => {
  const source = await repo({ "SKILL.md": "one\n", "other.txt": "o" });
  const before = await source.git("rev-parse", "HEAD");
  await source.write({ "SKILL.md": "two\n", "other.txt": "changed" });
  await source.git("add", "other.txt");
  await commitFiles(treeOf(source.dir), ["SKILL.md"], "chore: x\n\nPaks-Release: a/b@1.0.0\n");
  const head = await readHeadCommit(treeOf(source.dir));
  expect(head).toMatchObject({ parents: [before], message: "chore: x\n\nPaks-Release: a/b@1.0.0\n" });
  expect(head.changes.map(({ path, mode }) => [path, mode])).toEqual([["SKILL.md", "100644"]]);
  expect(await source.git("status", "--porcelain")).toBe("M  other.txt");
});

test("a hook that refuses the commit is HOOK_REFUSED with its words", async () => {
  const source = await repo();
  const hook = join(source.dir, ".git", "hooks", "pre-commit");
  await writeFile(hook, "#!/bin/sh\necho 'lint says no' >&2\nexit 1\n", { mode: 0o755 });
  await source.write({ "SKILL.md": "two\n" });
  const failure = commitFiles(treeOf(source.dir), ["SKILL.md"], "x");
  await expect(failure).rejects.toMatchObject({ code: "HOOK_REFUSED", hint: "lint says no" });
});

test("a tag's message is kept to the byte", async () => {
  const source = await repo();
  const message = "Release v1\n\n# heading\n\n\nPaks-Version: 1\n";
  const commit = await source.git("rev-parse", "HEAD");
  await createTag(treeOf(source.dir), { name: "v1", commit, message, form: "annotated" });
  const raw = await source.git("cat-file", "tag", "v1");
  expect(raw.slice(raw.indexOf("\n\n") + 2)).toBe(message.slice(0, -1));
  expect(await listLocalRefs(treeOf(source.dir))).toContainEqual({
    name: "refs/tags/v1",
    object: await source.git("rev-parse", "v1"),
    commit,
  });
});

test("an identity is asked of git only where the configuration does not settle it", async () => {
  const source = await repo();
  const processes: GitProcess[] = [];
  const tree = treeOf(source.dir, { onProcess: (process) => processes.push(process) });
  await requireIdentity(tree, await readConfig(tree));
  expect(processes).toHaveLength(1);
  await source.git("config", "--unset", "user.email");
  await source.git("config", "user.useConfigOnly", "true");
  const config = await readConfig(tree);
  await expect(requireIdentity(tree, config)).rejects.toMatchObject({ code: "GIT_IDENTITY_MISSING" });
  const named = { GIT_AUTHOR_EMAIL: "a@example.com", GIT_COMMITTER_EMAIL: "a@example.com" };
  await requireIdentity({ ...tree, env: { ...testGitEnv(), ...named } }, config);
});

test("the remote to push to is the one that git would take", () => {
  const config = (...pairs: [string, string][]) => new Map(pairs.map(([key, value]) => [key, [value]]));
  const origin: [string, string] = ["remote.origin.url", "https://example.com/a"];
  const fork: [string, string] = ["remote.fork.url", "https://example.com/b"];
  expect(requireRemote(config(origin, fork), "main").name).toBe("origin");
  expect(requireRemote(config(fork), "main").name).toBe("fork");
  expect(requireRemote(config(origin, fork, ["branch.main.remote", "fork"]), "main").name).toBe("fork");
  expect(requireRemote(config(origin, fork, ["branch.Main.pushremote", "fork"]), "Main").name).toBe("fork");
  expect(requireRemote(config(origin, fork, ["remote.pushdefault", "fork"]), "main").name).toBe("fork");
  expect(requireRemote(config(origin, fork), "main", "fork").name).toBe("fork");
  const failing = [
    () => requireRemote(config(), "main"),
    () => requireRemote(config(origin), "main", "fork"),
    () => requireRemote(config(fork, ["remote.other.url", "x"]), "main"),
    () => requireRemote(config(["remote.--upload-pack=x.url", "x"]), "main"),
  ];
  for (const fail of failing) expect(fail).toThrowError(expect.objectContaining({ code: "NO_REMOTE" }));
});

test("the branch over there is the one that this branch follows", () => {
  const config = new Map([
    ["branch.main.remote", ["origin"]],
    ["branch.main.merge", ["refs/heads/trunk"]],
  ]);
  expect(upstreamBranch(config, "main", "origin")).toBe("trunk");
  expect(upstreamBranch(config, "main", "fork")).toBe("main");
  expect(upstreamBranch(config, "feature", "origin")).toBe("feature");
});

test("git's address rewriting counts", async () => {
  const source = await repo();
  await source.git("remote", "add", "origin", "gh:acme/pdf");
  await source.git("config", "url.https://github.com/.insteadOf", "gh:");
  const tree = treeOf(source.dir);
  const config = await readConfig(tree);
  expect(await readRemoteUrl(tree, config, requireRemote(config, "main"))).toBe("https://github.com/acme/pdf");
});

test("the remote's refs are listed with what annotated tags lead to", async () => {
  const source = await repo();
  await withServer(source);
  await source.tag("v1", "annotated");
  await source.tag("light");
  await source.git("push", "-q", "origin", "v1", "light");
  const commit = await source.git("rev-parse", "HEAD");
  const refs = await fetchRemoteRefs(treeOf(source.dir), "origin");
  expect(refs).toEqual([
    { name: "refs/heads/main", object: commit, commit },
    { name: "refs/tags/light", object: commit, commit },
    { name: "refs/tags/v1", object: await source.git("rev-parse", "v1"), commit },
  ]);
});

test("a push permission is asked without sending anything and without the user's hook", async () => {
  const source = await repo();
  const { bare } = await withServer(source);
  await writeFile(join(source.dir, ".git", "hooks", "pre-push"), "#!/bin/sh\nexit 1\n", { mode: 0o755 });
  const before = await testGit(bare, ["for-each-ref"]);
  const commit = await source.commit("more");
  await requirePushPermission(treeOf(source.dir), { remote: "origin", commit, branch: "main" });
  expect(await testGit(bare, ["for-each-ref"])).toBe(before);
});

test.each([
  [401, "PUSH_FORBIDDEN"],
  [403, "PUSH_FORBIDDEN"],
  [404, "REPOSITORY_NOT_FOUND"],
  [429, "GIT_HOST_RATE_LIMITED"],
  [503, "GIT_HOST_UNAVAILABLE"],
])("a host that answers a push with %i is %s", async (status, code) => {
  const source = await repo();
  const { server } = await withServer(source);
  server.setFaults((request) => (request.service === "list-push" ? { type: "status", status } : undefined));
  const commit = await source.commit("more");
  const failure = requirePushPermission(treeOf(source.dir), { remote: "origin", commit, branch: "main" });
  await expect(failure).rejects.toMatchObject({ code });
});

test("a remote that is ahead is BEHIND_UPSTREAM, a remote that is not there is GIT_HOST_UNAVAILABLE", async () => {
  const source = await repo();
  const { server } = await withServer(source);
  const old = await source.git("rev-parse", "HEAD");
  await source.commit("more");
  await source.git("push", "-q", "origin", "main");
  await source.git("reset", "-q", "--hard", old);
  const tree = treeOf(source.dir);
  const push = { remote: "origin", commit: await source.commit("other"), branch: "main" };
  await expect(requirePushPermission(tree, push)).rejects.toMatchObject({
    ...{ code: "BEHIND_UPSTREAM", message: "The remote's branch main has commits that are not here." },
    hint: "git pull --rebase origin main, then run the same command again.",
  });
  await server.close();
  await expect(requirePushPermission(tree, push)).rejects.toMatchObject({ code: "GIT_HOST_UNAVAILABLE" });
});

async function releaseCommit(source: GitRepo) {
  const commit = await source.commit("more");
  await source.tag("v1", "v1\n");
  return { remote: "origin", refspecs: [`${commit}:refs/heads/main`, "refs/tags/v1"], atomic: true };
}

test("a push that the remote refuses as a whole is rejected, with the remote's words", async () => {
  const source = await repo();
  const { bare } = await withServer(source);
  const hook = "#!/bin/sh\nprintf 'only on \\033[31mMondays\\n' >&2\nexit 1\n";
  await writeFile(join(bare, "hooks", "pre-receive"), hook, { mode: 0o755 });
  const outcome = await pushRefs(treeOf(source.dir), await releaseCommit(source));
  expect(outcome).toMatchObject({ type: "rejected", error: { code: "PUSH_REJECTED" } });
  expect(outcome).toMatchObject({ error: { message: expect.stringContaining("pre-receive hook declined") } });
  expect(outcome).toMatchObject({ error: { hint: String.raw`The remote says: only on \u{1b}[31mMondays` } });
});

test("a tag that the remote refuses takes the branch with it", async () => {
  const source = await repo();
  const { bare } = await withServer(source);
  const hook = '#!/bin/sh\ncase "$1" in refs/tags/*) echo protected >&2; exit 1;; esac\n';
  await writeFile(join(bare, "hooks", "update"), hook, { mode: 0o755 });
  const before = await testGit(bare, ["for-each-ref"]);
  const outcome = await pushRefs(treeOf(source.dir), await releaseCommit(source));
  expect(outcome).toMatchObject({ type: "rejected", error: { message: expect.stringContaining("tag v1") } });
  expect(await testGit(bare, ["for-each-ref"])).toBe(before);
});

test("a refused tag whose commit the remote has already is a refusal of everything that would have changed", async () => {
  const source = await repo();
  const { bare } = await withServer(source);
  const commit = await source.git("rev-parse", "HEAD");
  await source.tag("v1", "v1\n");
  await writeFile(join(bare, "hooks", "pre-receive"), "#!/bin/sh\nexit 1\n", { mode: 0o755 });
  const refspecs = [`${commit}:refs/heads/main`, "refs/tags/v1"];
  const outcome = await pushRefs(treeOf(source.dir), { remote: "origin", refspecs, atomic: true });
  expect(outcome).toMatchObject({ type: "rejected", error: { code: "PUSH_REJECTED" } });
});

test("an atomic push to a branch that has moved on is known to be refused, though git names only that branch", async () => {
  const source = await repo();
  const { bare } = await withServer(source);
  const somebody = ["-c", "user.name=b", "-c", "user.email=b@x.y"];
  const made = await testGit(bare, [...somebody, "commit-tree", "-p", "main", "-m", "elsewhere", "main^{tree}"]);
  await testGit(bare, ["update-ref", "refs/heads/main", made.trim()]);
  const before = await testGit(bare, ["for-each-ref"]);
  const outcome = await pushRefs(treeOf(source.dir), await releaseCommit(source));
  expect(outcome).toMatchObject({ type: "rejected", error: { code: "BEHIND_UPSTREAM" } });
  expect(await testGit(bare, ["for-each-ref"])).toBe(before);
});

test("a pre-push hook that refuses is known to have sent nothing", async () => {
  const source = await repo();
  await withServer(source);
  await writeFile(join(source.dir, ".git", "hooks", "pre-push"), "#!/bin/sh\nexit 1\n", { mode: 0o755 });
  const outcome = await pushRefs(treeOf(source.dir), await releaseCommit(source));
  expect(outcome).toMatchObject({ type: "not-sent", error: { code: "PUSH_REJECTED" } });
});

test.each([
  ["cut after the server took it", { type: "cut" }],
  ["answered with half an answer", { type: "truncate", bytes: 10 }],
  ["answered with 504", { type: "status", status: 504 }],
] as const)("nobody knows what became of a push that is %s", async (_what, fault) => {
  const source = await repo();
  const { server } = await withServer(source);
  server.setFaults((request) => (request.service === "push" ? fault : undefined));
  const outcome = await pushRefs(treeOf(source.dir), await releaseCommit(source));
  expect(outcome.type).toBe("unknown");
});

test("a remote without atomic pushes says so", async () => {
  const source = await repo();
  await withServer(source, { config: [["receive.advertiseAtomic", "false"]] });
  expect(await pushRefs(treeOf(source.dir), await releaseCommit(source))).toEqual({ type: "no-atomic" });
});

test("taking back restores the branch, the tag and the index entry exactly", async () => {
  const source = await repo({ "SKILL.md": "one\n", "other.txt": "o" });
  await source.write({ "other.txt": "staged" });
  await source.git("add", "other.txt");
  const state = async () => [
    await source.git("for-each-ref"),
    await source.git("status", "--porcelain=v2", "--branch"),
    await source.git("ls-files", "--stage"),
  ];
  const before = await state();
  const head = await source.git("rev-parse", "HEAD");
  const oid = await source.git("rev-parse", "HEAD:SKILL.md");
  const tree = treeOf(source.dir);
  await source.write({ "SKILL.md": "two\n" });
  await commitFiles(tree, ["SKILL.md"], "bump");
  const made = await readHeadCommit(tree);
  const tag = { name: "v1", commit: made.commit, message: "v1\n", form: "annotated" } as const;
  await createTag(tree, tag);
  await takeBackRefs(tree, { tags: [tag], commit: { branch: "main", made: made.commit, before: head } });
  await source.write({ "SKILL.md": "one\n" });
  await takeBackIndexEntries(tree, [{ path: "SKILL.md", before: { mode: "100644", oid }, made: made.changes[0]!.oid }]);
  expect(await state()).toEqual(before);
});

test("a branch that moved on meanwhile is not taken back, nor is the tag", async () => {
  const source = await repo();
  const head = await source.git("rev-parse", "HEAD");
  const tree = treeOf(source.dir);
  await source.write({ "SKILL.md": "two\n" });
  await commitFiles(tree, ["SKILL.md"], "bump");
  const { commit: made } = await readHeadCommit(tree);
  const tag = { name: "v1", commit: made, message: "v1\n", form: "annotated" } as const;
  await createTag(tree, tag);
  await source.commit("somebody else");
  const before = await source.git("for-each-ref");
  const undo = takeBackRefs(tree, { tags: [tag], commit: { branch: "main", made, before: head } });
  await expect(undo).rejects.toThrow("take back");
  expect(await source.git("for-each-ref")).toBe(before);
});

test.runIf(process.platform !== "win32")(
  "a command that prints nothing takes no longer than one that does",
  async () => {
    const dir = await temporaryFolder();
    const median = async (script: string) => {
      const git = join(dir, "git");
      await writeFile(git, `#!/bin/sh\n${script}\n`, { mode: 0o755 });
      const times: number[] = [];
      for (let round = 0; round < 9; round++) {
        const started = performance.now();
        await changeWithGit(treeOf(tmpdir(), { git }), ["tag"]);
        times.push(performance.now() - started);
      }
      return times.sort((a, b) => a - b)[4]!;
    };
    expect((await median("exit 0")) - (await median("echo x"))).toBeLessThan(35);
  },
);

test.each([
  ["reads", runWorkTreeGit],
  ["changes", changeWithGit],
])("git that %s ends at its wall clock, and with the signal's own reason", async (_what, run) => {
  const file = join(await temporaryFolder(), "git");
  await writeFile(file, `#!${process.execPath}\nsetInterval(() => process.stdout.write("."), 20);\n`, { mode: 0o755 });
  const tree = treeOf(tmpdir(), { git: file });
  await expect(run(tree, ["status"], { milliseconds: 200 })).rejects.toMatchObject({
    code: "GIT_HOST_TIMEOUT",
  });
  await expect(run(tree, ["status"], { maxBytes: 3 })).rejects.toMatchObject({
    code: "REPOSITORY_TOO_COMPLEX",
  });
  const controller = new AbortController();
  setTimeout(() => controller.abort(new Error("stopped")), 100);
  await expect(run({ ...tree, signal: controller.signal }, ["status"])).rejects.toThrow("stopped");
});

test("a caller that dies before git has read anything leaves no tag other than the whole one", async () => {
  const source = await repo();
  const orphan = join(await temporaryFolder(), "git");
  await writeFile(orphan, '#!/bin/sh\nexec git "$@" </dev/null\n', { mode: 0o755 });
  const commit = await source.git("rev-parse", "HEAD");
  const message = "# not a comment\n\nPaks-Package: acme/pdf\n";
  await createTag(treeOf(source.dir, { git: orphan }), { name: "v1", commit, message, form: "annotated" });
  const made = await readObjects(treeOf(source.dir), ["refs/tags/v1"], 1024);
  expect(made.get("refs/tags/v1")?.bytes.toString("utf8").split("\n\n").slice(1).join("\n\n")).toBe(message);
});
