import { rename, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { testGit } from "@paks/git/testing";
import { expect, test } from "vitest";
import type { RunOptions } from "../testing/index.ts";
import { codesOf, dataOfRun, failureOf, type Lab, openLab, skillText } from "./testing/lab.ts";

interface Refusal {
  readonly what: string;
  readonly code: string;
  readonly exit: number;
  /** What the hint or message must tell. */
  readonly tells: string;
  readonly arrange: (lab: Lab, path: string) => Promise<Partial<RunOptions> | undefined | void>;
  readonly args?: readonly string[];
}

const hook = (lab: Lab, name: string, script: string) =>
  writeFile(join(lab.bare, "hooks", name), `#!/bin/sh\n${script}\n`, { mode: 0o755 });

const folder = (path: string) => (path === "" ? "" : `${path}/`);
const tagOf = (path: string, version: string) => (path === "" ? `v${version}` : `pdf--v${version}`);

/** Another clone pushes a commit that the author has not seen. */
async function pushFromElsewhere(lab: Lab): Promise<void> {
  const commit = (await lab.remote("rev-parse", "main")).trim();
  const tree = (await lab.remote("rev-parse", "main^{tree}")).trim();
  const env = {
    GIT_AUTHOR_NAME: "b",
    GIT_AUTHOR_EMAIL: "b@x.y",
    GIT_COMMITTER_NAME: "b",
    GIT_COMMITTER_EMAIL: "b@x.y",
  };
  const made = (await testGit(lab.bare, ["commit-tree", "-p", commit, "-m", "elsewhere", tree], { env })).trim();
  await lab.remote("update-ref", "refs/heads/main", made);
}

const refusals: readonly Refusal[] = [
  {
    what: "a remote whose hook rejects the push",
    code: "PUSH_REJECTED",
    exit: 6,
    tells: "The remote says: only on Mondays",
    arrange: (lab) => hook(lab, "pre-receive", "echo 'only on Mondays' >&2; exit 1"),
  },
  {
    what: "a remote that protects tags",
    code: "PUSH_REJECTED",
    exit: 6,
    tells: "protected",
    arrange: (lab) => hook(lab, "update", 'case "$1" in refs/tags/*) echo protected >&2; exit 1;; esac'),
  },
  {
    what: "a pre-push hook of the author's own",
    code: "PUSH_REJECTED",
    exit: 6,
    tells: "pre-push",
    arrange: (lab) =>
      writeFile(join(lab.repo.dir, ".git", "hooks", "pre-push"), "#!/bin/sh\nexit 1\n", { mode: 0o755 }),
  },
  {
    what: "a pre-commit hook that refuses",
    code: "HOOK_REFUSED",
    exit: 6,
    tells: "lint says no",
    arrange: (lab) =>
      writeFile(join(lab.repo.dir, ".git", "hooks", "pre-commit"), "#!/bin/sh\necho lint says no >&2\nexit 1\n", {
        mode: 0o755,
      }),
  },
  {
    what: "a signing program that fails",
    code: "HOOK_REFUSED",
    exit: 6,
    tells: "taken back|as it was before",
    arrange: async (lab) => {
      await lab.repo.git("config", "tag.gpgSign", "true");
      await lab.repo.git("config", "gpg.program", "false");
    },
  },
  {
    what: "a tag that is taken here",
    code: "TAG_EXISTS",
    exit: 6,
    tells: "git tag -d",
    arrange: (lab, path) => lab.repo.tag(tagOf(path, "0.1.1")),
  },
  {
    what: "a tag that is taken on the remote only",
    code: "TAG_EXISTS",
    exit: 6,
    tells: "on the remote",
    arrange: async (lab, path) => {
      await lab.repo.tag(tagOf(path, "0.1.1"), "x\n");
      await lab.repo.git("push", "-q", "origin", tagOf(path, "0.1.1"));
      await lab.repo.git("tag", "-d", tagOf(path, "0.1.1"));
    },
  },
  {
    what: "a tag that stands in the way as a folder",
    code: "REF_PREFIX_CONFLICT",
    exit: 6,
    tells: "--tag-prefix",
    arrange: (lab) => lab.repo.tag("release"),
    args: ["--bump", "patch", "--tag-prefix", "release/v"],
  },
  {
    what: "a changed file of the pak",
    code: "DIRTY_WORK_TREE",
    exit: 6,
    tells: "scripts/run.sh",
    arrange: (lab, path) => lab.repo.write({ [`${folder(path)}scripts/run.sh`]: "changed\n" }),
  },
  {
    what: "a staged file of the pak",
    code: "DIRTY_WORK_TREE",
    exit: 6,
    tells: "git stash",
    arrange: async (lab, path) => {
      await lab.repo.write({ [`${folder(path)}scripts/run.sh`]: "changed\n" });
      await lab.repo.git("add", "-A");
    },
  },
  {
    what: "a file of the pak that nobody added",
    code: "DIRTY_WORK_TREE",
    exit: 6,
    tells: ".gitignore",
    arrange: (lab, path) => lab.repo.write({ [`${folder(path)}new.md`]: "new\n" }),
  },
  {
    what: "a detached HEAD",
    code: "DETACHED_HEAD",
    exit: 6,
    tells: "git switch",
    arrange: async (lab) => void (await lab.repo.git("checkout", "-q", "--detach")),
  },
  {
    what: "no remote",
    code: "NO_REMOTE",
    exit: 6,
    tells: "git remote add",
    arrange: async (lab) => void (await lab.repo.git("remote", "remove", "origin")),
  },
  {
    what: "a remote that is ahead",
    code: "BEHIND_UPSTREAM",
    exit: 6,
    tells: "git pull --rebase",
    arrange: pushFromElsewhere,
  },
  {
    what: "a remote that forbids the push",
    code: "PUSH_FORBIDDEN",
    exit: 4,
    tells: "Log in",
    arrange: async (lab) =>
      lab.server.setFaults((request) =>
        request.service === "list-push" ? { type: "status", status: 403 } : undefined,
      ),
  },
  {
    what: "a git host that is down",
    code: "GIT_HOST_UNAVAILABLE",
    exit: 8,
    tells: "git says",
    arrange: (lab) => lab.server.close(),
  },
  {
    what: "no git identity",
    code: "GIT_IDENTITY_MISSING",
    exit: 10,
    tells: "git config --global user.name",
    arrange: async (lab) => {
      await lab.repo.git("config", "--unset", "user.name");
      await lab.repo.git("config", "--unset", "user.email");
      await lab.repo.git("config", "user.useConfigOnly", "true");
    },
  },
  {
    what: "no login",
    code: "AUTH_REQUIRED",
    exit: 4,
    tells: "paks login",
    arrange: async () => ({ environment: { PAKS_TOKEN: "" } }),
  },
  {
    what: "a token that is not known",
    code: "INVALID_TOKEN",
    exit: 4,
    tells: "token",
    arrange: async () => ({ environment: { PAKS_TOKEN: "paks_other" } }),
  },
  {
    what: "a token that may only read",
    code: "FORBIDDEN",
    exit: 4,
    tells: "scope publish",
    arrange: async (lab) => void (lab.registry.me = { account: "acme", scopes: ["review"] }),
  },
  {
    what: "a token of the registry itself, which publishes for nobody",
    code: "NAMESPACE_FORBIDDEN",
    exit: 4,
    tells: "Log in with a token of acme",
    args: ["--account", "acme"],
    arrange: async (lab) => void (lab.registry.me = { account: null, scopes: ["admin"] }),
  },
  {
    what: "an unreachable registry",
    code: "REGISTRY_UNAVAILABLE",
    exit: 8,
    tells: "paks doctor",
    arrange: async () => ({ environment: { PAKS_REGISTRY: "http://127.0.0.1:9" } }),
  },
  {
    what: "a registry that knows better",
    code: "NAME_TAKEN",
    exit: 6,
    tells: "Choose another",
    arrange: async (lab) => {
      const finding = {
        severity: "error",
        code: "NAME_TAKEN",
        message: "Too close to a taken one.",
        hint: "Choose another.",
      };
      lab.registry.override = ({ path }) =>
        path.includes("dry_run")
          ? { body: { data: { ok: false, digest: null, creates: false, findings: [finding] } } }
          : undefined;
    },
  },
  {
    what: "an invalid front matter",
    code: "FRONTMATTER_MISSING",
    exit: 5,
    tells: "---",
    arrange: async (lab, path) => {
      await lab.repo.write({ [`${folder(path)}SKILL.md`]: "# no front matter\n" });
      await lab.repo.commit("broken");
      await lab.repo.git("push", "-q");
    },
  },
  {
    what: "a front matter that wants to run",
    code: "FRONTMATTER_LANGUAGE_NOT_ALLOWED",
    exit: 5,
    tells: "---",
    arrange: async (lab, path) => {
      await lab.repo.write({ [`${folder(path)}SKILL.md`]: "---js\n{ name: process.exit(3) }\n---\n" });
      await lab.repo.commit("hostile");
      await lab.repo.git("push", "-q");
    },
  },
  {
    what: "a secret in a file",
    code: "SECRET_DETECTED",
    exit: 5,
    tells: "scripts/run.sh",
    arrange: async (lab, path) => {
      const key = ["ghp", "16C7e42F292c6912E7710c838347Ae178B4a"].join("_");
      await lab.repo.write({ [`${folder(path)}scripts/run.sh`]: `export TOKEN=${key}\n` });
      await lab.repo.commit("oops");
      await lab.repo.git("push", "-q");
    },
  },
  {
    what: "a symbolic link",
    code: "SYMLINK_NOT_ALLOWED",
    exit: 5,
    tells: "link",
    arrange: async (lab, path) => {
      await lab.repo.git("config", "core.symlinks", "true");
      const { symlink } = await import("node:fs/promises");
      await symlink("/etc/passwd", join(lab.repo.dir, path, "link"));
      await lab.repo.commit("link");
      await lab.repo.git("push", "-q");
    },
  },
  {
    what: "a merge that is not finished",
    code: "DIRTY_WORK_TREE",
    exit: 6,
    tells: "not finished",
    arrange: async (lab) => {
      await lab.repo.git("checkout", "-q", "-b", "side");
      await lab.repo.write({ "other.txt": "side\n" });
      await lab.repo.commit("side");
      await lab.repo.git("checkout", "-q", "main");
      await lab.repo.git("merge", "-q", "--no-ff", "--no-commit", "side");
    },
  },
  {
    what: "another git at work",
    code: "LOCK_BUSY",
    exit: 10,
    tells: "index.lock",
    arrange: (lab) => writeFile(join(lab.repo.dir, ".git", "index.lock"), ""),
  },
];

const layouts = [
  { layout: "at the root", path: "" },
  { layout: "in a folder", path: "skills/pdf" },
];
const matrix = layouts.flatMap(({ layout, path }) => refusals.map((refusal) => ({ ...refusal, layout, path })));

test.each(matrix)(
  "$what, pak $layout: $code, exit $exit, and everything is as before",
  async ({ code, exit, tells, arrange, args, path }) => {
    const lab = await openLab({ path });
    await lab.repo.write({ "aside.txt": "put aside\n" });
    await lab.repo.git("stash", "-q", "-u");
    const options = (await arrange(lab, path)) ?? {};
    const before = await lab.snapshot();
    const run = await lab.publish([...(args ?? ["--bump", "patch"]), "--json"], options);
    const failure = failureOf(run);
    expect({ code: failure.code, exit: run.exit }, run.stdout).toEqual({ code, exit });
    expect(run.stdout).toMatch(new RegExp(tells));
    expect(findHint(failure), run.stdout).toBeTruthy();
    expect(await lab.snapshot()).toBe(before);
    expect(lab.registry.announced()).toBe(0);
  },
);

const findHint = ({ hint, details }: ReturnType<typeof failureOf>) => hint ?? details?.findings?.[0]?.hint;

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
  await rename(join(lab.repo.dir, ".git"), join(lab.repo.dir, "..", `${Date.now()}.gone`));
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
