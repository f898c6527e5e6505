import { cp, lstat, mkdtemp, readdir, readFile, readlink, realpath, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { bareRepo, type GitRepo, gitRepo, gitRepoAt, type GitServer, serveGit, testGit } from "@paks/git/testing";
import { onTestFinished } from "vitest";
import { runPaks, type RunOptions, type RunResult, tempFolder } from "../../testing/index.ts";
import { serveStubRegistry, type StubRegistry, type StubRelease, testToken } from "./stub-registry.ts";

export interface LabOptions {
  /** Folder of the pak; "" is the root. */
  readonly path?: string;
  readonly files?: Record<string, string>;
  /** Configuration of the git server. */
  readonly serverConfig?: readonly (readonly [string, string])[];
}

/** An author with a repository, its remote over smart HTTP, and a registry. */
export interface Lab {
  readonly repo: GitRepo;
  /** The remote's own folder. */
  readonly bare: string;
  readonly server: GitServer;
  readonly registry: StubRegistry;
  /** `paks publish …` in the repository, as a person with a login. */
  publish(args: readonly string[], options?: Partial<RunOptions>): Promise<RunResult>;
  paks(args: readonly string[], options?: Partial<RunOptions>): Promise<RunResult>;
  /** Everything that a failed publish may not change, in one comparable text. */
  snapshot(): Promise<string>;
  /** The work tree's files below a folder, with their modes and bytes, as one comparable text. */
  files(folder: string): Promise<string>;
  /** A git on the remote's side. */
  remote(...args: string[]): Promise<string>;
}

export const skillText = (version: string | undefined, name = "pdf"): string =>
  [
    "---",
    `name: ${name}`,
    "description: Fills in PDF forms and reads them. Use it when somebody hands over a form.",
    ...(version === undefined ? [] : ["metadata:", `  version: "${version}" # kept`]),
    "---",
    "",
    "# PDF forms",
    "",
  ].join("\n");

export async function openLab(options: LabOptions = {}): Promise<Lab> {
  const { path = "" } = options;
  const root = await tempFolder();
  const bare = await bareRepo(root, "skills");
  const server = await serveGit(root, { push: true, config: options.serverConfig ?? [] });
  const prefix = path === "" ? "" : `${path}/`;
  const repo = await gitRepo({
    [`${prefix}SKILL.md`]: skillText("0.1.0"),
    [`${prefix}scripts/run.sh`]: "echo hi\n",
    "other.txt": "other\n",
    ...options.files,
  });
  await repo.git("remote", "add", "origin", `${server.url}/skills.git`);
  await repo.git("push", "-q", "-u", "origin", "main");
  return await connect({ path, repo, bare, server });
}

interface Parts extends Pick<Lab, "repo" | "bare" | "server"> {
  readonly path: string;
}

async function connect({ path, repo, bare, server }: Parts): Promise<Lab> {
  onTestFinished(async () => {
    await server.close();
    await repo.remove();
  });
  const home = await tempFolder();
  const registry = await serveStubRegistry(bare);
  const remote = async (...args: string[]) => await testGit(bare, args);
  const paks = async (args: readonly string[], more: Partial<RunOptions> = {}) =>
    await runPaks(args, {
      cwd: repo.dir,
      home,
      ...more,
      environment: {
        PAKS_REGISTRY: registry.url,
        PAKS_TOKEN: testToken,
        GIT_CONFIG_NOSYSTEM: "1",
        ...more.environment,
      },
    });
  return {
    repo,
    bare,
    server,
    registry,
    paks,
    publish: async (args, more) => await paks(["publish", ...(path === "" ? [] : [path]), ...args], more),
    snapshot: async () => await snapshotOf(repo, remote),
    files: async (folder) => await readFiles(join(repo.dir, folder)),
    remote,
  };
}

/** What a lab was at one moment, to be opened again and again. */
export interface LabTemplate {
  readonly folder: string;
  readonly path: string;
  /** Of the git server that is gone. */
  readonly url: string;
  readonly releases: readonly StubRelease[];
}

/** @param folder a new one; whoever makes it removes it */
export async function keepLab(lab: Lab, path: string, folder: string): Promise<LabTemplate> {
  await cp(lab.repo.dir, join(folder, "repo"), { recursive: true });
  await cp(lab.bare, join(folder, "skills.git"), { recursive: true });
  return { folder, path, url: lab.server.url, releases: lab.registry.releases.map((release) => ({ ...release })) };
}

/** A lab of its own, as the kept one was: copied, which is a tenth of the work of making it. */
export async function openKeptLab(template: LabTemplate): Promise<Lab> {
  const root = await tempFolder();
  const bare = join(root, "skills.git");
  const dir = await realpath(await mkdtemp(join(tmpdir(), "paks-test-repo-")));
  await cp(join(template.folder, "repo"), dir, { recursive: true });
  await cp(join(template.folder, "skills.git"), bare, { recursive: true });
  const server = await serveGit(root, { push: true });
  const config = join(dir, ".git", "config");
  await writeFile(config, (await readFile(config, "utf8")).replace(template.url, server.url));
  const lab = await connect({ path: template.path, repo: gitRepoAt(dir), bare, server });
  const moved = ({ repository }: StubRelease) =>
    repository === undefined ? {} : { repository: repository.replace(template.url, server.url) };
  lab.registry.releases.push(...template.releases.map((release) => ({ ...release, ...moved(release) })));
  return lab;
}

async function snapshotOf(repo: GitRepo, remote: Lab["remote"]): Promise<string> {
  const parts: [string, string][] = [
    ["log", await repo.git("log", "--all", "--format=%H %s")],
    ["head", await readFile(join(repo.dir, ".git", "HEAD"), "utf8")],
    ["refs", await repo.git("for-each-ref")],
    ["index", await repo.git("ls-files", "--stage")],
    ["status", await repo.git("status", "--porcelain=v2", "--branch", "--untracked-files=all")],
    ["stash", await repo.git("stash", "list")],
    ["config", await readFile(join(repo.dir, ".git", "config"), "utf8")],
    ["files", await readFiles(repo.dir)],
    ["git folder", (await readdir(join(repo.dir, ".git"))).filter((name) => !usual.has(name)).join("\n")],
    ["remote", await remote("for-each-ref")],
  ];
  return parts.map(([name, text]) => `== ${name}\n${text}`).join("\n");
}

/** What git itself writes when it looks or commits; drafts of ours are not on the list. */
const usual = new Set(["COMMIT_EDITMSG", "ORIG_HEAD", "FETCH_HEAD", "logs", "gc.log"]);

async function readFiles(dir: string): Promise<string> {
  const texts: string[] = [];
  for (const entry of await readdir(dir, { recursive: true, withFileTypes: true })) {
    const path = join(entry.parentPath, entry.name);
    if (path.startsWith(join(dir, ".git"))) continue;
    const { mode } = await lstat(path);
    const bytes = entry.isFile() ? await readFile(path) : entry.isSymbolicLink() ? await readlink(path) : "";
    texts.push(`${mode.toString(8)} ${path.slice(dir.length + 1)}: ${bytes.toString("base64")}`);
  }
  return texts.sort().join("\n");
}

/** The JSON of a run that must have gone well. */
export function dataOfRun(run: RunResult): Record<string, unknown> {
  if (run.exit !== 0) throw new Error(`exit ${run.exit}\n${run.stdout}\n${run.stderr}`);
  return run.json() as Record<string, unknown>;
}

export interface Failure {
  readonly code: string;
  readonly message: string;
  readonly hint?: string;
  readonly details?: { readonly findings?: { readonly code: string; readonly hint?: string }[] } & Record<
    string,
    unknown
  >;
}

export const failureOf = (run: RunResult): Failure => (run.json() as { error: Failure }).error;

export const codesOf = (run: RunResult): string[] => (failureOf(run).details?.findings ?? []).map(({ code }) => code);
