import { rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import { testGit, testGitEnv } from "@paks/git/testing";
import { dataOfRun, failureOf, type Lab, openLab, skillText } from "../testing/lab.ts";
import { paste } from "../testing/paste.ts";

interface Row {
  readonly package: string | null;
  readonly path: string;
  readonly tag: string | null;
  readonly version: string | null;
  readonly state: string;
  readonly error?: { readonly code: string; readonly message: string; readonly details?: Record<string, unknown> };
}
interface Data {
  readonly releases: readonly Row[];
  readonly failed: number;
  readonly unchanged: number;
  readonly commands?: string[];
}

const names = ["a", "b", "c", "d", "e"];
const file = (name: string) => `skills/${name}/SKILL.md`;

/** Five paks and one more called pdf, all with version 0.1.0. */
const openMonorepo = async (more: Record<string, string> = {}): Promise<Lab> =>
  await openLab({
    path: "skills/pdf",
    files: { ...Object.fromEntries(names.map((name) => [file(name), skillText("0.1.0", name)])), ...more },
  });

const run = async (lab: Lab, args: readonly string[], options = {}) => await lab.paks(["publish", ...args], options);
const dataOf = async (lab: Lab, args: readonly string[], options = {}): Promise<Data> =>
  (await run(lab, [...args, "--json"], options)).json() as Data;
const tagsOf = async (lab: Lab) => (await lab.remote("tag")).trim().split("\n");
const statesOf = ({ releases }: Data) => Object.fromEntries(releases.map(({ path, state }) => [path, state]));

async function change(lab: Lab, changed: readonly string[]): Promise<void> {
  await lab.repo.write(Object.fromEntries(changed.map((name) => [`skills/${name}/notes.md`, `${Math.random()}\n`])));
  await lab.repo.commit("Change");
}

test("--all releases every pak with one commit, a tag each, and pushes of at most three tags", async () => {
  const lab = await openMonorepo();
  const pushes: number[] = [];
  lab.server.setFaults((request) => void (request.service === "push" && pushes.push(1)));
  const data = await dataOf(lab, ["--all", "--bump", "patch"]);
  expect(data.releases.map(({ tag, state }) => `${tag} ${state}`)).toEqual(
    [...names, "pdf"].map((name) => `${name}--v0.1.1 indexed`),
  );
  expect(await lab.repo.git("log", "--format=%s")).toBe("chore: bump versions of 6 paks\nFirst");
  expect(await tagsOf(lab)).toEqual([...names, "pdf"].map((name) => `${name}--v0.1.1`));
  expect(await lab.remote("rev-parse", "main")).toBe(`${await lab.repo.git("rev-parse", "HEAD")}\n`);
  expect(await lab.repo.git("status", "--porcelain")).toBe("");
  expect(lab.registry.releases).toHaveLength(6);
  // The dry run asks for nothing to be written, so only real pushes count.
  expect(pushes).toHaveLength(2);
});

test("--changed releases the paks whose folder is not what their last tag holds, and only those", async () => {
  const lab = await openMonorepo();
  dataOfRun(await run(lab, ["--all", "--json"]));
  expect((await run(lab, ["--changed", "--bump", "patch"])).stdout).toContain("No pak has changed");
  await change(lab, ["a", "d"]);
  const data = await dataOf(lab, ["--changed", "--bump", "patch"]);
  expect(data).toMatchObject({ unchanged: 4, failed: 0 });
  expect(data.releases.map(({ tag }) => tag)).toEqual(["a--v0.1.1", "d--v0.1.1"]);
  const again = await dataOf(lab, ["--changed", "--bump", "patch"]);
  expect(statesOf(again)).toEqual({ "skills/a": "already-published", "skills/d": "already-published" });
  expect(await lab.repo.git("rev-list", "--count", "HEAD")).toBe("3");
});

test("a reverted change is no change, and a tag that only the remote has counts", async () => {
  const lab = await openMonorepo();
  dataOfRun(await run(lab, ["--all", "--json"]));
  await change(lab, ["a"]);
  await lab.repo.git("rm", "-q", "-r", "skills/a/notes.md");
  await lab.repo.commit("Back");
  await lab.repo.git("tag", "-d", "b--v0.1.0");
  expect(await dataOf(lab, ["--changed", "--bump", "patch"])).toMatchObject({ releases: [] });
});

test("release tags that were never fetched are asked for, not guessed about", async () => {
  const lab = await openMonorepo();
  const tree = (await lab.remote("rev-parse", "main^{tree}")).trim();
  const env = { ...testGitEnv(), GIT_AUTHOR_NAME: "b", GIT_AUTHOR_EMAIL: "b@x.y" };
  const committer = { GIT_COMMITTER_NAME: "b", GIT_COMMITTER_EMAIL: "b@x.y" };
  const args = ["commit-tree", "-m", "elsewhere", tree];
  const commit = (await testGit(lab.bare, args, { env: { ...env, ...committer } })).trim();
  await lab.remote("update-ref", "refs/tags/a--v0.0.9", commit);
  const failure = failureOf(await run(lab, ["--changed", "--bump", "patch", "--json"]));
  expect(failure).toMatchObject({ code: "TAG_NOT_FOUND", hint: expect.stringContaining("git fetch --tags") });
});

test("paks are chosen by name or folder; a name that nobody has is refused", async () => {
  const lab = await openMonorepo();
  const data = await dataOf(lab, ["a", "skills/c", "--bump", "minor"]);
  expect(data.releases.map(({ tag }) => tag)).toEqual(["a--v0.2.0", "c--v0.2.0"]);
  expect(dataOfRun(await run(lab, ["b", "--bump", "major", "--json"]))).toMatchObject({ tag: "b--v1.0.0" });
  expect(failureOf(await run(lab, ["a", "nobody", "--json"]))).toMatchObject({ code: "MANIFEST_MISSING" });
  expect(failureOf(await run(lab, ["--all", "a", "--json"]))).toMatchObject({ code: "USAGE" });
});

test("hints name commands that work in a repository of several paks", async () => {
  const lab = await openMonorepo({ "skills/tables/SKILL.md": skillText("0.1.0", "tables") });
  expect(failureOf(await run(lab, ["tabels", "--json"])).hint).toMatch(/^Did you mean tables\? /);
  const atTop = failureOf(await run(lab, ["--bump", "patch", "--json"]));
  expect(atTop).toMatchObject({
    code: "MANIFEST_MISSING",
    hint: expect.stringMatching(/paks publish a\. .*--changed; all: --all\.$/),
  });
  await lab.repo.git("commit", "-q", "--allow-empty", "-m", "x");
  await dataOf(lab, ["tables"]);
  await lab.repo.write({ "skills/tables/more.md": "More.\n" });
  await lab.repo.commit("More");
  expect((await run(lab, ["--changed"])).stdout).toContain("next version: paks publish tables --bump patch");
});

test("a pak that cannot be released is named and left out, the others are released", async () => {
  const lab = await openMonorepo({ [file("bad")]: "# nothing\n" });
  await lab.repo.write({ "skills/c/new.md": "not added\n" });
  const before = await lab.repo.git("status", "--porcelain");
  const done = await run(lab, ["--all", "--bump", "patch", "--json"]);
  expect(done.exit).toBe(5);
  const data = done.json() as Data;
  expect(statesOf(data)).toMatchObject({ "skills/a": "indexed", "skills/bad": "failed", "skills/c": "failed" });
  expect(data.releases.find(({ path }) => path === "skills/c")?.error).toMatchObject({ code: "DIRTY_WORK_TREE" });
  expect(await tagsOf(lab)).toEqual(["a", "b", "d", "e", "pdf"].map((name) => `${name}--v0.1.1`));
  expect(await lab.repo.git("status", "--porcelain")).toBe(before);
  expect(await lab.remote("show", "main:skills/c/SKILL.md")).toBe(skillText("0.1.0", "c"));
  const text = await run(lab, ["--all", "--bump", "patch", "--dry-run"]);
  expect(text.stdout).toContain("[FRONTMATTER_MISSING]");
});

test("a tag that the remote refuses stands in nobody's way, and a rerun releases just that version", async () => {
  const lab = await openMonorepo();
  const update = join(lab.bare, "hooks", "update");
  await writeFile(update, '#!/bin/sh\ncase "$1" in refs/tags/b--*) echo no b >&2; exit 1;; esac\n', { mode: 0o755 });
  const done = await run(lab, ["--all", "--bump", "patch", "--json"]);
  expect(done.exit).toBe(6);
  const data = done.json() as Data;
  expect(data.releases.filter(({ state }) => state === "indexed")).toHaveLength(5);
  const failed = data.releases.find(({ state }) => state === "failed");
  expect(failed).toMatchObject({ tag: "b--v0.1.1", error: { code: "PUSH_REJECTED", details: { taken_back: true } } });
  expect(await lab.repo.git("tag", "--list", "b--*")).toBe("");
  await rm(update);
  const again = await dataOf(lab, ["--all", "--bump", "patch"]);
  expect(statesOf(again)).toMatchObject({ "skills/b": "indexed", "skills/a": "already-published" });
  expect(await lab.repo.git("rev-list", "--count", "HEAD")).toBe("2");
});

test("a remote that refuses everything leaves everything as it was", async () => {
  const lab = await openMonorepo();
  await writeFile(join(lab.bare, "hooks", "pre-receive"), "#!/bin/sh\nexit 1\n", { mode: 0o755 });
  const before = await lab.snapshot();
  const done = await run(lab, ["--all", "--bump", "patch", "--json"]);
  expect(done.exit).toBe(6);
  expect((done.json() as Data).releases.every(({ error }) => error?.details?.["taken_back"] === true)).toBe(true);
  expect(await lab.snapshot()).toBe(before);
});

test("a commit hook that refuses leaves everything as it was", async () => {
  const lab = await openMonorepo();
  const hook = join(lab.repo.dir, ".git", "hooks", "pre-commit");
  await writeFile(hook, "#!/bin/sh\nexit 1\n", { mode: 0o755 });
  const before = await lab.snapshot();
  expect(failureOf(await run(lab, ["--all", "--bump", "patch", "--json"])).code).toBe("HOOK_REFUSED");
  expect(await lab.snapshot()).toBe(before);
});

test("a remote that takes one ref at a time gets all of them", async () => {
  const lab = await openLab({
    path: "skills/pdf",
    files: { [file("a")]: skillText("0.1.0", "a") },
    serverConfig: [["receive.advertiseAtomic", "false"]],
  });
  const data = await dataOf(lab, ["--all", "--bump", "patch"]);
  expect(statesOf(data)).toEqual({ "skills/a": "indexed", "skills/pdf": "indexed" });
});

test("a connection that is cut in the second group keeps what is there, and a rerun finishes", async () => {
  const lab = await openMonorepo();
  let pushes = 0;
  lab.server.setFaults((request) => {
    if (request.service === "push") pushes += 1;
    return request.service === "push" && pushes === 2 ? { type: "status", status: 503 } : undefined;
  });
  const done = await run(lab, ["--all", "--bump", "patch", "--json"]);
  expect(done.exit).toBe(8);
  expect((done.json() as Data).releases.map(({ state }) => state)).toEqual([
    ...["indexed", "indexed", "indexed", "failed", "failed", "failed"],
  ]);
  lab.server.setFaults(undefined);
  dataOfRun(await run(lab, ["--all", "--bump", "patch", "--json"]));
  expect(await tagsOf(lab)).toHaveLength(6);
  expect(await lab.repo.git("rev-list", "--count", "HEAD")).toBe("2");
});

test.each([
  ...["planned", "manifest-edited@2", "edited", "committed", "verified", "tag-made", "tagged"],
  ...["group-pushed", "group-pushed@2", "pushed", "notified", "notified@3"],
])("ended at %s, the same command again makes exactly the intended releases", async (point) => {
  const lab = await openMonorepo();
  dataOfRun(await run(lab, ["--all", "--json"]));
  await change(lab, ["a", "b", "c", "d"]);
  const environment = { PAKS_ENABLE_FAULTS: "1", PAKS_FAULT: `${point}:end` };
  const args = ["--changed", "--bump", "patch"];
  expect((await run(lab, args, { environment })).stderr).toContain(`fault at ${point.split("@")[0]}`);
  const done = dataOfRun(await run(lab, [...args, "--json"])) as unknown as Data;
  expect(done.releases.map(({ tag }) => tag)).toEqual(["a", "b", "c", "d"].map((name) => `${name}--v0.1.1`));
  expect(await lab.repo.git("rev-list", "--count", "HEAD")).toBe("3");
  expect(await lab.repo.git("status", "--porcelain")).toBe("");
  expect(await tagsOf(lab)).toHaveLength(10);
  expect(lab.registry.releases).toHaveLength(10);
});

/** Somebody else's commit on top of what the remote's branch holds. */
async function moveOn(lab: Lab): Promise<void> {
  const env = { ...testGitEnv(), GIT_AUTHOR_NAME: "b", GIT_AUTHOR_EMAIL: "b@x.y" };
  const committer = { GIT_COMMITTER_NAME: "b", GIT_COMMITTER_EMAIL: "b@x.y" };
  const args = ["commit-tree", "-p", "main", "-m", "elsewhere", "main^{tree}"];
  const commit = (await testGit(lab.bare, args, { env: { ...env, ...committer } })).trim();
  await lab.remote("update-ref", "refs/heads/main", commit);
}

test("a finished release is told as such although the branch has moved on over there", async () => {
  const lab = await openMonorepo();
  const args = ["--all", "--bump", "patch"];
  dataOfRun(await run(lab, [...args, "--json"]));
  await moveOn(lab);
  expect(new Set(Object.values(statesOf(await dataOf(lab, args))))).toEqual(new Set(["already-published"]));
  expect(statesOf(await dataOf(lab, ["--changed"]))).toMatchObject({ "skills/a": "already-published" });
  await change(lab, ["a"]);
  const before = await lab.snapshot();
  expect(failureOf(await run(lab, ["--changed", "--bump", "patch", "--json"])).code).toBe("BEHIND_UPSTREAM");
  expect(await lab.snapshot()).toBe(before);
});

test("cut off between two pushes, the tags that are left go out although others have gone on from there", async () => {
  const lab = await openMonorepo();
  const args = ["--all", "--bump", "patch"];
  const environment = { PAKS_ENABLE_FAULTS: "1", PAKS_FAULT: "group-pushed:end" };
  expect((await run(lab, args, { environment })).stderr).toContain("fault at group-pushed");
  await moveOn(lab);
  const there = await lab.remote("rev-parse", "main");
  const plan = await dataOf(lab, [...args, "--dry-run"]);
  expect(plan.commands?.filter((each) => each.startsWith("git push"))).toEqual([
    "git push --porcelain --atomic origin refs/tags/d--v0.1.1 refs/tags/e--v0.1.1 refs/tags/pdf--v0.1.1",
  ]);
  const done = dataOfRun(await run(lab, [...args, "--json"])) as unknown as Data;
  expect(new Set(Object.values(statesOf(done)))).toEqual(new Set(["indexed"]));
  expect(await tagsOf(lab)).toEqual([...names, "pdf"].map((name) => `${name}--v0.1.1`));
  expect(await lab.remote("rev-parse", "main")).toBe(there);
});

test("two paks that would make one tag are left out, the others are released", async () => {
  const lab = await openMonorepo({ "more/a/SKILL.md": skillText("0.1.0", "a") });
  const done = await run(lab, ["--all", "--bump", "patch", "--json"]);
  expect(done.exit).toBe(5);
  const failed = (done.json() as Data).releases.filter(({ state }) => state === "failed");
  expect(failed.map(({ path, error }) => `${path} ${error?.code}`)).toEqual([
    "more/a AMBIGUOUS_MANIFEST",
    "skills/a AMBIGUOUS_MANIFEST",
  ]);
  expect(await tagsOf(lab)).toEqual(["b", "c", "d", "e", "pdf"].map((name) => `${name}--v0.1.1`));
});

test("what stands in the way of several paks is said once, with their names", async () => {
  const lab = await openMonorepo({ "more/a/SKILL.md": skillText("0.1.0", "a") });
  const { stdout } = await run(lab, ["--all", "--bump", "patch", "--dry-run"]);
  expect(stdout).toContain("✗ more/a, skills/a\n");
  expect(stdout.split("would both be released")).toHaveLength(2);
});

test("a repository without a pak is no success", async () => {
  const lab = await openMonorepo();
  await lab.repo.git("rm", "-q", "-r", ".");
  await lab.repo.commit("Empty");
  for (const which of ["--all", "--changed"])
    expect(failureOf(await run(lab, [which, "--json"])).code).toBe("MANIFEST_MISSING");
});

test("what stands in the way of all of them is said once, and nothing is changed", async () => {
  const lab = await openMonorepo();
  await lab.repo.git("checkout", "-q", "--detach");
  const before = await lab.snapshot();
  expect(failureOf(await run(lab, ["--all", "--bump", "patch", "--json"])).code).toBe("DETACHED_HEAD");
  expect(await lab.snapshot()).toBe(before);
});

test("the commands of --dry-run make the same releases", async () => {
  const lab = await openMonorepo();
  const before = await lab.snapshot();
  const plan = await dataOf(lab, ["--all", "--bump", "patch", "--dry-run"]);
  expect(await lab.snapshot()).toBe(before);
  await paste(lab, plan.commands?.join("\n") ?? "");
  const done = await dataOf(lab, ["--all", "--bump", "patch"]);
  expect(new Set(done.releases.map(({ state }) => state))).toEqual(new Set(["already-published"]));
  expect(await lab.repo.git("rev-list", "--count", "HEAD")).toBe("2");
});

test("the number of git processes before the first change does not depend on the number of paks", async () => {
  const lab = await openMonorepo();
  const started = async (args: readonly string[]) =>
    (await run(lab, [...args, "--bump", "patch", "--dry-run", "--verbose"])).stderr.match(/^ *git /gm)?.length;
  expect(await started(["a", "b"])).toBe(await started(["--all"]));
});

test("three changed paks take the fifteen git processes that docs/decisions names, and no more", async () => {
  const lab = await openMonorepo();
  dataOfRun(await run(lab, ["--all", "--json"]));
  await change(lab, ["a", "b", "c"]);
  const { stderr } = await run(lab, ["--changed", "--bump", "patch", "--verbose"]);
  const started = stderr.split("\n").flatMap((line) => /^ *git (?:--\S+ )*(\S+)/.exec(line)?.[1] ?? []);
  expect(started.slice(0, 9).sort()).toEqual([
    "cat-file",
    "cat-file",
    "config",
    "for-each-ref",
    "ls-remote",
    "ls-tree",
    "push",
    "rev-parse",
    "status",
  ]);
  expect(started.slice(9)).toEqual(["commit", "diff-tree", "tag", "tag", "tag", "push"]);
});

test("people see one table, and no means that nothing happens", async () => {
  const lab = await openMonorepo();
  const before = await lab.snapshot();
  const asked = await run(lab, ["--all", "--bump", "patch"], { terminal: true, stdin: "n" });
  expect(asked.exit).toBe(130);
  expect(asked.stderr).toContain("Publish these 6 paks?");
  expect(await lab.snapshot()).toBe(before);
  const done = await run(lab, ["--all", "--bump", "patch"]);
  expect(done.stdout).toMatch(/acme\/a +0\.1\.0 → 0\.1\.1 +a--v0\.1\.1 +indexed/);
});
