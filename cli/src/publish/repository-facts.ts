import { readdir, stat } from "node:fs/promises";
import { dirname, join, resolve } from "node:path";
import {
  type CommittedEntry,
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
import { type Finding, PaksError, systemErrorCode } from "@paks/schema";
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

/** Five processes, side by side. @throws PaksError NOT_A_REPOSITORY, GIT_MISSING, MANIFEST_MISSING (no such folder) */
export async function readRepository(context: Context, dir: string): Promise<RepositoryFacts> {
  const tree = openTree(context, await findFolder(resolve(context.cwd, dir)));
  const reading = {
    place: readPlace(tree),
    status: readStatus(tree),
    config: readConfig(tree),
    refs: listLocalRefs(tree),
    committed: listCommitted(tree),
  };
  await Promise.allSettled(Object.values(reading));
  // The place first, so that "not a repository" is what the user reads when all of them failed.
  const place = await reading.place;
  const status = await reading.status;
  const committed = status.commit === undefined ? [] : await reading.committed;
  return { tree, place, status, config: await reading.config, refs: await reading.refs, committed };
}

/** The whole repository around a folder, with all its files. */
export interface WholeRepository extends RepositoryFacts {
  /** Ids of HEAD's folders. */
  readonly folders: ReadonlyMap<string, string>;
}

/** As `readRepository`, seen from the top folder; five processes too. */
export async function readWholeRepository(context: Context, dir: string): Promise<WholeRepository> {
  const tree = openTree(context, await findFolder(resolve(context.cwd, dir)));
  const reading = {
    place: readPlace(tree),
    status: readStatus(tree),
    config: readConfig(tree),
    refs: listLocalRefs(tree),
    committed: listCommittedTree(tree),
  };
  await Promise.allSettled(Object.values(reading));
  const place = { ...(await reading.place), path: "" };
  const status = await reading.status;
  const { files, folders } =
    status.commit === undefined ? { files: [], folders: new Map<string, string>() } : await reading.committed;
  const atTop = { ...tree, dir: place.root };
  return {
    tree: atTop,
    place,
    status,
    config: await reading.config,
    refs: await reading.refs,
    committed: files,
    folders,
  };
}

/** What of it concerns the pak in a folder. */
export function factsOf(whole: WholeRepository, path: string): RepositoryFacts {
  const below = path === "" ? "" : `${path}/`;
  const committed = whole.committed.flatMap((entry) =>
    entry.path.startsWith(below) ? { ...entry, path: entry.path.slice(below.length) } : [],
  );
  const tree = { ...whole.tree, dir: join(whole.place.root, path) };
  return { ...whole, tree, place: { ...whole.place, path }, committed };
}

/** Only where the folder lies. @throws PaksError NOT_A_REPOSITORY, GIT_MISSING */
export async function readPlaceOf(context: Context, dir: string): Promise<Pick<RepositoryFacts, "tree" | "place">> {
  const tree = openTree(context, await findFolder(resolve(context.cwd, dir)));
  return { tree, place: await readPlace(tree) };
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
    const code = systemErrorCode(error);
    if (code !== "ENOENT" && code !== "ENOTDIR") throw error;
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
