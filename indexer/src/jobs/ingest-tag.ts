import {
  type AttemptRelease,
  type Db,
  endAttempt,
  insertRelease,
  listBindings,
  type OpenAttempt,
  setAttemptStage,
  startAttempt,
} from "@paks/db";
import { fetchTag, type TagSnapshot } from "@paks/git";
import {
  findManifests,
  kindTable,
  type ManifestReading,
  PaksError,
  parseTagName,
  parseTagTrailers,
} from "@paks/schema";
import { choosePaks, type Peek } from "../choose-paks.ts";
import { maxTries } from "../retry-plan.ts";
import { type PreparedRelease, prepareRelease, readPakManifest } from "./prepare-release.ts";
import type { ReconcileRun } from "./reconcile-run.ts";
import { settleFailure } from "./settle-failure.ts";
import type { Stage, TagWork } from "./tag-work.ts";

/**
 * Turns one tag into its releases, or tells its author why not: fetch, read, check and store first, then all facts in
 * one transaction. Safe to run again after a crash anywhere.
 * @returns paused: the host asked for patience, so asking it for another tag is of no use now
 */
export async function ingestTag(
  run: ReconcileRun,
  attempt: OpenAttempt,
  finish: (trx: Db) => Promise<void>,
): Promise<{ paused: boolean }> {
  const work = openWork(run, attempt, finish);
  try {
    await startTry(work);
    await work.stage("fetch");
    const snapshot = await fetchTag(run.deps.cage, run.repository, attempt.tag, { signal: run.held.signal });
    work.object = snapshot.object;
    run.deps.fault?.("fetched");
    try {
      await recordReleases(work, await readReleases(work, snapshot));
    } finally {
      run.deps.fault?.("before-cleanup");
      await closeSnapshot(run, snapshot);
    }
    return { paused: false };
  } catch (error) {
    return settleFailure(work, error);
  }
}

function openWork(run: ReconcileRun, attempt: OpenAttempt, finish: (trx: Db) => Promise<void>): TagWork {
  let current: Stage | undefined;
  const stage = async (next: Stage): Promise<void> => {
    run.held.signal.throwIfAborted();
    if (next === current) return;
    await run.held.fenced((trx) => setAttemptStage(trx, attempt.id, next));
    current = next;
  };
  return { run, attempt, stage, finish, object: run.listed.get(attempt.tag) };
}

/** Tries are counted before the work: a tag that ends its worker is given up in the end. */
async function startTry({ run, attempt }: TagWork): Promise<void> {
  if (attempt.state === "running" && attempt.tries >= maxTries.ours) {
    throw new PaksError("INTERNAL", `The indexer ended ${attempt.tries} times while it read this tag.`, {
      hint: "Tell the registry's operator.",
    });
  }
  await run.held.fenced((trx) => startAttempt(trx, attempt.id, "resolve"));
  parseTagName(attempt.tag);
}

/** One pak after the other, so that the files of only one are in memory. */
async function readReleases(work: TagWork, snapshot: TagSnapshot): Promise<PreparedRelease[]> {
  const { run, attempt } = work;
  await work.stage("read");
  const trailers = snapshot.annotation && parseTagTrailers(snapshot.annotation.message);
  const bindings = await listBindings(run.deps.db, run.repository.key);
  const question = { tag: snapshot.tag, trailers, bindings, evidence: attempt.evidence };
  const paks = await choosePaks(question, peekAt(snapshot));
  const releases: PreparedRelease[] = [];
  for (const pak of paks) releases.push(await prepareRelease({ ...work, snapshot, trailers, bindings }, pak));
  return releases;
}

/** Only the manifests, all in one fetch. */
const peekAt =
  (snapshot: TagSnapshot): Peek =>
  async (paths) => {
    const found = new Map<string, Map<string, string>>();
    for (const path of paths) {
      const listed = await snapshot.listTree(path);
      const top = (listed?.entries ?? []).filter((entry) => !entry.path.includes("/") && entry.mode.startsWith("100"));
      const isPak = findManifests(top.map((entry) => entry.path)).length > 0;
      if (isPak) found.set(path, new Map(top.filter(isManifestFile).map((entry) => [entry.path, entry.oid])));
    }
    const blobs = await snapshot.readBlobs([...found.values()].flatMap((files) => [...files.values()]));
    const readings = new Map<string, ManifestReading>();
    for (const [path, files] of found) {
      readings.set(path, readPakManifest(new Map(Array.from(files, ([name, oid]) => [name, blobs.get(oid)!])), path));
    }
    return readings;
  };

const isManifestFile = ({ path }: { path: string }): boolean =>
  kindTable.some(({ manifestFiles }) => manifestFiles.includes(path));

/** All paks of the tag or none, together with the end of the attempt and, when it was the last, of the job. */
async function recordReleases(
  { run, attempt, stage, finish, object }: TagWork,
  releases: PreparedRelease[],
): Promise<void> {
  await stage("record");
  const done = await run.held.fenced(async (trx) => {
    const recorded: AttemptRelease[] = [];
    for (const release of releases) {
      const { created } = await insertRelease(trx, release);
      const { account, manifest, version, digest } = release;
      recorded.push({ account, name: manifest.name, version, digest, new: created });
    }
    await endAttempt(trx, attempt.id, { state: "indexed", tagObject: object, releases: recorded });
    // A repository that got its first pak now may hold more tags.
    if (releases.some(({ mayBind }) => mayBind)) run.followUp = true;
    await finish(trx);
    run.deps.fault?.("before-commit");
    return recorded;
  });
  run.deps.fault?.("after-commit");
  run.deps.log({ event: "tag-indexed", repository: run.repository.key, tag: attempt.tag, releases: done });
}

/** The release is recorded or refused by now; what stays on disk is swept at the next start. */
async function closeSnapshot(run: ReconcileRun, snapshot: TagSnapshot): Promise<void> {
  try {
    await snapshot.close();
  } catch (error) {
    run.deps.log({ level: "warn", event: "scratch-not-removed", error: String(error) });
  }
}
