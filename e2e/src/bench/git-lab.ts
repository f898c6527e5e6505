import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { serveGit } from "@paks/git/testing";
import { run } from "../harness/run.ts";

/** A git host on loopback and work trees that push to it, for both sides of a comparison. */
export interface GitLab {
  readonly root: string;
  readonly url: string;
  readonly env: Readonly<Record<string, string>>;
  git(cwd: string, ...args: string[]): Promise<string>;
  /** A work tree with these files, pushed to a repository of its own. */
  pushed(
    name: string,
    files: Readonly<Record<string, string>>,
  ): Promise<{ readonly dir: string; readonly remote: string }>;
  close(): Promise<void>;
}

export async function openGitLab(): Promise<GitLab> {
  const root = await mkdtemp(join(tmpdir(), "paks-bench-git-"));
  const hosted = join(root, "host");
  await mkdir(hosted);
  const host = await serveGit(hosted, { push: true });
  const env = {
    PATH: process.env["PATH"] ?? "",
    HOME: join(root, "home"),
    GIT_CONFIG_NOSYSTEM: "1",
    GIT_AUTHOR_NAME: "Ada",
    GIT_AUTHOR_EMAIL: "ada@example.com",
    GIT_COMMITTER_NAME: "Ada",
    GIT_COMMITTER_EMAIL: "ada@example.com",
    PAKS_KEYCHAIN: "file",
  };
  const git = async (cwd: string, ...args: string[]): Promise<string> => {
    const finished = await run("git", args, { cwd, env, timeout: 120_000 });
    if (finished.exitCode !== 0) throw new Error(`git ${args.join(" ")}: ${finished.stderr}`);
    return finished.stdout.trim();
  };
  const pushed = async (name: string, files: Readonly<Record<string, string>>) => {
    const dir = join(root, name);
    const remote = `${host.url}/${name}.git`;
    await git(root, "init", "--quiet", "--bare", "--initial-branch=main", join(hosted, `${name}.git`));
    for (const [path, text] of Object.entries(files)) {
      await mkdir(dirname(join(dir, path)), { recursive: true });
      await writeFile(join(dir, path), text);
    }
    await git(dir, "init", "--quiet", "--initial-branch=main");
    await git(dir, "add", "--all");
    await git(dir, "commit", "--quiet", "--message", "first");
    await git(dir, "remote", "add", "origin", remote);
    await git(dir, "push", "--quiet", "--set-upstream", "origin", "main");
    return { dir, remote };
  };
  const close = async () => {
    await host.close();
    await rm(root, { recursive: true, force: true });
  };
  return { root, url: host.url, env, git, pushed, close };
}

export const skillText = (name: string, body = ""): string => `---
name: ${name}
description: Does one thing well, and says when. Use when that one thing has to be done.
license: Apache-2.0
metadata:
  version: "0.1.0"
---
# ${name}
${body}`;
