import { execFile } from "node:child_process";
import { mkdtemp, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";

import { defaultLimits, type Limits, parseRepositoryUrl, type RepositoryUrl } from "@paks/schema";

import type { GitCage } from "../cage.ts";
import { bareRepo, type GitRepo, gitRepo, type TestFiles } from "./git-repo.ts";
import { type RawRepo, rawRepo } from "./raw-repo.ts";
import { type GitServer, serveGit, type ServeGitOptions } from "./serve-git.ts";

/** A git server, and a cage that may read from it: what a test of fetching needs. */
export interface GitLab {
  readonly server: GitServer;
  readonly cage: GitCage;
  /** The same cage with other limits. */
  limited(limits: Partial<Limits>): GitCage;
  /** The address of `<name>.git` on the server. */
  url(name: string): RepositoryUrl;
  /** A work tree whose `origin` is `<name>.git`; branch and tags are pushed. */
  repo(name: string, files: TestFiles, tags?: readonly string[]): Promise<GitRepo>;
  /** Hostile objects, served as `<name>.git`. */
  raw(name: string): Promise<RawRepo>;
  /** git processes that still work in a scratch folder of this lab. */
  processes(): Promise<string[]>;
  /** Scratch folders that are still there. */
  leftovers(): Promise<string[]>;
  close(): Promise<void>;
}

const execute = promisify(execFile);

export async function gitLab(options: ServeGitOptions = {}): Promise<GitLab> {
  const home = await mkdtemp(join(tmpdir(), "paks-test-lab-"));
  const root = join(home, "root");
  const server = await serveGit(root, { push: true, ...options });
  const cage: GitCage = {
    policy: { hosts: [server.host], protocols: ["http"], allowPrivate: true },
    limits: defaultLimits,
    scratchRoot: join(home, "scratch"),
    machine: process.env,
  };
  const repos: GitRepo[] = [];
  const repo = async (name: string, files: TestFiles, tags: readonly string[] = []): Promise<GitRepo> => {
    await bareRepo(root, name);
    const made = await gitRepo(files, tags);
    repos.push(made);
    await made.git("remote", "add", "origin", `${server.url}/${name}.git`);
    await made.git("push", "-q", "-u", "origin", "main", ...tags.map((tag) => `refs/tags/${tag}`));
    return made;
  };
  return {
    server,
    cage,
    limited: (limits) => ({ ...cage, limits: { ...cage.limits, ...limits } }),
    url: (name) => parseRepositoryUrl(`${server.url}/${name}.git`, cage.policy),
    repo,
    raw: (name) => rawRepo(join(root, `${name}.git`)),
    processes: async () => {
      const { stdout } = await execute("ps", ["-eo", "args"], { maxBuffer: 16 * 1024 * 1024 });
      return stdout.split("\n").filter((line) => line.includes(cage.scratchRoot));
    },
    leftovers: () => readdir(cage.scratchRoot).catch(() => []),
    close: async () => {
      await server.close();
      for (const made of repos) await made.remove();
      await rm(home, { recursive: true, force: true, maxRetries: 5 });
    },
  };
}
