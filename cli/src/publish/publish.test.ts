import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import { dataOfRun, openLab, skillText } from "./testing/lab.ts";
import { paste } from "./testing/paste.ts";

const manifestOf = (dir: string) => readFile(join(dir, "SKILL.md"), "utf8");

test("publish makes one version commit, one annotated tag and one push, and the registry's digest is ours", async () => {
  const lab = await openLab();
  const before = await lab.repo.git("rev-parse", "HEAD");
  const done = dataOfRun(await lab.publish(["--bump", "patch", "--json"]));
  expect(done).toMatchObject({
    package: "acme/pdf",
    version: "0.1.1",
    previous_version: "0.1.0",
    tag: "v0.1.1",
    state: "indexed",
    verified: true,
    repository: `${lab.server.url}/skills.git`,
    steps: ["edit", "commit", "tag", "push", "index"].map((step) => ({ step, state: "done" })),
  });
  expect(await manifestOf(lab.repo.dir)).toBe(skillText("0.1.1"));
  expect(await lab.repo.git("log", "--format=%P|%B", "-1")).toBe(
    `${before}|chore: bump version to 0.1.1\n\nPaks-Release: acme/pdf@0.1.1\n`,
  );
  expect(await lab.repo.git("cat-file", "-t", "v0.1.1")).toBe("tag");
  expect(await lab.repo.git("status", "--porcelain")).toBe("");
  expect(await lab.remote("rev-parse", "main", "v0.1.1^{commit}")).toBe(`${done["commit"]}\n${done["commit"]}\n`);
  expect(lab.registry.releases).toMatchObject([{ version: "0.1.1", digest: done["digest"], commit: done["commit"] }]);
  expect(await lab.repo.git("for-each-ref", "--format=%(contents)", "refs/tags/v0.1.1")).toContain(
    [
      "Paks-Package: acme/pdf",
      "Paks-Version: 0.1.1",
      `Paks-Repository: ${lab.server.url}/skills.git`,
      "Paks-Path: .",
      `Paks-Digest: ${done["digest"]}`,
    ].join("\n"),
  );
});

test("people read the steps, and at the end what a user types", async () => {
  const lab = await openLab();
  const run = await lab.publish(["--bump", "minor"]);
  expect(run.exit).toBe(0);
  const lines = run.stdout.trimEnd().split("\n");
  expect(lines.filter((line) => line.startsWith("✓"))).toEqual([
    expect.stringContaining("acme/pdf 0.1.0 → 0.2.0: 3 files"),
    expect.stringMatching(/^✓ committed [0-9a-f]{7}: chore: bump version to 0\.2\.0$/),
    "✓ tagged v0.2.0",
    "✓ pushed main and v0.2.0 to origin",
    "✓ indexed: the registry's digest is the same",
  ]);
  expect(lines.at(-1)).toBe("  paks install acme/pdf@0.2.0");
});

test("a pak in a folder has a tag of its own, and only its manifest is committed", async () => {
  const lab = await openLab({ path: "skills/pdf", files: { "skills/csv/SKILL.md": skillText("3.0.0", "csv") } });
  const done = dataOfRun(await lab.publish(["--bump", "major", "--json"]));
  expect(done).toMatchObject({ tag: "pdf--v1.0.0", path: "skills/pdf", verified: true, files: 2 });
  expect(await lab.repo.git("show", "--name-only", "--format=", "HEAD")).toBe("skills/pdf/SKILL.md");
  const inside = await lab.paks(["publish", "--bump", "patch", "--json"], { cwd: join(lab.repo.dir, "skills", "csv") });
  expect(dataOfRun(inside)).toMatchObject({ package: "acme/csv", tag: "csv--v3.0.1", path: "skills/csv" });
});

test("staged and changed files of others stay as they are and unpublished", async () => {
  const lab = await openLab({ path: "skills/pdf" });
  await lab.repo.write({ "other.txt": "staged\n", "new.txt": "new\n", "README.md": "changed\n" });
  await lab.repo.git("add", "other.txt", "new.txt");
  const before = await lab.repo.git("status", "--porcelain");
  const run = await lab.publish(["--bump", "patch"]);
  expect(run.exit).toBe(0);
  expect(run.stdout).toContain("3 uncommitted outside this pak, 2 of them staged");
  expect(await lab.repo.git("status", "--porcelain")).toBe(before);
  expect(await lab.remote("ls-tree", "-r", "--name-only", "main")).not.toContain("new.txt");
  expect(await lab.remote("show", "main:other.txt")).toBe("other\n");
});

