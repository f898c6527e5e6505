import {
  type AttemptRelease,
  type Db,
  endAttempt,
  insertRelease,
  type OpenAttempt,
  setAttemptStage,
  startAttempt,
} from "@paks/db";
import { PaksError, parseTagName } from "@paks/schema";
import { maxTries } from "../retry-plan.ts";
import { type PreparedRelease, prepareRelease, describeRelease } from "./prepare-release.ts";
import { withTag } from "./read-tag.ts";
import type { ReconcileRun } from "./reconcile-run.ts";
import { settleFailure } from "./settle-failure.ts";
import type { Stage, TagWork } from "./tag-work.ts";

interface IngestWork extends TagWork {
  /** What else is written in the transaction that ends the try. */
  readonly finish: (trx: Db) => Promise<void>;
}

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
    await withTag(work, async ({ context, paks }) => {
      const releases: PreparedRelease[] = [];
      // One pak after the other, so that the files of only one are in memory.
      for (const pak of paks) releases.push(await prepareRelease(context, pak));
      await recordReleases(work, releases);
    });
    return { paused: false };
  } catch (error) {
    return settleFailure(work, error);
  }
}

function openWork(run: ReconcileRun, attempt: OpenAttempt, finish: (trx: Db) => Promise<void>): IngestWork {
  let current: Stage | undefined;
  const stage = async (next: Stage): Promise<void> => {
    run.held.signal.throwIfAborted();
    if (next === current) return;
    await run.held.fenced((trx) => setAttemptStage(trx, attempt.id, next));
    current = next;
  };
  const store = async (archive: Uint8Array) => {
    await stage("store");
    return run.deps.objects.put(archive);
  };
  return { run, attempt, stage, store, finish, object: run.listed.get(attempt.tag) };
}

/** Tries are counted before the work: a tag that ends its worker is given up in the end. */
async function startTry(work: TagWork): Promise<void> {
  const { run, attempt } = work;
  if (attempt.state === "running" && attempt.tries >= maxTries.ours) {
    throw new PaksError("INTERNAL", `The indexer ended ${attempt.tries} times while it read this tag.`, {
      hint: "Tell the registry's operator.",
    });
  }
  // The list of attempts was read before the tags ahead of this one: a hint may have joined since.
  const evidence = await run.held.fenced((trx) => startAttempt(trx, attempt.id, "resolve"));
  work.attempt = { ...attempt, evidence };
  parseTagName(attempt.tag);
}

/** All paks of the tag or none, together with the end of the attempt and, when it was the last, of the job. */
async function recordReleases(work: IngestWork, releases: PreparedRelease[]): Promise<void> {
  const { run, attempt, stage, finish } = work;
  await stage("record");
  const done = await run.held.fenced(async (trx) => {
    const recorded: AttemptRelease[] = [];
    for (const release of releases) {
      const { created } = await insertRelease(trx, release);
      recorded.push(describeRelease(release, created));
    }
    await endAttempt(trx, attempt.id, { state: "indexed", tagObject: work.object, releases: recorded });
    // A repository that got its first pak now may hold more tags.
    if (releases.some(({ mayBind }) => mayBind)) run.followUp = true;
    await finish(trx);
    run.deps.fault?.("before-commit");
    return recorded;
  });
  run.deps.fault?.("after-commit");
  run.deps.log({ event: "tag-indexed", repository: run.repository.key, tag: attempt.tag, releases: done });
}
