import { rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { testGit } from "@paks/git/testing";
import { expect, test } from "vitest";
import { tempFolder } from "../testing/index.ts";
import { hook } from "./refusals/refusal.ts";
import { codesOf, dataOfRun, failureOf, openLab, skillText } from "./testing/lab.ts";

test("staged work of others survives a push that was rejected and taken back", async () => {
  const lab = await openLab({ path: "skills/pdf" });
  await hook(lab, "pre-receive", "exit 1");
  await lab.repo.write({ "other.txt": "staged\n", "new.txt": "new\n" });
  await lab.repo.git("add", "-A");
  await lab.repo.write({ "other.txt": "staged, then changed\n" });
  const before = await lab.snapshot();
  const run = await lab.publish(["--bump", "patch", "--json"]);
  expect(failureOf(run)).toMatchObject({ code: "PUSH_REJECTED", details: { taken_back: true } });
  expect(await lab.snapshot()).toBe(before);
  await rm(join(lab.bare, "hooks", "pre-receive"));
  dataOfRun(await lab.publish(["--bump", "patch", "--json"]));
});

test("everything that stands in the way is listed together, with its fixes", async () => {
  const lab = await openLab();
  await lab.repo.write({ "SKILL.md": skillText("0.1.0").replace("name: pdf", "name: PDF Forms"), "new.md": "x" });
  await lab.repo.git("add", "SKILL.md");
  await lab.repo.git("commit", "-q", "-m", "bad name");
  await lab.repo.tag("v0.1.1");
  await lab.repo.git("checkout", "-q", "--detach");
  await lab.repo.git("remote", "remove", "origin");
  const before = await lab.snapshot();
  const offline = { environment: { PAKS_TOKEN: "", PAKS_REGISTRY: "http://127.0.0.1:9" } };
  const run = await lab.publish(["--bump", "patch", "--json"], offline);
  const codes = codesOf(run);
  expect(codes).toEqual(
    expect.arrayContaining(["DETACHED_HEAD", "NO_REMOTE", "DIRTY_WORK_TREE", "AUTH_REQUIRED", "REGISTRY_UNAVAILABLE"]),
  );
  expect(codes[0]).toMatch(/NAME|MANIFEST|CHARACTERS/);
  expect(run.exit).toBe(5);
  expect(failureOf(run).details?.findings?.every(({ hint }) => hint !== undefined)).toBe(true);
  const text = await lab.publish(["--bump", "patch"], offline);
  for (const code of codes) expect(text.stderr).toContain(`[${code}]`);
  expect(text.stderr).toContain("Nothing was changed");
  expect(await lab.snapshot()).toBe(before);
});

test("a repository without a commit, a folder without a skill and a folder outside git are told apart", async () => {
  const lab = await openLab();
  const empty = join(lab.repo.dir, "nothing");
  expect((await lab.paks(["publish", empty, "--json"])).json()).toMatchObject({ error: { code: "MANIFEST_MISSING" } });
  expect((await lab.paks(["publish", "/", "--json"])).json()).toMatchObject({ error: { code: "NOT_A_REPOSITORY" } });
  await rm(join(lab.repo.dir, ".git"), { recursive: true });
  await testGit(lab.repo.dir, ["init", "-q", "-b", "main"]);
  const run = await lab.publish(["--bump", "patch", "--json"]);
  expect(codesOf(run)).toContain("DIRTY_WORK_TREE");
});

test("a commit hook that changes the manifest or adds files is WORKTREE_CHANGED, and its commit is taken back", async () => {
  const lab = await openLab();
  const before = await lab.repo.git("for-each-ref");
  const hooks = join(lab.repo.dir, ".git", "hooks", "pre-commit");
  await writeFile(hooks, "#!/bin/sh\necho sneaked > sneaked.txt\ngit add sneaked.txt\n", { mode: 0o755 });
  const added = await lab.publish(["--bump", "patch", "--json"]);
  expect(added.exit).toBe(6);
  expect(failureOf(added)).toMatchObject({ code: "WORKTREE_CHANGED", message: expect.stringContaining("sneaked.txt") });
  expect(await lab.repo.git("for-each-ref")).toBe(before);
  await rm(join(lab.repo.dir, "sneaked.txt"));
  await writeFile(hooks, "#!/bin/sh\necho more >> SKILL.md\ngit add SKILL.md\n", { mode: 0o755 });
  const changed = await lab.publish(["--bump", "patch", "--json"]);
  expect(failureOf(changed)).toMatchObject({ code: "WORKTREE_CHANGED" });
  expect(await lab.repo.git("for-each-ref")).toBe(before);
  expect(lab.registry.announced()).toBe(0);
});

test("a local tag that somebody else made on this very commit is not pushed as ours", async () => {
  const lab = await openLab();
  await lab.repo.tag("v0.1.0", "my own words\n");
  const before = await lab.snapshot();
  const run = await lab.publish(["--json"]);
  expect(failureOf(run)).toMatchObject({ code: "TAG_EXISTS", hint: expect.stringContaining("git tag -d v0.1.0") });
  expect(await lab.snapshot()).toBe(before);
});

test("a local tag on another commit is named with where it leads", async () => {
  const lab = await openLab();
  await lab.repo.tag("v0.1.0", "early\n");
  const tagged = await lab.repo.git("rev-parse", "--short=7", "HEAD");
  await lab.repo.write({ "more.md": "more\n" });
  await lab.repo.commit("More");
  const failure = failureOf(await lab.publish(["--json"]));
  expect(failure).toMatchObject({ code: "TAG_EXISTS", message: expect.stringContaining(`leads to ${tagged}`) });
});

test("a changed manifest is judged as it will be committed, not as it was", async () => {
  const lab = await openLab({ files: { "SKILL.md": skillText("0.1.0").replace("name: pdf", "name: PDF") } });
  await lab.repo.write({ "SKILL.md": skillText("0.1.0") });
  const run = await lab.publish(["--bump", "patch", "--json"]);
  expect(failureOf(run).code).toBe("DIRTY_WORK_TREE");
});

test.each([
  [["--bump", "patch", "--version", "1.0.0"], "each choose the version"],
  [["--preid", "beta"], "--bump prerelease"],
  [["--version", "1.0"], "three numbers"],
])("%j is refused", async (args, tells) => {
  const lab = await openLab();
  const run = await lab.publish([...args, "--json"]);
  expect(run.exit).toBeGreaterThan(0);
  expect(run.stdout).toContain(tells);
});

test("a name that two paks have is refused with both folders", async () => {
  const files = { "a/pdf/SKILL.md": skillText("0.1.0"), "csv/SKILL.md": skillText("0.1.0", "csv") };
  const lab = await openLab({ path: "b/pdf", files });
  const before = await lab.snapshot();
  const run = await lab.paks(["publish", "pdf", "csv", "--bump", "patch", "--json"]);
  expect(failureOf(run)).toMatchObject({
    code: "AMBIGUOUS_MANIFEST",
    message: expect.stringContaining("a/pdf, b/pdf"),
  });
  expect({ exit: run.exit, hint: failureOf(run).hint }).toEqual({ exit: 5, hint: "Name the folder." });
  expect(await lab.snapshot()).toBe(before);
});

test("a HEAD that moves while the pak is read is refused, and what moved it stays", async () => {
  const lab = await openLab();
  const git = join(await tempFolder(), "git");
  const script = `#!/bin/sh
case "$*" in *"cat-file --batch") git commit -q --allow-empty -m meanwhile;; esac
exec git "$@"
`;
  await writeFile(git, script, { mode: 0o755 });
  const run = await lab.publish(["--bump", "patch", "--json"], { environment: { PAKS_GIT: git } });
  expect({ code: failureOf(run).code, exit: run.exit }, run.stdout).toEqual({ code: "WORKTREE_CHANGED", exit: 6 });
  expect(await lab.repo.git("log", "--format=%s")).toBe("meanwhile\nFirst");
  expect(await lab.repo.git("tag")).toBe("");
  expect(await lab.repo.git("status", "--porcelain")).toBe("");
});
