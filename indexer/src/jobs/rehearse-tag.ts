import {
  type AttemptRelease,
  type Db,
  endRehearsal,
  findOpenRehearsal,
  finishJob,
  type Job,
  type OpenRehearsal,
  pauseHost,
  type RehearsalOutcome,
  rehearseRelease,
  setRehearsalStage,
  startRehearsal,
} from "@paks/db";
import { type ErrorCode, PaksError, anyGitPolicy, parseRepositoryUrl, parseTagName, sha256Hex } from "@paks/schema";
import type { ChosenPak } from "../choose-paks.ts";
import { type IndexerDeps, now } from "../deps.ts";
import { type HeldJob, LeaseLost } from "../lease.ts";
import { planRetry, retryAfterSeconds } from "../retry-plan.ts";
import { describeRelease, prepareRelease } from "./prepare-release.ts";
import { type OpenTag, withTag } from "./read-tag.ts";
import { causeOf, isAboutAuthority, judgeFailure, publicDetails } from "./settle-failure.ts";
import type { Stage, TagWork } from "./tag-work.ts";

/** What would become of one pak of the tag. */
interface PakVerdict {
  readonly account: string;
  readonly name: string;
  readonly version: string;
  readonly path: string;
  /** Null: it would be released. */
  readonly stage: Stage | null;
  readonly code: ErrorCode | null;
  readonly message: string | null;
  readonly hint: string | null;
}

/**
 * Answers why a tag is not released: goes the way of `ingestTag` on one try, looks at every pak also after one was
 * refused, and records nothing but the answer.
 */
export async function rehearseTag(deps: IndexerDeps, held: HeldJob): Promise<void> {
  const rehearsal = await findOpenRehearsal(deps.db, held.job.key);
  if (!rehearsal) return held.fenced((trx) => finish(trx, held.job));
  const work = openWork(deps, held, rehearsal);
  let outcome: RehearsalOutcome;
  try {
    await startTry(work);
    // The configuration may have changed since the question was taken.
    parseRepositoryUrl(work.run.repository.url, deps.cage.policy);
    parseTagName(rehearsal.tag);
    outcome = await rehearse(work);
  } catch (error) {
    outcome = await refuse(work, await judgeFailure(work, error), causeOf(error));
  }
  await held.fenced(async (trx) => {
    if (outcome.code && isAboutAuthority(outcome.code)) await setRehearsalStage(trx, rehearsal.id, "check");
    await endRehearsal(trx, rehearsal.id, outcome);
    await finish(trx, held.job);
  });
}

/** The job's dead letter. */
export async function failRehearsal(trx: Db, job: Job): Promise<void> {
  await endRehearsal(trx, job.key, {
    state: "failed",
    code: "INTERNAL",
    message: "The indexer failed on this tag again and again.",
    hint: "It is a fault of the registry, not of the tag.",
  });
}

async function finish(trx: Db, job: Job): Promise<void> {
  if (!(await finishJob(trx, job))) throw new LeaseLost(job);
}

interface RehearsalWork extends TagWork {
  /** Where the work is. */
  current: Stage;
}

function openWork(deps: IndexerDeps, held: HeldJob, rehearsal: OpenRehearsal): RehearsalWork {
  const { payload } = held.job;
  // Records are found by the key under which they were made.
  const repository = { ...parseRepositoryUrl(String(payload["url"]), anyGitPolicy), key: String(payload["key"]) };
  const work: RehearsalWork = {
    run: { deps, held, repository, listed: new Map(), followUp: false, listingError: undefined },
    attempt: { ...rehearsal, state: "running" },
    current: "resolve",
    object: undefined,
    store: async (archive) => ({ sha256: sha256Hex(archive), bytes: archive.length }),
    stage: async (next) => {
      held.signal.throwIfAborted();
      if (next === work.current) return;
      await held.fenced((trx) => setRehearsalStage(trx, rehearsal.id, next));
      work.current = next;
    },
  };
  return work;
}

/** A question ends no more than this many workers. */
const maxTries = 2;

async function startTry({ run, attempt }: TagWork): Promise<void> {
  if (attempt.tries >= maxTries) {
    throw new PaksError("INTERNAL", `The indexer ended ${attempt.tries} times while it read this tag.`, {
      hint: "Tell the registry's operator.",
    });
  }
  await run.held.fenced((trx) => startRehearsal(trx, attempt.id, "resolve"));
}

async function rehearse(work: RehearsalWork): Promise<RehearsalOutcome> {
  const releases: AttemptRelease[] = [];
  const paks: PakVerdict[] = [];
  let first: { failure: PaksError; stage: Stage; cause: string | undefined } | undefined;
  await withTag(work, async (tag) => {
    for (const pak of tag.paks) {
      try {
        releases.push(await rehearsePak(work, tag, pak));
        paks.push({ ...placeOf(pak), stage: null, code: null, message: null, hint: null });
      } catch (error) {
        const failure = await judgeFailure(work, error);
        const { code, message, hint = null } = failure;
        const stage = isAboutAuthority(code) ? "check" : work.current;
        first ??= { failure, stage, cause: causeOf(error) };
        paks.push({ ...placeOf(pak), stage, code, message, hint });
      }
    }
  });
  if (!first) return { state: "releasable", releases, details: { paks } };
  await work.stage(first.stage);
  const outcome = await refuse(work, first.failure, first.cause);
  // All paks of a tag are released together or none.
  return { ...outcome, details: { ...outcome.details, paks } };
}

async function rehearsePak(work: RehearsalWork, { context }: OpenTag, pak: ChosenPak): Promise<AttemptRelease> {
  const release = await prepareRelease(context, pak);
  await work.stage("record");
  const { created } = await rehearseRelease(work.run.deps.db, release);
  return describeRelease(release, created);
}

const placeOf = ({ account, name, version, path }: ChosenPak) => ({ account, name, version, path });

/** Tries beyond any plan's: whoever asks waits for an answer, and asks again if it helps. */
const noMoreTries = 1000;

async function refuse({ run, attempt }: TagWork, failure: PaksError, cause?: string): Promise<RehearsalOutcome> {
  const { deps, repository } = run;
  const { code, message, hint, details } = failure;
  const plan = planRetry({
    code,
    tries: noMoreTries,
    now: now(deps),
    random: 0,
    retryAfterSeconds: retryAfterSeconds(failure),
  });
  if (plan.action === "retry" && plan.pauseHostUntil) await pauseHost(deps.db, repository.host, plan.pauseHostUntil);
  deps.log({ event: "rehearsal-refused", repository: repository.key, tag: attempt.tag, code, message, cause });
  return {
    state: plan.action === "end" ? plan.state : "failed",
    code,
    message,
    hint: (plan.action === "end" ? plan.hint : undefined) ?? hint,
    details: details && publicDetails(details),
  };
}
