import { existsSync } from "node:fs";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import {
  type GitCage,
  type GitPoint,
  type ListedRefs,
  type Scratch,
  type Snapshot,
  openScratch,
  parseAnnotation,
  parseRefs,
  pointText,
  resolvePublic,
  runGit,
} from "@paks/git";
import { type RepositoryUrl, type TreeEntry, PaksError, isErrorCode, requirePath } from "@paks/schema";
import { isStandalone } from "../start/is-standalone.ts";
import {
  type BlobsAnswer,
  type ChildLimits,
  type Failure,
  type FetchAnswer,
  type Question,
  type RefsAnswer,
  childWord,
} from "./protocol.ts";

/**
 * Reading public repositories without a git binary: the same questions and answers as those of `@paks/git`, asked by a
 * library in a process of its own. Slower, and whole packs instead of single files.
 */
const MiB = 1024 * 1024;
const memoryBytes = 1024 * MiB;
const heapMebibytes = 512;

interface Asking {
  readonly cage: GitCage;
  readonly repository: RepositoryUrl;
  readonly scratch: Scratch;
  readonly addresses: readonly string[];
  readonly signal: AbortSignal | undefined;
}

type Options = { readonly signal?: AbortSignal | undefined };

/** @throws PaksError as `listRefs` */
export async function listRefsWithoutGit(
  cage: GitCage,
  repository: RepositoryUrl,
  { signal }: Options = {},
): Promise<ListedRefs> {
  const asking = await open(cage, repository, signal);
  try {
    return parseRefs(await askListing(asking));
  } finally {
    await asking.scratch.close();
  }
}

/** @throws PaksError as `fetchPoint` */
export async function fetchPointWithoutGit(
  cage: GitCage,
  repository: RepositoryUrl,
  { point, signal }: Options & { readonly point: GitPoint },
): Promise<Snapshot> {
  const asking = await open(cage, repository, signal);
  try {
    const oid = point.type === "commit" ? point.oid : findObject(await askListing(asking), point, repository);
    const { line } = await ask(asking, { ask: "fetch", oid });
    return snapshotOf(asking, point, line as FetchAnswer);
  } catch (error) {
    await asking.scratch.close();
    throw error;
  }
}

async function open(cage: GitCage, repository: RepositoryUrl, signal: AbortSignal | undefined): Promise<Asking> {
  // Behind a proxy this machine may know no names.
  const direct = cage.network?.proxy === undefined || !cage.policy.allowPrivate;
  const addresses = direct ? await resolvePublic(cage, repository) : [];
  const scratch = await openScratch(cage.scratchRoot);
  // The library wants a remote with a place for its refs.
  const remote = `[core]\n\tbare = true\n[remote "origin"]\n\tfetch = +refs/heads/*:refs/remotes/origin/*\n`;
  await writeFile(join(scratch.gitDir, "config"), remote);
  return { cage, repository, scratch, addresses, signal };
}

const askListing = async (asking: Asking): Promise<string> =>
  ((await ask(asking, { ask: "refs" })).line as RefsAnswer).listing;

/** By its whole name: `v1` never finds `refs/heads/refs/tags/v1`. */
function findObject(listing: string, point: Exclude<GitPoint, { type: "commit" }>, repository: RepositoryUrl): string {
  const name = point.type === "head" ? "HEAD" : `refs/${point.type === "tag" ? "tags" : "heads"}/${point.name}`;
  const line = listing.split("\n").find((one) => one.slice(40) === `\t${name}` && /^[0-9a-f]{40}\t/.test(one));
  if (line !== undefined) return line.slice(0, 40);
  const text = pointText(point).replace(/^./, (first) => first.toUpperCase());
  throw new PaksError(
    point.type === "tag" ? "TAG_NOT_FOUND" : "REF_NOT_FOUND",
    `${text} is not in ${repository.url}.`,
    {
      hint: "Check the name; it is case-sensitive.",
      details: { repository: repository.url },
    },
  );
}

function snapshotOf(asking: Asking, point: GitPoint, answer: FetchAnswer): Snapshot {
  const annotation = answer.tag === null ? undefined : parseAnnotation(Buffer.from(answer.tag, "base64"));
  return {
    place: pointText(point),
    object: answer.object,
    commit: answer.commit,
    annotation,
    listTree: (path) => Promise.resolve(listFolder(answer, path)),
    fetchBlobs: () => Promise.resolve(),
    readBlobs: (oids) => readBlobs(asking, oids),
    close: () => asking.scratch.close(),
  };
}

