import { readFile, realpath } from "node:fs/promises";
import { join } from "node:path";

import { expect, onTestFinished, test } from "vitest";

import { gitRepo, testGit, testGitEnv } from "./testing/index.ts";
import { listStashes, putAside, putBack, readPlace, readStashLog, type WorkTree } from "./work-tree.ts";

async function openRepo() {
  const repo = await gitRepo({ "a/one.txt": "one\n", "b/two.txt": "two\n" });
  onTestFinished(async () => await repo.remove());
  const tree: WorkTree = { dir: repo.dir, env: testGitEnv(), interactive: false };
  return { repo, tree };
}

const message = "paks publish acme/a@1.0.0";

test("only what lies below the folder is put aside, and comes back by its id whatever was stashed since", async () => {
  const { repo, tree } = await openRepo();
  await repo.write({ "a/one.txt": "1\n", "a/new.txt": "new\n", "b/two.txt": "2\n" });
  const entry = await putAside(tree, { path: "a", message });
  expect(await repo.git("status", "--porcelain")).toBe(" M b/two.txt");
  await repo.git("stash", "push", "-q", "-m", "later");
  expect(await putBack(tree, entry)).toEqual({ state: "back", name: "stash@{1}" });
  expect((await listStashes(tree)).map((each) => each.message)).toEqual(["On main: later"]);
  expect(await readFile(join(repo.dir, "a", "new.txt"), "utf8")).toBe("new\n");
});

test("the names of the entries are git's own, whatever its configuration says of dates", async () => {
  const { repo, tree } = await openRepo();
  await repo.git("config", "log.date", "iso");
  for (const text of ["1\n", "2\n"]) {
    await repo.write({ "a/one.txt": text });
    await repo.git("stash", "push", "-q", "-m", text.trim());
  }
  const listed = (await listStashes(tree)).map(({ name, message: said }) => ({ name, message: said }));
  expect(listed).toEqual([
    { name: "stash@{0}", message: "On main: 2" },
    { name: "stash@{1}", message: "On main: 1" },
  ]);
  expect(await readStashLog(join(repo.dir, ".git"))).toEqual(listed);
});

test("a linked work tree shares the entries, and a repository without any has none", async () => {
  const { repo, tree } = await openRepo();
  const dir = `${repo.dir}-linked`;
  await repo.git("worktree", "add", "-q", dir);
  const linked = { ...tree, dir: await realpath(dir) };
  onTestFinished(async () => void (await repo.git("worktree", "remove", "--force", dir)));
  const { gitDir } = await readPlace(linked);
  expect(await readStashLog(gitDir)).toEqual([]);
  await repo.write({ "a/one.txt": "1\n" });
  await putAside(tree, { path: "", message });
  expect(await readStashLog(gitDir)).toEqual([{ name: "stash@{0}", message: `On main: ${message}` }]);
});

test("what is staged comes back staged; where git cannot do that it says so and keeps the entry", async () => {
  const { repo, tree } = await openRepo();
  await repo.write({ "a/one.txt": "1\n" });
  await repo.git("add", "-A");
  const entry = await putAside(tree, { path: "a", message });
  expect((await putBack(tree, entry)).state).toBe("back");
  expect(await repo.git("status", "--porcelain")).toBe("M  a/one.txt");
  await repo.write({ "b/two.txt": "2\n" });
  await repo.git("add", "-A");
  // The folder's entry holds the other half of the index too, which is still there.
  const half = await putAside(tree, { path: "a", message });
  expect((await putBack(tree, half)).state).toBe("unstaged");
  expect(await repo.git("status", "--porcelain")).toBe(" M a/one.txt\nM  b/two.txt");
  expect(await listStashes(tree)).toHaveLength(1);
});

test("nothing to put aside is said, and makes no entry", async () => {
  const { tree } = await openRepo();
  await expect(putAside(tree, { path: "a", message })).rejects.toMatchObject({ code: "DIRTY_WORK_TREE" });
  expect(await listStashes(tree)).toEqual([]);
});

test("what somebody stages elsewhere in the meantime costs no file", async () => {
  const { repo, tree } = await openRepo();
  await repo.write({ "a/one.txt": "1\n" });
  await repo.git("add", "-A");
  const entry = await putAside(tree, { path: "a", message });
  await repo.write({ "b/two.txt": "2\n" });
  await repo.git("add", "-A");
  const { state } = await putBack(tree, entry);
  const texts = ["a/one.txt", "b/two.txt"].map(async (file) => await readFile(join(repo.dir, file), "utf8"));
  expect([state, ...(await Promise.all(texts))]).toEqual(["unstaged", "1\n", "2\n"]);
  expect(await listStashes(tree)).toHaveLength(1);
});

test.skipIf(process.platform === "win32")(
  "git moves files in a process group of its own: a terminal that is closed does not end it halfway",
  async () => {
    const { repo, tree } = await openRepo();
    const seen = join(repo.dir, ".git", "groups");
    // git runs the filter for every file that it stores or writes back.
    const filter = `sh -c 'ps -o pgid= -p $$ >> "${seen}"; cat'`;
    await repo.git("config", "filter.seen.clean", filter);
    await repo.git("config", "filter.seen.smudge", filter);
    await repo.write({ ".gitattributes": "*.txt filter=seen\n" });
    await repo.commit("attributes");
    await repo.write({ "a/one.txt": "changed\n" });
    const entry = await putAside(tree, { path: "a", message });
    expect((await putBack(tree, entry)).state).toBe("back");
    const groups = (await readFile(seen, "utf8")).trim().split(/\s+/);
    const own = (await testGit(repo.dir, ["-c", "alias.group=!ps -o pgid= -p $PPID", "group"])).trim();
    expect(groups.length).toBeGreaterThan(1);
    const asked = new Set(groups.slice(-2));
    expect([...asked]).not.toContain(own);
  },
);
