import { type Snapshot, readPakFiles } from "@paks/git";
import {
  type GitOrigin,
  type NpmOrigin,
  PaksError,
  defaultLimits,
  describeFiles,
  errorCodes,
  isPaksError,
  readPackageArchive,
} from "@paks/schema";
import type { Context } from "../context.ts";
import { eachAtOnce } from "../install/each-at-once.ts";
import type { SharedSnapshot } from "../install/shared-reader.ts";
import { requireTypedSource } from "../workspace/typed-repositories.ts";
import type { ListRow } from "./list-paks.ts";

/** What a git repository or npm says today of what was installed from it. */
export interface OriginAnswer {
  /** It gives other bytes, or none, or nobody could be asked. */
  readonly error?: PaksError;
  /** `moved`: the tag leads to another commit with the same files. `deprecated`: npm says so of the version. */
  readonly told?: "moved" | "deprecated";
}

/** Nobody knows: no network, a failing host, no git here. Else a failure is an answer. */
export const isUnknowing = ({ code }: PaksError): boolean => [4, 8, 10].includes(errorCodes[code].exit);

const asksAtOnce = 8;

type AskedOrigin = GitOrigin | NpmOrigin;

interface Asked<T extends AskedOrigin = AskedOrigin> {
  readonly row: ListRow;
  readonly origin: T;
  readonly digest: string;
}

export interface AskingOrigins {
  /** Whether the files are fetched as well and compared, and not only what names them. */
  readonly files: boolean;
  readonly step: (label: string) => void;
}

/**
 * Asks about every row whose pak came from git or npm: a repository's tag or commit, and a package's version, once for
 * all paks of it. What goes wrong for one is its answer.
 * @throws PaksError CANCELLED
 */
export async function askOrigins(
  context: Context,
  rows: readonly ListRow[],
  asking: AskingOrigins,
): Promise<ReadonlyMap<ListRow, OriginAnswer>> {
  const groups = new Map<string, Asked[]>();
  for (const asked of rows.flatMap(askedOf)) {
    const key = keyOf(asked.origin);
    groups.set(key, [...(groups.get(key) ?? []), asked]);
  }
  const answers = new Map<ListRow, OriginAnswer>();
  await eachAtOnce([...groups.values()], asksAtOnce, async (group) => {
    const ask = askers[group[0]!.origin.type] as AskGroup<AskedOrigin>;
    try {
      asking.step(`Asking ${whoIsAsked(group[0]!.origin)}`);
      await ask(context, group, { ...asking, answer: (row, answer) => answers.set(row, answer) });
    } catch (error) {
      if (!isPaksError(error) || error.code === "CANCELLED") throw error;
      for (const { row } of group) answers.set(row, answers.get(row) ?? { error });
    }
  });
  return answers;
}

/** What the record says goes before what the lock says: it is what was installed. */
function askedOf(row: ListRow): Asked[] {
  const { pak, locked } = row;
  const recorded = pak?.record ?? (locked && { origin: locked.resolved, digest: locked.digest });
  if (recorded?.origin.type !== "git" && recorded?.origin.type !== "npm") return [];
  return [{ row, origin: recorded.origin, digest: recorded.digest }];
}

function keyOf(origin: AskedOrigin): string {
  if (origin.type === "npm") return `npm ${origin.package} ${origin.version} ${origin.integrity}`;
  return `${origin.repository} ${origin.tag === undefined ? origin.commit : `tag ${origin.tag}`}`;
}

const whoIsAsked = (origin: AskedOrigin): string =>
  origin.type === "git" ? origin.repository : `npm about ${origin.package}`;

interface Answering extends AskingOrigins {
  readonly answer: (row: ListRow, answer: OriginAnswer) => void;
}

/** All of a group have one repository and tag or commit, or one version of one package. */
type AskGroup<T extends AskedOrigin> = (
  context: Context,
  group: readonly Asked<T>[],
  answering: Answering,
) => Promise<void>;

const askGit: AskGroup<GitOrigin> = async (context, group, { files, answer }) => {
  const allowed: Asked<GitOrigin>[] = [];
  for (const asked of group) {
    const error = await findRefusal(context, asked);
    if (error) answer(asked.row, { error });
    else allowed.push(asked);
  }
  const [first] = allowed;
  if (first === undefined) return;
  const { openGitReader } = await import("../install/git-reader.ts");
  const reader = await openGitReader(first.origin.repository, context);
  const snapshot = await fetchRecorded(first.origin, (point) => reader.fetch(point));
  try {
    if (files) await snapshot.expect(() => Promise.resolve(allowed.map(({ origin }) => origin.path)));
    for (const asked of allowed) {
      const isMoved = snapshot.commit !== asked.origin.commit;
      answer(asked.row, isMoved || files ? await compareFiles(snapshot, asked, isMoved) : {});
    }
  } finally {
    await snapshot.close();
  }
};

