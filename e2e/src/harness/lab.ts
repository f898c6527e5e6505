import { randomBytes } from "node:crypto";
import { mkdir, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { paksCommand } from "@paks/cli/testing/paks-command";
import { serveGit } from "@paks/git/testing";
import { type RegistryProcess, startRegistryProcess } from "./registry-process.ts";
import { type Finished, run } from "./run.ts";
import { executables } from "./executables.ts";
import { checkJson } from "./check-json.ts";

export interface LabOptions {
  /** Port of the registry; a free one when absent. */
  readonly port?: number | undefined;
  /** Environment of the registry process, over the lab's own. */
  readonly registryEnv?: Readonly<Record<string, string>>;
}

/** One machine's worth of paks: a git host over HTTP, a registry on the embedded database, an empty HOME. */
export interface Lab {
  readonly root: string;
  readonly home: string;
  readonly gitUrl: string;
  /** Folder of the bare repositories that the git host serves. */
  readonly gitRoot: string;
  readonly registry: RegistryProcess;
  readonly adminToken: string;
  /** What the registry was started with to read the lab's git host, without the options. */
  readonly registryEnv: Readonly<Record<string, string>>;
  /** The environment that every command of the lab gets. */
  env(extra?: Readonly<Record<string, string>>): Record<string, string>;
  folder(name: string): Promise<string>;
  /** What it prints with `--json` is held against the documented schema. */
  paks(cwd: string, args: readonly string[], options?: LabRun): Promise<Finished>;
  admin(args: readonly string[]): Promise<Finished>;
  git(cwd: string, ...args: string[]): Promise<Finished>;
  /** A bare repository on the git host; answers its URL. */
  newRemote(name: string): Promise<string>;
  /** `keepFiles`: somebody else deletes them later. */
  close(options?: { keepRegistry?: boolean; keepFiles?: boolean }): Promise<void>;
}

export interface LabRun {
  readonly input?: string | undefined;
  readonly env?: Readonly<Record<string, string>> | undefined;
  readonly timeout?: number | undefined;
}

/** A token of the right form: `paks_`, 30 letters or digits, 6 of CRC-32. */
export type MakeToken = () => string;

const passThrough = (names: readonly string[]): Record<string, string> =>
  Object.fromEntries(names.flatMap((name) => (process.env[name] === undefined ? [] : [[name, process.env[name]]])));

export async function openLab(makeToken: MakeToken, options: LabOptions = {}): Promise<Lab> {
  const root = await mkdtemp(join(tmpdir(), "paks-lab-"));
  const home = join(root, "home");
  const gitRoot = join(root, "git-host");
  await Promise.all([home, gitRoot].map((folder) => mkdir(folder, { recursive: true })));
  const gitHost = await serveGit(gitRoot, { push: true });
  const adminToken = makeToken();

  const env = (extra: Readonly<Record<string, string>> = {}): Record<string, string> => ({
    ...passThrough(["PATH", "SystemRoot", "TEMP", "TMP"]),
    HOME: home,
    XDG_CONFIG_HOME: join(home, ".config"),
    GIT_CONFIG_NOSYSTEM: "1",
    GIT_AUTHOR_NAME: "Ada Author",
    GIT_AUTHOR_EMAIL: "ada@example.com",
    GIT_COMMITTER_NAME: "Ada Author",
    GIT_COMMITTER_EMAIL: "ada@example.com",
    // A demo or a test must not write into the real keychain of whoever runs it.
    PAKS_KEYCHAIN: "file",
    ...extra,
  });

  const registryEnv = {
    PAKS_ADMIN_TOKEN: adminToken,
    PAKS_ALLOW_PRIVATE_GIT: "1",
    PAKS_GIT_PROTOCOLS: "https,http",
    PAKS_GIT_HOSTS: new URL(gitHost.url).host,
    // Whoever waits for something asks often.
    PAKS_RATE_LIMIT_ANONYMOUS: "100000",
    PAKS_RATE_LIMIT_TOKEN: "100000",
  };
  const registry = await startRegistryProcess({
    dataDir: join(root, "registry"),
    port: options.port,
    env: env({ ...registryEnv, ...options.registryEnv }),
  });

  const labEnv = (extra?: Readonly<Record<string, string>>) => env({ PAKS_REGISTRY: registry.url, ...extra });
  return {
    root,
    home,
    gitUrl: gitHost.url,
    gitRoot,
    registry,
    adminToken,
    registryEnv,
    env: labEnv,
    folder: async (name) => {
      const folder = join(root, name);
      await mkdir(folder, { recursive: true });
      return folder;
    },
    paks: async (cwd, args, paksOptions = {}) => {
      const [program, ...words] = paksCommand(...args);
      const finished = await run(program, words, {
        cwd,
        env: labEnv(paksOptions.env),
        input: paksOptions.input,
        timeout: paksOptions.timeout,
      });
      checkJson(args, finished);
      return finished;
    },
    admin: (args) =>
      run(process.execPath, [executables.registry, "admin", ...args], {
        cwd: root,
        env: env({ ...options.registryEnv, PAKS_ADMIN_TOKEN: adminToken, PAKS_DATA_DIR: registry.dataDir }),
      }),
    git: (cwd, ...args) => run("git", args, { cwd, env: labEnv() }),
    newRemote: async (name) => {
      await run("git", ["init", "--quiet", "--bare", "--initial-branch=main", join(gitRoot, `${name}.git`)], {
        cwd: gitRoot,
        env: labEnv(),
      });
      return `${gitHost.url}/${name}.git`;
    },
    close: async ({ keepRegistry = false, keepFiles = false } = {}) => {
      if (keepRegistry) return;
      await registry.stop();
      await gitHost.close();
      if (!keepFiles) await rm(root, { recursive: true, force: true });
    },
  };
}

/** A value nobody can guess, for secrets of one run. */
export const randomText = (bytes = 16): string => randomBytes(bytes).toString("hex");
