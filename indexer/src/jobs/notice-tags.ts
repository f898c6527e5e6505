import {
  type Binding,
  byTag,
  tagsPerRun,
  type Db,
  insertListedAttempt,
  insertTagEvents,
  listBindings,
  listJudgedTags,
  listReleasedTags,
  listSettledTags,
  listWaitingAttempts,
  pauseHost,
} from "@paks/db";
import { type ListedTag, listTags } from "@paks/git";
import { isPaksError } from "@paks/schema";
import { now } from "../deps.ts";
import { diffTags } from "../diff-tags.ts";
import { planRetry, retryAfterSeconds } from "../retry-plan.ts";
import type { ReconcileRun } from "./reconcile-run.ts";

/**
 * Compares the tags of a repository that has paks with what is recorded: makes attempts for new and moved tags and
 * events for deleted ones. Hosts tell of at most three tags of a push and lose messages, so every hint leads here.
 */
export async function noticeTags(run: ReconcileRun): Promise<void> {
  const { deps, held, repository } = run;
  const bindings = await listBindings(deps.db, repository.key);
  if (bindings.length === 0) return;
  const listed = await fetchListing(run);
  if (!listed) return;
  for (const { tag, object } of listed) run.listed.set(tag, object);
  const diff = diffTags({ listed, paks: bindings, ...(await readRecords(deps.db, repository.key, bindings)) });
  // The highest versions are what most people wait for.
  const added = diff.added.slice(-tagsPerRun);
  run.followUp ||= added.length < diff.added.length;
  await held.fenced(async (trx) => {
    for (const tag of new Set(diff.deleted.map((recorded) => recorded.tag))) {
      await insertTagEvents(trx, { action: "tag-deleted", repositoryKey: repository.key, tag, details: { tag } });
    }
    for (const { tag, object } of [...diff.moved, ...added].toSorted(byTag)) {
      await insertListedAttempt(trx, { repository, tag, tagObject: object });
    }
  });
}

async function readRecords(db: Db, key: string, bindings: readonly Binding[]) {
  const places = new Set(bindings.map(({ path }) => path));
  const refused = await listJudgedTags(db, key);
  const judged = [
    ...refused.filter(({ path }) => path === null || places.has(path)),
    ...(await listSettledTags(db, key)),
  ];
  return {
    recorded: await listReleasedTags(db, key),
    judged: judged.map(({ tag, tagObject }) => ({ tag, object: tagObject })),
    open: new Set((await listWaitingAttempts(db, key)).map(({ tag }) => tag)),
  };
}

/** A listing that fails does not stop the tags that were named: those are fetched without it. */
async function fetchListing(run: ReconcileRun): Promise<ListedTag[] | undefined> {
  const { deps, held, repository } = run;
  try {
    return await listTags(deps.cage, repository, { signal: held.signal });
  } catch (error) {
    if (held.signal.aborted || !isPaksError(error)) throw error;
    deps.log({
      level: "warn",
      event: "listing-failed",
      repository: repository.key,
      code: error.code,
      error: error.message,
    });
    const plan = planRetry({
      code: error.code,
      tries: held.job.tries,
      now: now(deps),
      random: Math.random(),
      retryAfterSeconds: retryAfterSeconds(error),
    });
    if (plan.action === "retry") run.listingError = error;
    if (plan.action === "retry" && plan.pauseHostUntil) await pauseHost(deps.db, repository.host, plan.pauseHostUntil);
    return undefined;
  }
}