test.each([
  [["--bump", "prerelease", "--preid", "beta"], "0.1.1-beta.0", "v0.1.1-beta.0"],
  [["--version", "2.0.0-rc.1"], "2.0.0-rc.1", "v2.0.0-rc.1"],
  [["--version", "0.1.0"], "0.1.0", "v0.1.0"],
  [[], "0.1.0", "v0.1.0"],
  [["--bump", "patch", "--tag-prefix", "release-"], "0.1.1", "release-0.1.1"],
  [["--bump", "patch", "--tag-prefix", ""], "0.1.1", "0.1.1"],
])("publish %j releases %s as %s", async (args, version, tag) => {
  const lab = await openLab();
  const commits = await lab.repo.git("rev-list", "--count", "HEAD");
  const done = dataOfRun(await lab.publish([...args, "--json"]));
  expect(done).toMatchObject({ version, tag, verified: true });
  const made = version === "0.1.0" ? 0 : 1;
  expect(Number(await lab.repo.git("rev-list", "--count", "HEAD"))).toBe(Number(commits) + made);
});

test("without a version in the manifest the highest release tag is the base, also one that only the remote has", async () => {
  const lab = await openLab({ files: { "SKILL.md": skillText(undefined) } });
  await lab.repo.tag("v1.4.0");
  await lab.repo.tag("v1.3.0");
  await lab.repo.git("push", "-q", "origin", "v1.4.0");
  await lab.repo.git("tag", "-d", "v1.4.0");
  const done = dataOfRun(await lab.publish(["--bump", "minor", "--json"]));
  expect(done).toMatchObject({ version: "1.5.0", previous_version: null });
  expect(await manifestOf(lab.repo.dir)).toContain("1.5.0");
});

test("without a version anywhere the author is asked to choose one", async () => {
  const lab = await openLab({ files: { "SKILL.md": skillText(undefined) } });
  const run = await lab.publish(["--json"]);
  expect(run.exit).toBe(5);
  expect(run.stdout).toContain("--bump patch");
});

test("the author's text arrives in the tag unchanged, headings included", async () => {
  const lab = await openLab();
  const message = "### Added\n\n# one\n- two";
  dataOfRun(await lab.publish(["--bump", "patch", "--message", message, "--json"]));
  expect(await lab.repo.git("for-each-ref", "--format=%(contents)", "refs/tags/v0.1.1")).toContain(
    `\n\n${message}\n\nPaks-`,
  );
});

test("a text that imitates trailers is refused before anything is changed", async () => {
  const lab = await openLab();
  const before = await lab.snapshot();
  const run = await lab.publish(["--bump", "patch", "--message", "Paks-Version: 9.9.9", "--json"]);
  expect(run.exit).toBe(5);
  expect(run.stdout).toContain("INVALID_PARAMETER");
  expect(await lab.snapshot()).toBe(before);
});

test("CRLF, byte order mark and comments keep every byte but the version's", async () => {
  const text = `\uFEFF${skillText("0.1.0").replaceAll("\n", "\r\n")}`;
  const lab = await openLab({ files: { "SKILL.md": text } });
  dataOfRun(await lab.publish(["--bump", "patch", "--json"]));
  expect(await manifestOf(lab.repo.dir)).toBe(text.replace("0.1.0", "0.1.1"));
  expect(await lab.remote("show", "v0.1.1:SKILL.md")).toBe(text.replace("0.1.0", "0.1.1"));
});

test("where git turns line ends, the digest is the one of what git holds", async () => {
  const lab = await openLab();
  await lab.repo.git("config", "core.autocrlf", "true");
  await lab.repo.git("rm", "-q", "--cached", "-r", ".");
  await lab.repo.git("reset", "-q", "--hard");
  expect(await manifestOf(lab.repo.dir)).toContain("\r\n");
  expect(dataOfRun(await lab.publish(["--bump", "patch", "--json"]))).toMatchObject({ verified: true });
  expect(await manifestOf(lab.repo.dir)).toBe(skillText("0.1.1").replaceAll("\n", "\r\n"));
});

test("a version in skill.yaml is edited there", async () => {
  const lab = await openLab({ files: { "SKILL.md": skillText(undefined), "skill.yaml": "version: 0.4.0\n" } });
  expect(dataOfRun(await lab.publish(["--bump", "patch", "--json"]))).toMatchObject({
    version: "0.4.1",
    verified: true,
  });
  expect(await readFile(join(lab.repo.dir, "skill.yaml"), "utf8")).toBe("version: 0.4.1\n");
  expect(await lab.repo.git("show", "--name-only", "--format=", "HEAD")).toBe("skill.yaml");
});

