import { mkdir, mkdtemp, realpath, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { pathToFileURL } from "node:url";

import { testGit } from "./git-command.ts";

export type TestFiles = Record<string, string | Buffer>;

/** A real work tree on branch `main` with an identity of its own, so that commits work on any machine. */
export interface GitRepo {
  readonly dir: string;
  /** `file://` */
  readonly url: string;
  /** stdout without the last line end */
  git(...args: string[]): Promise<string>;
  write(files: TestFiles): Promise<void>;
  /** Commits everything; returns the commit's id. */
  commit(message: string): Promise<string>;
  /** Annotated when there is a message, else lightweight. */
  tag(name: string, message?: string): Promise<void>;
  remove(): Promise<void>;
}

/** One commit with these files and these lightweight tags. */
export async function gitRepo(files: TestFiles, tags: readonly string[] = []): Promise<GitRepo> {
  // macOS: /var is a link to /private/var, and git answers with the real path.
  const dir = await realpath(await mkdtemp(join(tmpdir(), "paks-test-repo-")));
  const repo = gitRepoAt(dir);
  const { git, write, commit, tag } = repo;
  await git("init", "-q", "-b", "main");
  await git("config", "user.name", "Test Author");
  await git("config", "user.email", "author@example.com");
  await git("config", "commit.gpgSign", "false");
  await git("config", "tag.gpgSign", "false");
  await write(files);
  await commit("First");
  for (const name of tags) await tag(name);
  return repo;
}

/** A work tree that is there already. */
export function gitRepoAt(dir: string): GitRepo {
  const git = async (...args: string[]) => (await testGit(dir, args)).replace(/\n$/, "");
  const write = (more: TestFiles) => writeTestFiles(dir, more);
  const commit = async (message: string) => {
    await git("add", "-A");
    await git("commit", "-q", "--allow-empty", "-m", message);
    return git("rev-parse", "HEAD");
  };
  const tag = async (name: string, message?: string) => {
    if (message === undefined) await git("tag", name);
    else await testGit(dir, ["tag", "-a", "--cleanup=verbatim", "-F", "-", name], { input: message });
  };
  const remove = () => rm(dir, { recursive: true, force: true, maxRetries: 5 });
  return { dir, url: pathToFileURL(dir).href, git, write, commit, tag, remove };
}

/** Makes `<root>/<name>.git`, empty, for `serveGit`; returns its folder. */
export async function bareRepo(root: string, name: string): Promise<string> {
  const dir = join(root, `${name}.git`);
  await mkdir(dir, { recursive: true });
  await testGit(dir, ["init", "-q", "--bare", "-b", "main"]);
  return dir;
}

export async function writeTestFiles(dir: string, files: TestFiles): Promise<void> {
  for (const [path, content] of Object.entries(files)) {
    const target = join(dir, path);
    await mkdir(dirname(target), { recursive: true });
    await writeFile(target, content);
  }
}
