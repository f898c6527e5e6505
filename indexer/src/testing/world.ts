import { mkdir, mkdtemp, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

import {
  type AttemptTrigger,
  enqueueReconcile,
  findAttempt,
  type Db,
  insertToken,
  insertWebhookSecret,
  type NewEvidence,
} from "@paks/db";
import { testDb } from "@paks/db/testing";
import { bareRepo, type Fault, gitRepo, type GitRepo, serveGit } from "@paks/git/testing";
import { openDirectoryObjects } from "@paks/objects";
import {
  type AttemptDto,
  defaultLimits,
  describeFiles,
  formatTagMessage,
  type Limits,
  parseRepositoryUrl,
  type RepositoryUrl,
  type Trailers,
} from "@paks/schema";
import type { IndexerDeps } from "../deps.ts";
import { runNextJob } from "../worker.ts";

export const skill = (name: string, more = "", body = "Read the file.\n"): string =>
  `---\nname: ${name}\ndescription: Works with ${name} files when asked to.\n${more}---\n${body}`;

export interface Author extends GitRepo {
  readonly repository: RepositoryUrl;
  /** Pushes branch and all tags. */
  push(...more: string[]): Promise<void>;
  /** What `paks publish` does: an annotated tag with trailers over the committed files, pushed. */
  publish(release: PublishedRelease): Promise<string>;
}

export interface PublishedRelease {
  readonly package: string;
  readonly version: string;
  readonly path?: string;
  readonly tag?: string;
  /** Lies. */
  readonly trailers?: Partial<Trailers>;
}

export interface World {
  readonly db: Db;
  readonly deps: IndexerDeps;
  readonly events: Record<string, unknown>[];
  readonly accountId: (name: string) => string;
  author(name: string, files: Record<string, string>): Promise<Author>;
  setFault(fault: ((service: string) => Fault | undefined) | undefined): void;
  requests(service: string): number;
  /** Asks for a tag as the API does; the answer's attempt. */
  hint(author: Author, tag: string, by: Hint): Promise<AttemptDto>;
  token(account: string, scopes?: string[]): Promise<NewEvidence>;
  webhook(account: string, repository: RepositoryUrl): Promise<NewEvidence>;
  /** Runs due jobs until none is left; returns how many that were. */
  drain(more?: Partial<IndexerDeps>): Promise<number>;
  attempt(id: string): Promise<AttemptDto>;
  /** Lets waiting attempts, jobs and pauses be due now. */
  skipWaiting(): Promise<void>;
  scratch(): Promise<string[]>;
  /** Throws when jobs or scratch folders are left. */
  close(): Promise<void>;
}

export interface Hint {
  readonly evidence: NewEvidence;
  readonly trigger?: AttemptTrigger;
  readonly path?: string;
}

export async function openWorld(limits: Partial<Limits> = {}): Promise<World> {
  const dir = await mkdtemp(join(tmpdir(), "paks-indexer-"));
  const db = await testDb({ accounts: ["acme", "mallory"] });
  const remotes = join(dir, "remotes");
  const scratchRoot = join(dir, "scratch");
  await mkdir(remotes);
  await mkdir(scratchRoot);
  const server = await serveGit(remotes, { push: true });
  const cage = {
    policy: { hosts: ["*"], protocols: ["http"], allowPrivate: true },
    limits: { ...defaultLimits, ...limits },
    scratchRoot,
    machine: process.env,
  };
  const events: Record<string, unknown>[] = [];
  const log = (event: Record<string, unknown>) => void events.push(event);
  const deps: IndexerDeps = { db, cage, log, objects: await openDirectoryObjects(join(dir, "objects")) };
  const repos: GitRepo[] = [];
  const accountId = (name: string) => db.accountIds[name]!;
  return {
    db,
    deps,
    events,
    accountId,
    author: async (name, files) => {
      await bareRepo(remotes, name);
      const repo = await gitRepo(files);
      repos.push(repo);
      const repository = parseRepositoryUrl(`${server.url}/${name}`, cage.policy);
      await repo.git("remote", "add", "origin", `${repository.url}.git`);
      return authorOf(repo, repository);
    },
    setFault: (fault) => server.setFaults(fault && ((request) => fault(request.service))),
    requests: (service) => server.requests.filter((request) => request.service === service).length,
    hint: (author, tag, { evidence, path, trigger = "token" }) =>
      enqueueReconcile(db, { repository: author.repository, tag, trigger, evidence, path }),
    token: async (account, scopes = ["publish"]) => {
      const { row } = await insertToken(db, { accountId: accountId(account), name: "t", scopes, expiresAt: null });
      return { kind: "token", accountId: row.accountId, tokenId: row.id };
    },
    webhook: async (account, repository) => {
      await insertWebhookSecret(db, { accountId: accountId(account), repositoryKey: repository.key });
      return { kind: "webhook", accountId: accountId(account) };
    },
    drain: async (more = {}) => {
      let jobs = 0;
      while (await runNextJob({ ...deps, ...more }, "test")) jobs++;
      return jobs;
    },
    attempt: async (id) => (await findAttempt(db, id))!,
    skipWaiting: () => skipWaiting(db),
    scratch: () => readdir(scratchRoot),
    close: async () => {
      await server.close();
      for (const repo of repos) await repo.remove();
      const left = { scratch: await readdir(scratchRoot), jobs: await db.selectFrom("jobs").selectAll().execute() };
      await db.close();
      await rm(dir, { recursive: true, force: true, maxRetries: 5 });
      if (left.scratch.length + left.jobs.length > 0) throw new Error(`Left behind: ${JSON.stringify(left)}`);
    },
  };
}

function authorOf(repo: GitRepo, repository: RepositoryUrl): Author {
  const push = async (...more: string[]) => void (await repo.git("push", "-q", ...more, "origin", "main", "--tags"));
  const publish = async (release: PublishedRelease) => {
    const { version, path = "" } = release;
    const [account, name] = release.package.split("/") as [string, string];
    const tag = release.tag ?? (path === "" ? `v${version}` : `${name}--v${version}`);
    const digest = await digestAtHead(repo, path);
    const trailers = { package: `${account}/${name}`, version, repository: repository.url, path, digest };
    const message = formatTagMessage({
      kind: "skill",
      name,
      description: "A skill",
      version,
      published: "2026-01-01T00:00:00Z",
      trailers: { ...trailers, ...release.trailers },
    });
    await repo.tag(tag, message);
    await push();
    return tag;
  };
  return { ...repo, repository, push, publish };
}

async function digestAtHead(repo: GitRepo, path: string): Promise<string> {
  const listed = await repo.git("ls-tree", "-r", "-z", "--name-only", path === "" ? "HEAD" : `HEAD:${path}`);
  const files = [];
  for (const name of listed.split("\0").filter((line) => line !== "")) {
    // The fixtures are text that ends with one line feed, which `git` takes off.
    const text = await repo.git("cat-file", "blob", `HEAD:${path === "" ? "" : `${path}/`}${name}`);
    files.push({ path: name, executable: false, bytes: Buffer.from(`${text}\n`) });
  }
  return describeFiles(files).digest;
}

async function skipWaiting(db: Db): Promise<void> {
  const past = new Date(0);
  await db.updateTable("attempts").set({ next_try_at: past }).where("state", "=", "queued").execute();
  await db.updateTable("jobs").set({ run_at: past }).where("state", "=", "pending").execute();
  await db.updateTable("git_hosts").set({ paused_until: past }).execute();
}