/** What lies on this machine is looked at only where the place of the pak, or the user himself, says so. */
async function findRefusal(context: Context, { origin, row }: Asked<GitOrigin>): Promise<PaksError | undefined> {
  const { locked, root, skillsFolder } = row.place;
  try {
    await requireTypedSource(context, { type: "git", url: origin.repository }, locked ? root : skillsFolder);
    return undefined;
  } catch (error) {
    if (isPaksError(error)) return error;
    throw error;
  }
}

type Point = { readonly type: "tag"; readonly name: string } | { readonly type: "commit"; readonly oid: string };

async function fetchRecorded(
  { tag, commit, repository }: GitOrigin,
  fetch: (point: Point) => Promise<SharedSnapshot>,
): Promise<SharedSnapshot> {
  try {
    return await fetch(tag === undefined ? { type: "commit", oid: commit } : { type: "tag", name: tag });
  } catch (error) {
    if (!isPaksError(error, "TAG_NOT_FOUND") && !isPaksError(error, "REF_NOT_FOUND")) throw error;
    const what = tag === undefined ? `no longer gives out the commit ${commit.slice(0, 12)}` : `has no tag ${tag} now`;
    throw new PaksError(error.code, `${repository} ${what}.`, {
      hint: "What is installed stays as it is. Ask the author; `paks outdated` looks for another state of it.",
      details: { repository, tag, commit },
      cause: error,
    });
  }
}

async function compareFiles(
  snapshot: Snapshot,
  { origin, digest }: Asked<GitOrigin>,
  isMoved: boolean,
): Promise<OriginAnswer> {
  try {
    const { files, tree } = await readPakFiles(snapshot, origin.path, defaultLimits);
    const found = describeFiles(files).digest;
    if (found === digest && isMoved) return { told: "moved" };
    if (found === digest && (origin.tree === undefined || origin.tree === tree)) return {};
    return { error: isMoved ? tagMoved(snapshot, origin) : otherFiles(origin, { found, digest, tree }) };
  } catch (error) {
    if (!isPaksError(error) || error.code === "CANCELLED") throw error;
    // A tag that leads to what has no such folder, or to what no release may hold, was moved all the same.
    return { error: isMoved && !isUnknowing(error) ? tagMoved(snapshot, origin) : error };
  }
}

const tagMoved = (snapshot: Snapshot, { repository, tag, commit }: GitOrigin): PaksError =>
  new PaksError("TAG_MOVED", `The tag ${tag} of ${repository} leads to other files now than when it was installed.`, {
    hint: "What is installed is what was recorded. Ask the author which of the two is right.",
    details: { tag, recorded: commit, found: snapshot.commit },
  });

interface Other {
  readonly found: string;
  readonly digest: string;
  readonly tree: string;
}

function otherFiles({ repository, commit, tree: recorded }: GitOrigin, { found, digest, tree }: Other): PaksError {
  const isDigest = found !== digest;
  const [here, there] = isDigest ? [digest, found] : [recorded, tree];
  return new PaksError(
    "INTEGRITY_MISMATCH",
    `It is not what ${repository} has at ${commit.slice(0, 12)}: ${isDigest ? "digest" : "tree"} ${here} here, ${there} there.`,
    { hint: "A commit never changes: what is recorded here was changed.", details: { recorded: here, found: there } },
  );
}

const askNpm: AskGroup<NpmOrigin> = async (context, group, { files, answer }) => {
  const { origin } = group[0]!;
  const { fetchTarball, findNpmRegistry, findNpmRelease } = await import("../install/npm-registry.ts");
  const { filesIn } = await import("../install/fetch-npm.ts");
  const { package: name, version, integrity } = origin;
  const registry = await findNpmRegistry(name, context);
  const release = await findNpmRelease({ name, selector: version }, registry, context);
  if (release.version !== version || release.integrity !== integrity) throw otherPackage(origin, release);
  const told: OriginAnswer = release.deprecated ? { told: "deprecated" } : {};
  const all = files ? await readPackageArchive(await fetchTarball(name, release, registry, context)) : undefined;
  for (const { row, origin: of, digest } of group) {
    const found = all && describeFiles(filesIn(all, of.path)).digest;
    answer(row, found === undefined || found === digest ? told : { error: otherInPackage(of, { digest, found }) });
  }
};

const askers = { git: askGit, npm: askNpm };

const otherPackage = (
  { package: name, version, integrity }: NpmOrigin,
  found: { readonly version: string; readonly integrity: string },
): PaksError =>
  new PaksError("INTEGRITY_MISMATCH", `npm lists other bytes for ${name} ${version} than were recorded.`, {
    hint: "A version never changes: either what is recorded here or the npm registry was tampered with.",
    details: { recorded: { version, integrity }, found: { version: found.version, integrity: found.integrity } },
  });

const otherInPackage = (
  { package: name, version, path }: NpmOrigin,
  { digest, found }: { readonly digest: string; readonly found: string },
): PaksError =>
  new PaksError(
    "INTEGRITY_MISMATCH",
    `It is not what ${name} ${version} holds${path === "" ? "" : ` in ${path}`}: digest ${digest} here, ${found} on npm.`,
    { hint: "A version never changes: what is recorded here was changed.", details: { recorded: digest, found } },
  );
