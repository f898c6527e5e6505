import { readdir, stat } from "node:fs/promises";
import { dirname, join, resolve } from "node:path";
import {
  type CommittedEntry,
  findGit,
  type GitConfig,
  listCommitted,
  listCommittedTree,
  listLocalRefs,
  type Place,
  readConfig,
  readPlace,
  readStatus,
  type RefFact,
  type Status,
  type WorkTree,
} from "@paks/git/work-tree";
import { type Finding, PaksError, isMissing } from "@paks/schema";
import type { Context } from "../context.ts";

/** What git says about the folder and its repository, without the network. */
export interface RepositoryFacts {
  readonly tree: WorkTree;
  readonly place: Place;
  readonly status: Status;
  readonly config: GitConfig;
  readonly refs: readonly RefFact[];
  /** The folder's files in HEAD, paths relative to the folder; none before the first commit. */
  readonly committed: readonly CommittedEntry[];
}

/** The whole repository around a folder, with all its files. */
export interface WholeRepository extends RepositoryFacts {
  /** Ids of HEAD's folders. */
  readonly folders: ReadonlyMap<string, string>;
}

/** Answers that are on their way. */
export interface Reading<Facts> {
  /** @throws PaksError NOT_A_REPOSITORY, GIT_MISSING */
  readonly facts: Promise<Facts>;
  /** What the network is asked with; there before the long listings are. */
  readonly basics: Promise<Basics>;
}

export type Basics = Pick<RepositoryFacts, "tree" | "place" | "status" | "config">;

/** Five processes, side by side. @throws PaksError NOT_A_REPOSITORY, GIT_MISSING, MANIFEST_MISSING (no such folder) */
export const readRepository = async (context: Context, dir: string): Promise<RepositoryFacts> =>
  await startReading(await openFolder(context, dir)).facts;

export function startReading(tree: WorkTree): Reading<RepositoryFacts> {
  const { basics, refs, rest } = startGit(tree, listCommitted);
  const facts = async (): Promise<RepositoryFacts> => ({
    ...(await basics),
    refs: await refs,
    committed: (await basics).status.commit === undefined ? [] : await rest,
  });
  return { basics, facts: settled([basics, refs, rest], facts) };
}

/** As `readRepository`, seen from the top folder; five processes too. */
export const readWholeRepository = async (context: Context, dir: string): Promise<WholeRepository> =>
  await startReadingWhole(await openFolder(context, dir)).facts;

export function startReadingWhole(tree: WorkTree): Reading<WholeRepository> {
  const { basics, refs, rest } = startGit(tree, listCommittedTree);
  const facts = async (): Promise<WholeRepository> => {
    const { place, status, config } = await basics;
    const none = { files: [], folders: new Map<string, string>() };
    const { files, folders } = status.commit === undefined ? none : await rest;
    const atTop = { tree: { ...tree, dir: place.root }, place: { ...place, path: "" } };
    return { ...atTop, status, config, refs: await refs, committed: files, folders };
  };
  return { basics, facts: settled([basics, refs, rest], facts) };
}

function startGit<Rest>(tree: WorkTree, readRest: (tree: WorkTree) => Promise<Rest>) {
  const asked = { place: readPlace(tree), status: readStatus(tree), config: readConfig(tree) };
  const basics = settled(
    Object.values(asked),
    // The place first, so that "not a repository" is what the user reads when all of them failed.
    async (): Promise<Basics> => ({
      tree,
      place: await asked.place,
      status: await asked.status,
      config: await asked.config,
    }),
  );
  return { basics, refs: listLocalRefs(tree), rest: readRest(tree) };
}

/** Looks at the answers when all are there, so that no failure goes unheard. */
async function settled<T>(work: readonly Promise<unknown>[], look: () => Promise<T>): Promise<T> {
  await Promise.allSettled(work);
  return await look();
}

/** What of it concerns the paks in these folders; every file is looked at once, however many paks there are. */
export function factsOf(whole: WholeRepository, paths: readonly string[]): RepositoryFacts[] {
  const committed = new Map(paths.map((path) => [path, [] as CommittedEntry[]]));
  for (const entry of whole.committed)
    for (const folder of foldersAbove(entry.path))
      committed.get(folder)?.push(folder === "" ? entry : { ...entry, path: entry.path.slice(folder.length + 1) });
  return paths.map((path) => ({
    ...whole,
    tree: { ...whole.tree, dir: join(whole.place.root, path) },
    place: { ...whole.place, path },
    committed: committed.get(path)!,
  }));
}

/** `a/b/c` → "", `a`, `a/b` */
function* foldersAbove(path: string): Generator<string> {
  yield "";
  for (let at = path.indexOf("/"); at >= 0; at = path.indexOf("/", at + 1)) yield path.slice(0, at);
}

/** Only where the folder lies. @throws PaksError NOT_A_REPOSITORY, GIT_MISSING */
export async function readPlaceOf(context: Context, dir: string): Promise<Pick<RepositoryFacts, "tree" | "place">> {
  const tree = await openFolder(context, dir);
  return { tree, place: await readPlace(tree) };
}

/** @throws PaksError MANIFEST_MISSING (no such folder) */
export async function openFolder(context: Context, dir: string): Promise<WorkTree> {
  const { environment } = context.config;
  const [folder, gitPath] = await Promise.all([findFolder(resolve(context.cwd, dir)), findGit(environment)]);
  return { ...openTree(context, folder), gitPath };
}

/** The user's own git at `dir`. */
const openTree = (context: Context, dir: string): WorkTree => ({
  dir,
  env: context.config.environment,
  interactive: context.io.interactive,
  git: context.config.git.binary === "git" ? undefined : context.config.git.binary,
  signal: context.signal,
  onProcess: ({ args, milliseconds, exitCode }) =>
    context.debug(`git ${args.join(" ")} → ${exitCode} (${Math.round(milliseconds)} ms)`),
});

/** The folder itself; a manifest file stands for its folder. */
async function findFolder(path: string): Promise<string> {
  try {
    return (await stat(path)).isDirectory() ? path : dirname(path);
  } catch (error) {
    if (!isMissing(error)) throw error;
    throw new PaksError("MANIFEST_MISSING", `There is no folder ${path}.`, {
      hint: "Name the folder of the skill, or run paks publish inside it.",
      cause: error,
    });
  }
}

const operations: Readonly<Record<string, string>> = {
  MERGE_HEAD: "A merge",
  CHERRY_PICK_HEAD: "A cherry-pick",
  REVERT_HEAD: "A revert",
  "rebase-merge": "A rebase",
  "rebase-apply": "A rebase",
};

/** Locks and half-done operations, by the files that git keeps for them. */
export async function checkOperations({ gitDir }: Place): Promise<Finding[]> {
  const names = new Set(await readdir(gitDir));
  const findings: Finding[] = [];
  const running = Object.keys(operations).find((name) => names.has(name));
  if (running !== undefined) {
    const message = `${operations[running]} is not finished.`;
    const hint = "Finish or abort it (git status says how), then run the same command again.";
    findings.push({ severity: "error", code: "DIRTY_WORK_TREE", message, hint });
  }
  const lock = ["index.lock", "HEAD.lock"].find((name) => names.has(name));
  if (lock !== undefined) {
    const message = `Another git process holds ${join(gitDir, lock)}.`;
    const hint =
      "Wait for it to end. When no git runs any more (see ps), a crashed one left the file: remove it yourself.";
    findings.push({ severity: "error", code: "LOCK_BUSY", message, hint });
  }
  return findings;
}
