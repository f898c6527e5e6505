import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import {
  commitElsewhere,
  fileIn,
  hook,
  ownHook,
  pushFromElsewhere,
  type Refusal,
  tagElsewhere,
  tagOf,
  tagOnRemote,
} from "./refusal.ts";

/** Refused by a hook or a key, here or over there: after something was done, which is taken back. */
export const hookRows: readonly Refusal[] = [
  {
    what: "a remote whose hook rejects the push",
    ...{ code: "PUSH_REJECTED", exit: 6, tells: "The remote says: only on Mondays", ofAll: true },
    arrange: (lab) => hook(lab, "pre-receive", "echo 'only on Mondays' >&2; exit 1"),
  },
  {
    what: "a remote that protects tags",
    ...{ code: "PUSH_REJECTED", exit: 6, tells: "protected", ofAll: true },
    arrange: (lab) => hook(lab, "update", 'case "$1" in refs/tags/*) echo protected >&2; exit 1;; esac'),
  },
  {
    what: "a remote that protects the branch",
    ...{ code: "PUSH_REJECTED", exit: 6, tells: "protected", ofAll: true },
    arrange: (lab) => hook(lab, "update", 'case "$1" in refs/heads/*) echo protected >&2; exit 1;; esac'),
  },
  {
    what: "a pre-push hook of the author's own",
    ...{ code: "PUSH_REJECTED", exit: 6, tells: "pre-push", ofAll: true },
    arrange: (lab) => ownHook(lab, "pre-push", "exit 1"),
  },
  {
    what: "a pre-commit hook that refuses",
    ...{ code: "HOOK_REFUSED", exit: 6, tells: "lint says no", ofAll: true },
    arrange: (lab) => ownHook(lab, "pre-commit", "echo lint says no >&2\nexit 1"),
  },
  {
    what: "a signing program that fails",
    ...{ code: "HOOK_REFUSED", exit: 6, tells: "as it was before", ofAll: true },
    arrange: async (lab) => {
      await lab.repo.git("config", "tag.gpgSign", "true");
      await lab.repo.git("config", "gpg.program", "false");
    },
  },
];

export const refRows: readonly Refusal[] = [
  {
    what: "a tag that is taken here",
    ...{ code: "TAG_EXISTS", exit: 6, tells: "git tag -d" },
    arrange: (lab, target) => tagElsewhere(lab, tagOf(target)),
  },
  {
    what: "a tag that is taken on the remote only",
    ...{ code: "TAG_EXISTS", exit: 6, tells: "on the remote" },
    arrange: (lab, target) => tagOnRemote(lab, tagOf(target)),
  },
  {
    what: "a tag that stands in the way as a folder",
    ...{ code: "REF_PREFIX_CONFLICT", exit: 6, tells: "is here.*--tag-prefix" },
    arrange: (lab, target) => lab.repo.tag(`${tagOf(target)}/x`),
  },
  {
    what: "a tag on the remote that stands in the way as a folder",
    ...{ code: "REF_PREFIX_CONFLICT", exit: 6, tells: "is on the remote.*--tag-prefix" },
    arrange: (lab, target) => tagOnRemote(lab, `${tagOf(target)}/x`),
  },
  {
    what: "release tags that were never fetched",
    ...{ code: "TAG_NOT_FOUND", exit: 3, tells: "git fetch --tags", ofAll: true, only: "changed" },
    arrange: async (lab, { name }) =>
      void (await lab.remote("update-ref", `refs/tags/${name}--v0.1.2`, await commitElsewhere(lab))),
  },
  {
    what: "a detached HEAD",
    ...{ code: "DETACHED_HEAD", exit: 6, tells: "git switch", ofAll: true },
    arrange: async (lab) => void (await lab.repo.git("checkout", "-q", "--detach")),
  },
];