/** As `openTreeReader`: everything below a folder that is not a folder itself. */
function listFolder({ tree, entries }: FetchAnswer, path: string): { tree: string; entries: TreeEntry[] } | undefined {
  if (path !== "") requirePath(path);
  const folder = path === "" ? tree : entries.find(([mode, , one]) => one === path && mode === "040000")?.[1];
  if (folder === undefined) return undefined;
  const inside = path === "" ? "" : `${path}/`;
  const below = entries
    .filter(([mode, , one]) => mode !== "040000" && one.startsWith(inside))
    .map(([mode, oid, one]) => ({ path: one.slice(inside.length), mode: plainMode(mode), oid }));
  return { tree: folder, entries: below };
}

/** What git wrote long ago and reads as an ordinary file. */
const plainMode = (mode: string): string => (mode === "100664" ? "100644" : mode);

async function readBlobs(asking: Asking, oids: readonly string[]): Promise<Map<string, Buffer>> {
  const wanted = [...new Set(oids)];
  if (wanted.length === 0) return new Map();
  const { line, bytes } = await ask(asking, { ask: "blobs", oids: wanted });
  const found = new Map<string, Buffer>();
  let offset = 0;
  for (const [oid, size] of (line as BlobsAnswer).blobs) {
    found.set(oid, bytes.subarray(offset, offset + size));
    offset += size;
  }
  return found;
}

type Ask = Question extends infer Q
  ? Q extends Question
    ? Omit<Q, "url" | "gitDir" | "addresses" | "limits">
    : never
  : never;

async function ask(asking: Asking, what: Ask): Promise<{ line: object; bytes: Buffer }> {
  const { cage, repository, scratch, addresses, signal } = asking;
  const { limits } = cage;
  const question = {
    ...what,
    url: repository.url,
    gitDir: scratch.gitDir,
    addresses,
    limits: childLimits(cage),
    ...cage.network,
  };
  const run = await runGit(childWords(), {
    git: process.execPath,
    machine: cage.machine,
    env: { NODE_OPTIONS: "", LC_ALL: "C" },
    cwd: scratch.dir,
    stdin: JSON.stringify(question),
    stdoutBytes: limits.releaseBytes + limits.listingBytes + MiB,
    milliseconds: limits.fetchMilliseconds,
    signal,
    onTimeout: () => tooSlow(repository),
  });
  const end = run.stdout.indexOf("\n");
  // Out of memory, by the watch or by the engine itself.
  if (run.exitCode !== 0 || end < 0) throw tooComplex();
  const line = JSON.parse(run.stdout.toString("utf8", 0, end)) as object;
  if ("error" in line) throw failureOf(line as Failure, repository);
  return { line, bytes: run.stdout.subarray(end + 1) };
}

const childLimits = ({ limits }: GitCage): ChildLimits => ({
  listingBytes: limits.listingBytes,
  packBytes: limits.packBytes,
  treeEntries: limits.treeEntries,
  fileBytes: limits.fileBytes,
  releaseBytes: limits.releaseBytes,
  memoryBytes,
  idleMilliseconds: 10_000,
  milliseconds: limits.fetchMilliseconds + 5000,
});

/** What starts this program's runtime as the child. The standalone's has no limit of its own: the child's watch has one. */
const childWords = (): string[] =>
  isStandalone ? [childWord] : [`--max-old-space-size=${heapMebibytes}`, findChild()];

/** Beside the program, where the build puts it. */
function findChild(): string {
  const places = ["../git-fallback.js", "./git-fallback.js", "../../dist/git-fallback.js"];
  const paths = places.map((place) => fileURLToPath(new URL(place, import.meta.url)));
  const found = paths.find((path) => existsSync(path));
  if (found !== undefined) return found;
  throw new PaksError("GIT_MISSING", "No git was found.", { hint: "Install git 2.37 or newer." });
}

const tooSlow = ({ host }: RepositoryUrl): PaksError =>
  new PaksError("GIT_HOST_TIMEOUT", `${host} did not answer in time.`, { hint: "Try again later, or install git." });

const tooComplex = (): PaksError =>
  new PaksError("REPOSITORY_TOO_COMPLEX", "The repository needs more memory than reading it without git is allowed.", {
    hint: "Install git 2.37 or newer.",
  });

function failureOf({ error }: Failure, { url }: RepositoryUrl): PaksError {
  const { hint, ...details } = error.details ?? {};
  return new PaksError(isErrorCode(error.code) ? error.code : "GIT_PROTOCOL_ERROR", `${url}: ${error.message}`, {
    hint: typeof hint === "string" ? hint : "This was read without git; installing git may help.",
    details: { repository: url, ...details },
  });
}
