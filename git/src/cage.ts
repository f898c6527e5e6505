import { rm, writeFile } from "node:fs/promises";
import { devNull } from "node:os";
import { join } from "node:path";

import { type Limits, PaksError, parseRepositoryUrl, type RepositoryUrl } from "@paks/schema";

import { gitFailure, isSmartHttp } from "./failure.ts";
import { type HostRules, pinHost } from "./host-address.ts";
import { type HttpAnswer, readHttpTrace } from "./http-trace.ts";
import { type Environment, type GitRun, runGit, type RunGitOptions } from "./run-git.ts";
import { directoryBytes, initBare, openScratch, type Scratch, writeConfig } from "./scratch.ts";

/** How repositories of strangers are read. */
export interface GitCage extends HostRules {
  readonly limits: Limits;
  /** Where scratch folders are made. */
  readonly scratchRoot: string;
  /** The binary, when it is not the `git` of PATH. */
  readonly git?: string;
  /** The environment of this machine. Of it git sees PATH, SystemRoot and, for ssh, SSH_AUTH_SOCK; nothing else. */
  readonly machine: Environment;
  /** What the user's own network wants for https; nothing of it is taken from the environment. */
  readonly network?: GitNetwork | undefined;
}

export interface GitNetwork {
  /** An http(s) URL; it may hold the user's name and password there. */
  readonly proxy?: string | undefined;
  /** PEM texts of everybody who is trusted; git's own list when absent. */
  readonly certificates?: string | undefined;
}

/** One repository of a stranger in one scratch folder. */
export interface CagedRepository {
  readonly cage: GitCage;
  readonly repository: RepositoryUrl;
  readonly scratch: Scratch;
  readonly gitDir: string;
  /** `key=value` configuration that holds git to the checked addresses. */
  readonly pins: readonly string[];
  readonly signal: AbortSignal | undefined;
}

const MiB = 1024 * 1024;
const memoryBytes = 1536 * MiB;
/** Packs are capped by the kernel file by file; this is for all files of a scratch folder, and where no kernel helps. */
const scratchSlackBytes = 32 * MiB;
const localMilliseconds = 30_000;

/**
 * Judges the repository's address once more, asks DNS and makes the scratch folder.
 * @throws PaksError INVALID_REPOSITORY_URL, PROTOCOL_NOT_ALLOWED, CREDENTIALS_IN_URL, HOST_NOT_ALLOWED and what DNS and disk bring
 */
export async function openCage(
  cage: GitCage,
  given: RepositoryUrl,
  signal: AbortSignal | undefined,
): Promise<CagedRepository> {
  // Records outlive policies, and what stands in a record was judged by somebody else.
  const repository = parseRepositoryUrl(given.url, cage.policy);
  const pins = (await isProxied(cage, repository)) ? [] : await pinHost(cage, repository);
  const scratch = await openScratch(cage.scratchRoot);
  if (cage.network?.certificates !== undefined) await writeFile(trustPath(scratch), cage.network.certificates);
  return { cage, repository, scratch, gitDir: scratch.gitDir, pins, signal };
}

/** Behind a proxy this machine may know no names: the proxy finds the host. Where addresses are judged they still are. */
async function isProxied(cage: GitCage, repository: RepositoryUrl): Promise<boolean> {
  if (cage.network?.proxy === undefined || repository.protocol !== "https") return false;
  if (!cage.policy.allowPrivate) await pinHost(cage, repository);
  return true;
}

const trustPath = (scratch: Scratch): string => join(scratch.dir, "trust.pem");

/** The same repository once more, empty, in the same scratch folder. */
export async function reopenEmpty(caged: CagedRepository): Promise<CagedRepository> {
  const gitDir = join(caged.scratch.dir, "plain.git");
  // What an attempt before left that failed.
  await rm(gitDir, { recursive: true, force: true, maxRetries: 5 });
  await initBare(gitDir);
  return { ...caged, gitDir };
}

