import { accessSync, constants, mkdtempSync, realpathSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import {
  type GitCage,
  type GitNetwork,
  type GitPoint,
  type ListedRefs,
  type Snapshot,
  fetchPoint,
  listRefs,
  sweepScratch,
} from "@paks/git";
import {
  type GitPolicy,
  type RepositoryUrl,
  type TreeEntry,
  PaksError,
  defaultLimits,
  isPaksError,
  parseRepositoryUrl,
  systemErrorCode,
} from "@paks/schema";
import type { Context } from "../context.ts";
import type { PakTree } from "./pak-tree.ts";
import { type SharedReader, shareReader } from "./shared-reader.ts";
import { makeOwnFolder } from "../start/make-folder-plainly.ts";

/** Reads repositories of strangers. */
export interface GitReader {
  readonly repository: RepositoryUrl;
  listRefs(): Promise<ListedRefs>;
  fetch(point: GitPoint): Promise<Snapshot>;
}

/** `debug` is told what git is asked for. */
export type Reading = Pick<Context, "config" | "repositories"> & Partial<Pick<Context, "debug">>;

/**
 * By the git of this machine; where there is none, public repositories are read without it. Whoever opens a repository
 * again shares what was read of it.
 * @param policy what may be read; the user's own when absent
 * @throws PaksError the codes of `parseRepositoryUrl`
 */
export async function openGitReader(url: string, reading: Reading, policy?: GitPolicy): Promise<SharedReader> {
  const { config, repositories } = reading;
  const allowed = policy ?? config.git.policy;
  const repository = parseRepositoryUrl(url, allowed);
  if (config.offline && repository.protocol !== "file")
    throw new PaksError("OFFLINE", `${repository.url} is elsewhere, and paks works offline.`, {
      hint: "Run the same command once with a network.",
    });
  // What may be read is judged by the policy at each reading.
  return await repositories.open(`${repository.url} ${JSON.stringify(allowed)}`, async (signal) => {
    const network = await networkOf(repository, config);
    const scratch = await openScratchRoot(join(config.folders.cache, "git"));
    const { environment, git } = config;
    const cage: GitCage = {
      policy: allowed,
      limits: defaultLimits,
      scratchRoot: scratch.path,
      machine: environment,
      git: git.binary,
      network,
    };
    const shared = shareReader(readerOf(repository, cage, { ...reading, signal }));
    return {
      ...shared,
      close: async () => {
        try {
          await shared.close();
        } finally {
          scratch.close();
        }
      },
    };
  });
}

interface ScratchRoot {
  readonly path: string;
  close(): void;
}

/**
 * A folder of the user's own: in a shared one somebody else could lay out what is read from it. Where nothing can be
 * kept, as in a container that runs as just any user, a new one that nobody else may look into and that goes at the end.
 * @throws what the system says of the folder when there is no place for temporary files either
 */
async function openScratchRoot(path: string): Promise<ScratchRoot> {
  try {
    makeOwnFolder(path);
    await sweepScratch(path);
    accessSync(path, constants.W_OK | constants.X_OK);
    return { path, close: () => undefined };
  } catch (error) {
    if (systemErrorCode(error) === undefined && !isPaksError(error)) throw error;
    const own = makeTemporaryFolder();
    if (own === undefined) throw error;
    return { path: own, close: () => rmSync(own, { recursive: true, force: true, maxRetries: 5 }) };
  }
}

function makeTemporaryFolder(): string | undefined {
  try {
    return mkdtempSync(join(realpathSync(tmpdir()), "paks-git-"));
  } catch (error) {
    if (systemErrorCode(error) === undefined) throw error;
    return undefined;
  }
}

function readerOf(
  repository: RepositoryUrl,
  cage: GitCage,
  { signal, debug, config }: Pick<Context, "signal"> & Pick<Reading, "debug" | "config">,
): GitReader {
  const tell = (what: string) => debug?.(`git: ${what} of ${repository.url}`);
  return {
    repository,
    listRefs: () => {
      tell("all refs");
      return orWithoutGit(
        { repository, config },
        () => listRefs(cage, repository, { signal }),
        async () => (await import("../git-fallback/read.ts")).listRefsWithoutGit(cage, repository, { signal }),
      );
    },
    fetch: (point) => {
      tell(nameOf(point));
      return orWithoutGit(
        { repository, config },
        () => fetchPoint(cage, repository, point, { signal }),
        async () => (await import("../git-fallback/read.ts")).fetchPointWithoutGit(cage, repository, { point, signal }),
      );
    },
  };
}

function nameOf(point: GitPoint): string {
  if (point.type === "head") return "HEAD";
  return `${point.type} ${point.type === "commit" ? point.oid : point.name}`;
}

/** What the user has set for this host; git itself sees nothing of the environment. */
async function networkOf(
  { url, protocol }: RepositoryUrl,
  { network }: Context["config"],
): Promise<GitNetwork | undefined> {
  if (protocol !== "https") return undefined;
  const { findProxy } = await import("../network/proxy.ts");
  const isOwn = network.caFile !== undefined || network.extraCaFile !== undefined;
  const trusted = isOwn ? await (await import("../network/trust.ts")).readTrust(network) : undefined;
  return { proxy: findProxy(new URL(url), network)?.href, certificates: trusted?.join("\n") };
}

interface Asked {
  readonly repository: RepositoryUrl;
  readonly config: Context["config"];
}

async function orWithoutGit<T>(
  { repository, config }: Asked,
  withGit: () => Promise<T>,
  withoutGit: () => Promise<T>,
): Promise<T> {
  try {
    return await byGitOrWithout(repository, withGit, withoutGit);
  } catch (error) {
    if (!isPaksError(error, "GIT_HOST_UNAVAILABLE")) throw error;
    throw await (await import("../network/why-unreachable.ts")).explainGitHost(error, config.network);
  }
}

async function byGitOrWithout<T>(
  { url, protocol }: RepositoryUrl,
  withGit: () => Promise<T>,
  withoutGit: () => Promise<T>,
): Promise<T> {
  const isWeb = protocol === "https" || protocol === "http";
  try {
    return await withGit();
  } catch (error) {
    if (isWeb && isPaksError(error, "REPOSITORY_NOT_FOUND")) throw notPublic(url, error);
    if (isPaksError(error, "TAG_NOT_FOUND")) throw noSuchTag(url, error);
    if (protocol === "file" && isPaksError(error)) throw notHere(url, error);
    if (!isWeb || !isPaksError(error, "GIT_MISSING")) throw error;
    return await withoutGit();
  }
}

const noSuchTag = (url: string, { code, message, details, cause }: PaksError): PaksError =>
  new PaksError(code, message, {
    hint: `Check the name, which is case-sensitive; those there are: git ls-remote --tags ${url}`,
    details,
    cause,
  });

/** Git gets none of the user's passwords to show to a host; keys for ssh prove who asks and give nothing away. */
function notPublic(url: string, { code, message, details, cause }: PaksError): PaksError {
  const { hostname, pathname } = new URL(url);
  const [group = "", project = "", ...more] = pathname
    .slice(1)
    .replace(/\.git$/, "")
    .split("/");
  // Groups of GitLab nest, so that everything behind `gitlab:` is taken for the repository.
  const folder = `If ${more.join("/")} is a folder in it: paks install gitlab:${group}/${project}#path=${more.join("/")}. `;
  return new PaksError(code, message, {
    hint: `Check the address. ${hostname === "gitlab.com" && more.length > 0 ? folder : ""}A private repository is read over ssh: git@${hostname}:${pathname.slice(1)}`,
    details,
    cause,
  });
}

/** Who reads a repository of this machine can be told what is there in its place. */
function notHere(url: string, error: PaksError): PaksError {
  const path = fileURLToPath(url);
  const { code, details } = error;
  if (code !== "REPOSITORY_NOT_FOUND" && code !== "GIT_PROTOCOL_ERROR") return error;
  const said = String(details?.["git"]);
  const notFound = (message: string, hint: string) =>
    new PaksError("REPOSITORY_NOT_FOUND", message, { hint, details, cause: error });
  try {
    const facts = statSync(path, { throwIfNoEntry: false });
    if (facts === undefined) return notFound(`There is no folder ${path}.`, "Check the path.");
    if (facts.isFile() && /invalid gitfile format/.test(said))
      return notFound(`${path} is a file and no git repository.`, "Name the folder of the repository.");
    if (!facts.isDirectory() || !/does not appear to be a git repository/.test(said)) return error;
    return notFound(`${path} holds no git repository.`, `A folder without git: paks install ${path}`);
  } catch (cause) {
    if (systemErrorCode(cause) === undefined) throw cause;
    return error;
  }
}

/** All regular files of a snapshot. */
export async function treeOfSnapshot(snapshot: Snapshot): Promise<PakTree> {
  const listed = await snapshot.listTree("");
  const files = new Map((listed?.entries ?? []).filter(isFile).map(({ path, oid }) => [path, oid]));
  return {
    paths: [...files.keys()],
    read: async (paths) => {
      const wanted = new Map(paths.flatMap((path) => [[path, files.get(path)] as const]));
      const oids = new Set([...wanted.values()].filter((oid) => oid !== undefined));
      const blobs = await readSmall(snapshot, oids);
      return new Map(
        [...wanted].flatMap(([path, oid]) => {
          const bytes = oid === undefined ? undefined : blobs.get(oid);
          return bytes === undefined ? [] : [[path, bytes] as const];
        }),
      );
    },
  };
}

const isFile = ({ mode }: TreeEntry): boolean => mode === "100644" || mode === "100755";

/** So many at once that the largest allowed ones stay below what one reading may bring. */
const batch = 40;

async function readSmall(snapshot: Snapshot, oids: ReadonlySet<string>): Promise<Map<string, Buffer>> {
  const found = new Map<string, Buffer>();
  const all = [...oids];
  await snapshot.fetchBlobs(all);
  for (let start = 0; start < all.length; start += batch)
    for (const [oid, bytes] of await readTolerant(snapshot, all.slice(start, start + batch))) found.set(oid, bytes);
  return found;
}

/** A manifest that is too large is one that is not listed; it spoils nothing for the others. */
async function readTolerant(snapshot: Snapshot, oids: readonly string[]): Promise<Map<string, Buffer>> {
  try {
    return await snapshot.readBlobs(oids);
  } catch (error) {
    if (!isPaksError(error, "TOO_LARGE")) throw error;
    if (oids.length === 1) return new Map();
    const half = Math.ceil(oids.length / 2);
    const parts = [await readTolerant(snapshot, oids.slice(0, half)), await readTolerant(snapshot, oids.slice(half))];
    return new Map(parts.flatMap((part) => [...part]));
  }
}
