import {
  databaseError,
  type Db,
  endAttempt,
  insertTagEvents,
  listReleasedTags,
  pauseHost,
  postponeAttempt,
  retryAttempt,
  setAttemptStage,
} from "@paks/db";
import { type ErrorCode, errorCodes, PaksError } from "@paks/schema";
import { now } from "../deps.ts";
import { LeaseLost } from "../lease.ts";
import { planRetry, retryAfterSeconds, type RetryPlan } from "../retry-plan.ts";
import type { TagWork } from "./tag-work.ts";

interface FailedWork extends TagWork {
  /** What else is written in the transaction that ends the try. */
  readonly finish: (trx: Db) => Promise<void>;
}

/**
 * Writes down why a try came to nothing: a verdict, or when the next try is. What says nothing about the tag (the
 * lease is lost, the worker stops, the database is away) is thrown on.
 */
export async function settleFailure(work: FailedWork, error: unknown): Promise<{ paused: boolean }> {
  const { run, attempt } = work;
  const { deps, held, repository } = run;
  if (held.stopping()) await held.fenced((trx) => postponeAttempt(trx, attempt.id, { nextTryAt: null }));
  const failure = await judgeFailure(work, error);
  const plan = planRetry({
    code: failure.code,
    tries: attempt.tries + 1,
    now: now(deps),
    random: Math.random(),
    retryAfterSeconds: retryAfterSeconds(failure),
  });
  await held.fenced(async (trx) => {
    if (plan.action === "end") await writeVerdict(trx, work, { failure, plan });
    else await writeRetry(trx, work, { failure, plan });
    await work.finish(trx);
  });
  const { code, message } = failure;
  deps.log({
    level: code === "INTERNAL" ? "error" : "info",
    event: "tag-refused",
    repository: repository.key,
    tag: attempt.tag,
    code,
    message,
    plan,
    cause: causeOf(error),
  });
  return { paused: plan.action === "retry" && plan.pauseHostUntil !== undefined };
}

/**
 * What a thrown value says about the tag. What says nothing about it is thrown on: the lease is lost, the worker
 * stops, the database is away.
 */
export async function judgeFailure(work: TagWork, error: unknown): Promise<PaksError> {
  const { held } = work.run;
  if (held.signal.aborted || error instanceof LeaseLost || databaseError(error)) throw error;
  return asMoved(work, asPaksError(error));
}

/** Only the log is told what a fault of ours says. */
export const causeOf = (error: unknown): string | undefined =>
  error instanceof PaksError ? undefined : error instanceof Error ? (error.stack ?? error.message) : String(error);

function asPaksError(error: unknown): PaksError {
  if (error instanceof PaksError) return error;
  return new PaksError("INTERNAL", "The indexer failed on this tag.", {
    hint: "It is a fault of the registry, not of the tag.",
    cause: error,
  });
}

/** A released tag that leads to something else now is burnt, whatever is wrong with what it leads to. */
async function asMoved({ run, attempt, object }: TagWork, failure: PaksError): Promise<PaksError> {
  const verdict = errorCodes[failure.code].status === 422;
  if (!verdict || object === undefined) return failure;
  const recorded = await listReleasedTags(run.deps.db, run.repository.key);
  const before = recorded.filter(({ tag }) => tag === attempt.tag);
  if (before.length === 0 || before.some(({ tagObject }) => tagObject === object)) return failure;
  return new PaksError("TAG_MOVED", `Tag ${attempt.tag} leads to other content than was released.`, {
    hint: "A version is never replaced: release the next one.",
    details: { found: { tag_object: object, code: failure.code, message: failure.message } },
    cause: failure,
  });
}

interface Verdict {
  readonly failure: PaksError;
  readonly plan: RetryPlan & { action: "end" };
}

async function writeVerdict(trx: Db, { run, attempt, object }: TagWork, { failure, plan }: Verdict): Promise<void> {
  const { code, message, hint, details } = failure;
  if (code === "TAG_MOVED" && object !== undefined) {
    const { key } = run.repository;
    const event = { tag: attempt.tag, tag_object: object };
    await insertTagEvents(trx, { action: "tag-moved", repositoryKey: key, tag: attempt.tag, details: event });
  }
  if (isAboutAuthority(code)) await setAttemptStage(trx, attempt.id, "check");
  await endAttempt(trx, attempt.id, {
    state: plan.state,
    code,
    message,
    hint: plan.hint ?? hint,
    details: details && publicDetails(details),
    tagObject: object,
  });
}

/** Who may publish is asked before anything is read, and is a check all the same. */
export const isAboutAuthority = (code: ErrorCode): boolean => errorCodes[code].status === 403;

/** Ids of rows are for the registry itself. */
export const publicDetails = ({ pak_id: _pak, release_id: _release, ...details }: Record<string, unknown>) => details;

interface Retry {
  readonly failure: PaksError;
  readonly plan: RetryPlan & { action: "retry" };
}

async function writeRetry(trx: Db, { run, attempt }: TagWork, { failure, plan }: Retry): Promise<void> {
  const { code, message, hint } = failure;
  const { at: nextTryAt, pauseHostUntil, keepTries } = plan;
  if (pauseHostUntil) await pauseHost(trx, run.repository.host, pauseHostUntil);
  if (keepTries) await postponeAttempt(trx, attempt.id, { code, message, nextTryAt });
  else await retryAttempt(trx, attempt.id, { code, message, hint, nextTryAt });
}