test("a branch that follows another name is pushed to that one", async () => {
  const lab = await openLab();
  await lab.repo.git("push", "-q", "origin", "main:trunk");
  await lab.repo.git("checkout", "-q", "-b", "work", "--track", "origin/trunk");
  dataOfRun(await lab.publish(["--bump", "patch", "--json"]));
  expect(await lab.remote("rev-parse", "trunk")).toBe(await lab.remote("rev-parse", "v0.1.1^{commit}"));
});

test("--dry-run changes nothing, and its commands make the same release", async () => {
  const lab = await openLab({ files: { "SKILL.md": skillText("0.1.0").replace("# kept", "# it's 100 % kept \\n") } });
  const before = await lab.snapshot();
  const plan = dataOfRun(await lab.publish(["--bump", "patch", "--dry-run", "--json"]));
  expect(await lab.snapshot()).toBe(before);
  expect(lab.registry.announced()).toBe(0);
  expect(plan).toMatchObject({ state: "planned", version: "0.1.1", tag: "v0.1.1", verified: false });
  expect(plan["steps"]).toContainEqual({ step: "push", state: "todo" });
  const script = (plan["commands"] as string[]).join("\n");
  const text = await lab.publish(["--bump", "patch", "--dry-run"]);
  expect(text.stdout.replace(/Published: .*/g, "")).toContain(script.replace(/Published: .*/g, ""));
  await paste(lab, script);
  const done = dataOfRun(await lab.publish(["--bump", "patch", "--json"]));
  expect(done).toMatchObject({ version: "0.1.1", digest: plan["digest"], state: "already-published" });
  expect(await lab.repo.git("rev-list", "--count", "HEAD")).toBe("2");
});

test("--no-push commits and tags, asks nobody, and the same command without it goes on", async () => {
  const lab = await openLab();
  const remote = await lab.remote("for-each-ref");
  const requests = lab.server.requests.length;
  const done = dataOfRun(await lab.publish(["--bump", "patch", "--no-push", "--account", "acme", "--json"]));
  expect(done).toMatchObject({ state: "tagged", version: "0.1.1", verified: false });
  expect(await lab.remote("for-each-ref")).toBe(remote);
  expect(lab.server.requests.length).toBe(requests);
  expect(lab.registry.requests).toHaveLength(0);
  expect(dataOfRun(await lab.publish(["--bump", "patch", "--json"]))).toMatchObject({
    version: "0.1.1",
    verified: true,
  });
});

test("--skip-registry pushes without a word to the registry and shows how to install from git", async () => {
  const lab = await openLab({ path: "skills/pdf" });
  const run = await lab.publish(["--bump", "patch", "--skip-registry", "--account", "acme"], {
    environment: { PAKS_TOKEN: "", PAKS_GIT_PROTOCOLS: "https,http" },
  });
  expect(run.exit).toBe(0);
  expect(lab.registry.requests).toHaveLength(0);
  expect(await lab.remote("tag")).toBe("pdf--v0.1.1\n");
  expect(run.stdout.trimEnd().split("\n").at(-1)).toBe(
    `  paks install "${lab.server.url}/skills.git#tag=pdf--v0.1.1&path=skills/pdf"`,
  );
  // The next one knows the account from the tag before.
  await lab.repo.write({ "skills/pdf/notes.md": "more\n" });
  await lab.repo.commit("More");
  const next = await lab.publish(["--bump", "patch", "--skip-registry", "--json"], { environment: { PAKS_TOKEN: "" } });
  expect(dataOfRun(next)).toMatchObject({ package: "acme/pdf", version: "0.1.2", state: "pushed" });
});

test("an address that paks install refuses is not shown as something to install", async () => {
  const lab = await openLab();
  const run = await lab.publish(["--bump", "patch", "--skip-registry", "--account", "acme"]);
  expect(run.exit).toBe(0);
  expect(run.stdout).toContain("✓ pushed main and v0.1.1 to origin");
  expect(run.stdout).not.toContain("paks install");
});

test("--skip-registry without a login and without an earlier release asks for the account", async () => {
  const lab = await openLab();
  const run = await lab.publish(["--bump", "patch", "--skip-registry", "--json"], { environment: { PAKS_TOKEN: "" } });
  expect(run.exit).toBe(5);
  expect(run.stdout).toContain("--account");
});