/** Configuration of every run. Nothing else is read: no system, user or repository configuration exists here. */
const config: readonly string[] = [
  // Whatever lies in the scratch repository is never run.
  "core.hooksPath=/dev/null",
  "core.fsmonitor=false",
  "credential.helper=",
  // A redirect could lead to an inner address that was never checked.
  "http.followRedirects=false",
  "http.sslVerify=true",
  "transfer.fsckObjects=true",
  "transfer.credentialsInUrl=die",
  // A bundle URI would be fetched from wherever the server says.
  "transfer.bundleURI=false",
  "fetch.recurseSubmodules=false",
  "submodule.recurse=false",
  "core.protectHFS=true",
  "core.protectNTFS=true",
  "core.symlinks=false",
  // Large blobs are streamed to disk instead of held in memory.
  "core.bigFileThreshold=1m",
  "gc.auto=0",
  "maintenance.auto=false",
  "protocol.version=2",
  // With --git-dir this still works; a bare repository found on the way up does not.
  "safe.bareRepository=explicit",
  // Each thread reserves stack and arenas: on a machine with many cores they alone would pass the memory limit.
  "pack.threads=2",
  // The scratch folder is thrown away; waiting for the disk would protect nothing.
  "core.fsync=none",
];

function environment(caged: CagedRepository): Record<string, string> {
  const nothing = process.platform === "win32" ? "NUL" : devNull;
  return {
    // Here curl looks for .netrc, too.
    HOME: caged.scratch.home,
    XDG_CONFIG_HOME: caged.scratch.home,
    // Failures are told apart by git's English words.
    LC_ALL: "C",
    GIT_CONFIG_NOSYSTEM: "1",
    GIT_CONFIG_GLOBAL: nothing,
    GIT_ATTR_NOSYSTEM: "1",
    GIT_TERMINAL_PROMPT: "0",
    GIT_ASKPASS: "/bin/false",
    SSH_ASKPASS: "/bin/false",
    GIT_PROTOCOL_FROM_USER: "0",
    // Older git does not know this one; see GIT_ALLOW_PROTOCOL in runLocal.
    GIT_NO_LAZY_FETCH: "1",
    // refs/replace/* of a stranger may not put one object in another's place.
    GIT_NO_REPLACE_OBJECTS: "1",
    GIT_OPTIONAL_LOCKS: "0",
    // Names are names, never patterns.
    GIT_LITERAL_PATHSPECS: "1",
  };
}

const withConfig = (caged: CagedRepository, more: readonly string[], command: readonly string[]): string[] => [
  `--git-dir=${caged.gitDir}`,
  ...[...config, ...more].flatMap((line) => ["-c", line]),
  ...command,
];

type LocalOptions = Pick<RunGitOptions, "stdin" | "stdoutBytes" | "onStdout" | "onOverflow">;

/**
 * Runs a command on what is in the scratch repository already; the network is out of reach.
 * @throws PaksError REPOSITORY_TOO_COMPLEX when it takes too long, prints too much or dies
 */
export async function runLocal(
  caged: CagedRepository,
  command: readonly string[],
  options: LocalOptions,
): Promise<GitRun> {
  const { cage, scratch, signal } = caged;
  const run = await runGit(withConfig(caged, [], command), {
    // A protocol of this name does not exist: an object that is missing stays missing.
    env: { ...environment(caged), GIT_ALLOW_PROTOCOL: "none" },
    milliseconds: Math.min(localMilliseconds, cage.limits.fetchMilliseconds),
    limits: { fileBytes: cage.limits.packBytes, memoryBytes, cpuSeconds: cpuSeconds(cage) },
    cwd: scratch.dir,
    git: cage.git,
    machine: cage.machine,
    signal,
    onTimeout: tooComplex,
    ...options,
  });
  if (run.exitCode !== 0) throw gitFailure({ run, answers: [], repository: caged.repository });
  return run;
}

const tooComplex = (): PaksError =>
  new PaksError("REPOSITORY_TOO_COMPLEX", "The repository takes too long to read.", {
    hint: "Publish from a smaller repository.",
  });

const cpuSeconds = (cage: GitCage): number => Math.ceil(cage.limits.fetchMilliseconds / 1000);

interface RemoteOptions {
  readonly config?: readonly string[];
  readonly stdin?: string;
  readonly stdoutBytes: number;
  readonly memoryBytes?: number;
}

