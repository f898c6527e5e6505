import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
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
  /** How many times the work starts git in the work trees of this lab; what git itself starts is not counted. */
  countGit(work: () => Promise<void>): Promise<number>;
  /** Its files stay until everything is measured. */
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
  const countGit = async (work: () => Promise<void>): Promise<number> => {
    // In the user's configuration, because paks passes on no variables that it does not know.
    const config = join(root, "home", ".gitconfig");
    const events = join(root, "home", "git-events");
    await mkdir(events, { recursive: true });
    await writeFile(config, `[trace2]\n  eventTarget = ${events}\n`);
    await work();
    await rm(config);
    // A file for each process; one that git has started is named there by its parents and itself: "sid":"…/…".
    const files = await readdir(events);
    const texts = await Promise.all(files.map(async (file) => await readFile(join(events, file), "utf8")));
    await rm(events, { recursive: true });
    return texts.filter((text) => !/"sid":"[^"]*\//.test(text)).length;
  };
  const close = async () => await host.close();
  return { root, url: host.url, env, git, pushed, countGit, close };
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