test("--no-wait ends after the announcement and says that nothing is verified", async () => {
  const lab = await openLab();
  const run = await lab.publish(["--bump", "patch", "--no-wait", "--json"]);
  expect(dataOfRun(run)).toMatchObject({ state: "pushed", verified: false, attempt: expect.any(String) });
  expect(lab.registry.announced()).toBe(1);
});

test("a registry that falls silent after the push is no failure, and is said", async () => {
  const lab = await openLab();
  lab.registry.override = ({ path }) => (path === "/api/index" ? { status: 503 } : undefined);
  const run = await lab.publish(["--bump", "patch", "--json"]);
  const done = dataOfRun(run);
  expect(done).toMatchObject({ state: "pushed", verified: false });
  expect((done["notes"] as string[]).join()).toContain("tells the registry again");
});

test("a registry with other bytes is an integrity failure", async () => {
  const lab = await openLab();
  lab.registry.override = ({ path, method }) => {
    if (method === "GET" && path.startsWith("/api/attempts/")) {
      for (const release of lab.registry.releases) release.digest = `h1:${"A".repeat(43)}=`;
      return { body: { data: attemptWith(lab.registry.releases) } };
    }
    return undefined;
  };
  const run = await lab.publish(["--bump", "patch", "--json"]);
  expect(run.exit).toBe(7);
  expect(run.json()).toMatchObject({ error: { code: "INTEGRITY_MISMATCH", details: { pushed: true } } });
});

test("a release that the registry refuses ends with its code, stage and hint", async () => {
  const lab = await openLab();
  lab.registry.override = ({ path, method }) =>
    method === "GET" && path.startsWith("/api/attempts/")
      ? {
          body: {
            data: {
              ...attemptWith([]),
              ...{
                state: "rejected",
                stage: "check",
                code: "BINDING_CONFLICT",
                message: "Bound elsewhere.",
                hint: "Go there.",
              },
            },
          },
        }
      : undefined;
  const run = await lab.publish(["--bump", "patch", "--json"]);
  expect(run.exit).toBe(6);
  expect(run.json()).toMatchObject({
    error: { code: "BINDING_CONFLICT", hint: "Go there.", details: { stage: "check", pushed: true } },
  });
});

const attemptWith = (releases: readonly object[]) => ({
  ...{ id: "11111111-1111-4111-8111-111111111111", repository: "x", tag: "v0.1.1", path: "", trigger: "token" },
  ...{ state: "indexed", stage: "record", code: null, message: null, hint: null, details: null, retryable: false },
  ...{ tries: 1, next_try_at: null, created_at: "2026-11-20T23:00:00Z", started_at: null, ended_at: null },
  releases: releases.map((release) => ({ ...release, new: true })),
});

test("a remote that takes one ref at a time gets the commit and then the tag", async () => {
  const lab = await openLab({ serverConfig: [["receive.advertiseAtomic", "false"]] });
  expect(dataOfRun(await lab.publish(["--bump", "patch", "--json"]))).toMatchObject({
    state: "indexed",
    verified: true,
  });
});

test("--account beyond the token is refused", async () => {
  const lab = await openLab();
  const run = await lab.publish(["--bump", "patch", "--account", "other", "--json"]);
  expect(run.exit).toBe(4);
  expect(run.stdout).toContain("NAMESPACE_FORBIDDEN");
});

test("a publish starts the twelve git processes that docs/decisions names, and no more", async () => {
  const lab = await openLab({ path: "skills/pdf" });
  const run = await lab.publish(["--bump", "patch", "--verbose"]);
  expect(run.exit).toBe(0);
  const started = run.stderr.split("\n").flatMap((line) => /^ *git (?:--\S+ )*(\S+)/.exec(line)?.[1] ?? []);
  expect(started.slice(0, 5).sort()).toEqual(["config", "for-each-ref", "ls-tree", "rev-parse", "status"]);
  expect(started.slice(5, 8).sort()).toEqual(["cat-file", "ls-remote", "push"]);
  expect(started.slice(8)).toEqual(["commit", "diff-tree", "tag", "push"]);
});

test("a person is shown the plan and asked; no means that nothing happens", async () => {
  const lab = await openLab();
  const before = await lab.snapshot();
  const run = await lab.publish(["--bump", "patch"], { terminal: true, stdin: "n" });
  expect(run.exit).toBe(130);
  expect(run.stderr).toContain("acme/pdf 0.1.0 → 0.1.1");
  expect(run.stderr).toContain("Publish v0.1.1?");
  expect(await lab.snapshot()).toBe(before);
  const yes = await lab.publish(["--bump", "patch", "--yes"], { terminal: true });
  expect(yes.exit).toBe(0);
});