export interface RemoteRun extends GitRun {
  readonly answers: readonly HttpAnswer[];
}

/**
 * Runs a command that asks the repository's host.
 * @throws PaksError every way in which hosts, networks and hostile repositories fail
 */
export async function runRemote(
  caged: CagedRepository,
  command: readonly string[],
  options: RemoteOptions,
): Promise<RemoteRun> {
  const { cage, repository, scratch } = caged;
  const trace = join(scratch.dir, "http.log");
  await rm(trace, { force: true });
  const run = await runGit(withConfig(caged, [...remoteConfig(caged), ...(options.config ?? [])], command), {
    env: { ...environment(caged), ...remoteEnvironment(caged, trace) },
    inherit: repository.protocol === "ssh" ? ["SSH_AUTH_SOCK"] : [],
    milliseconds: cage.limits.fetchMilliseconds,
    limits: {
      fileBytes: cage.limits.packBytes,
      memoryBytes: options.memoryBytes ?? memoryBytes,
      cpuSeconds: cpuSeconds(cage),
    },
    guard: () => checkScratchSize(caged),
    cwd: scratch.dir,
    git: cage.git,
    machine: cage.machine,
    signal: caged.signal,
    stdin: options.stdin ?? "",
    stdoutBytes: options.stdoutBytes,
    onTimeout: () => hostTooSlow(repository),
  });
  // A filter made the remote one that may be asked for objects later.
  await writeConfig(caged.gitDir);
  const answers = await readHttpTrace(trace);
  if (run.exitCode !== 0 || !isSmartHttp(repository, answers))
    throw gitFailure({ run, answers, repository, proxy: proxyOf(caged) });
  return { ...run, answers };
}

/** Ten seconds of next to nothing, or a sixth of the time that there is. */
function remoteConfig(caged: CagedRepository): string[] {
  const seconds = Math.min(10, Math.max(1, Math.ceil(caged.cage.limits.fetchMilliseconds / 6000)));
  const { proxy, certificates } = caged.cage.network ?? {};
  const trust = certificates === undefined ? [] : [`http.sslCAInfo=${trustPath(caged.scratch)}`];
  const straight = proxy === undefined ? ["http.proxy="] : [];
  return ["http.lowSpeedLimit=1000", `http.lowSpeedTime=${seconds}`, ...straight, ...trust, ...caged.pins];
}

function remoteEnvironment(caged: CagedRepository, trace: string): Record<string, string> {
  const env: Record<string, string> = {
    GIT_ALLOW_PROTOCOL: caged.repository.protocol,
    GIT_TRACE_CURL: trace,
    GIT_TRACE_CURL_NO_DATA: "1",
  };
  // Not among the arguments, which every user of the machine can read.
  const proxy = proxyOf(caged);
  if (proxy !== undefined) env["https_proxy"] = proxy;
  // Never a question on the terminal, no forwarded agent or port.
  if (caged.repository.protocol === "ssh") {
    env["GIT_SSH_COMMAND"] = "ssh -oBatchMode=yes -oConnectTimeout=10 -oForwardAgent=no -oClearAllForwardings=yes";
    env["GIT_SSH_VARIANT"] = "ssh";
  }
  return env;
}

const proxyOf = ({ cage, repository }: CagedRepository): string | undefined =>
  repository.protocol === "https" ? cage.network?.proxy : undefined;

const hostTooSlow = ({ host }: RepositoryUrl): PaksError =>
  new PaksError("GIT_HOST_TIMEOUT", `${host === "" ? "The repository" : host} did not answer in time.`, {
    hint: "Try again later.",
    details: { host },
  });

async function checkScratchSize({ cage, scratch }: CagedRepository): Promise<PaksError | undefined> {
  if ((await directoryBytes(scratch.dir)) <= cage.limits.packBytes + scratchSlackBytes) return undefined;
  return new PaksError("TOO_LARGE", `The repository sends more than ${cage.limits.packBytes} bytes.`, {
    hint: "Publish from a smaller repository.",
    details: { limit: cage.limits.packBytes },
  });
}