export const workTreeRows: readonly Refusal[] = [
  {
    what: "a changed file of the pak",
    ...{ code: "DIRTY_WORK_TREE", exit: 6, tells: "notes.md.*git stash" },
    arrange: (lab, target) => lab.repo.write({ [fileIn(target, "notes.md")]: "changed\n" }),
  },
  {
    what: "a staged file of the pak",
    ...{ code: "DIRTY_WORK_TREE", exit: 6, tells: "notes.md.*git stash" },
    arrange: async (lab, target) => {
      await lab.repo.write({ [fileIn(target, "notes.md")]: "changed\n" });
      await lab.repo.git("add", "-A");
    },
  },
  {
    what: "a deleted file of the pak",
    ...{ code: "DIRTY_WORK_TREE", exit: 6, tells: "notes.md" },
    arrange: async (lab, target) => void (await lab.repo.git("rm", "-q", fileIn(target, "notes.md"))),
  },
  {
    what: "a file of the pak that nobody added",
    ...{ code: "DIRTY_WORK_TREE", exit: 6, tells: "new.md.*gitignore" },
    arrange: (lab, target) => lab.repo.write({ [fileIn(target, "new.md")]: "new\n" }),
  },
  {
    what: "a manifest that is not committed",
    ...{ code: "DIRTY_WORK_TREE", exit: 6, tells: "git add -f SKILL.md", only: "single" },
    arrange: async (lab, target) => {
      await lab.repo.write({ ".gitignore": "SKILL.md\n" });
      await lab.repo.git("rm", "-q", "--cached", fileIn(target, "SKILL.md"));
      await lab.repo.git("add", ".gitignore");
      await lab.repo.git("commit", "-q", "-m", "Ignore it");
    },
  },
  {
    what: "a merge that is not finished",
    ...{ code: "DIRTY_WORK_TREE", exit: 6, tells: "A merge is not finished.*git status", ofAll: true },
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
    ...{ code: "LOCK_BUSY", exit: 10, tells: String.raw`index\.lock.*remove it yourself`, ofAll: true },
    arrange: (lab) => writeFile(join(lab.repo.dir, ".git", "index.lock"), ""),
  },
  {
    what: "a HEAD that another git holds",
    ...{ code: "LOCK_BUSY", exit: 10, tells: String.raw`HEAD\.lock.*remove it yourself`, ofAll: true },
    arrange: (lab) => writeFile(join(lab.repo.dir, ".git", "HEAD.lock"), ""),
  },
  {
    what: "no git identity",
    ...{ code: "GIT_IDENTITY_MISSING", exit: 10, tells: "git config --global user.name", ofAll: true },
    arrange: async (lab) => {
      await lab.repo.git("config", "--unset", "user.name");
      await lab.repo.git("config", "--unset", "user.email");
      await lab.repo.git("config", "user.useConfigOnly", "true");
    },
  },
  {
    what: "no git",
    ...{ code: "GIT_MISSING", exit: 10, tells: "Install git", ofAll: true },
    arrange: async () => ({ environment: { PATH: "/nowhere" } }),
  },
];

/** What is wrong with the way to the git host. */
export const remoteRows: readonly Refusal[] = [
  {
    what: "no remote",
    ...{ code: "NO_REMOTE", exit: 6, tells: "git remote add", ofAll: true },
    arrange: async (lab) => void (await lab.repo.git("remote", "remove", "origin")),
  },
  {
    what: "a remote that is not there",
    ...{ code: "NO_REMOTE", exit: 6, tells: "There is: origin", ofAll: true },
    args: ["--bump", "patch", "--remote", "upstream"],
  },
  {
    what: "a remote that is ahead",
    ...{ code: "BEHIND_UPSTREAM", exit: 6, tells: "git pull --rebase origin main", ofAll: true },
    arrange: pushFromElsewhere,
  },
  {
    what: "a remote that forbids the push",
    ...{ code: "PUSH_FORBIDDEN", exit: 4, tells: "Log in", ofAll: true },
    arrange: async (lab) =>
      lab.server.setFaults(({ service }) => (service === "list-push" ? { type: "status", status: 403 } : undefined)),
  },
  {
    what: "a remote that asks to slow down",
    ...{ code: "GIT_HOST_RATE_LIMITED", exit: 8, tells: "Wait some minutes", ofAll: true },
    arrange: async (lab) => lab.server.setFaults(() => ({ type: "status", status: 429 })),
  },
  {
    what: "a remote that does not exist",
    ...{ code: "REPOSITORY_NOT_FOUND", exit: 3, tells: "git remote set-url", ofAll: true },
    arrange: async (lab) => void (await lab.repo.git("remote", "set-url", "origin", `${lab.server.url}/other.git`)),
  },
  {
    what: "a git host that is down",
    ...{ code: "GIT_HOST_UNAVAILABLE", exit: 8, tells: "git says", ofAll: true },
    arrange: (lab) => lab.server.close(),
  },
  {
    what: "a login page instead of git",
    ...{ code: "GIT_HOST_UNAVAILABLE", exit: 8, tells: "git says", ofAll: true },
    arrange: async (lab) => lab.server.setFaults(() => ({ type: "html" })),
  },
  {
    what: "a transport that no registry reads",
    ...{ code: "PROTOCOL_NOT_ALLOWED", exit: 5, tells: "Allowed: https", ofAll: true },
    arrange: async (lab) => void (await lab.repo.git("remote", "set-url", "origin", "git://127.0.0.1:9/skills.git")),
  },
  {
    what: "an address that is none",
    ...{ code: "INVALID_REPOSITORY_URL", exit: 5, tells: "Use a URL|set-url", ofAll: true },
    arrange: async (lab) => void (await lab.repo.git("remote", "set-url", "origin", "http://127.0.0.1:9/a b.git")),
  },
];
