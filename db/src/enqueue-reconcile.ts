import type { AttemptDto, RepositoryUrl } from "@paks/schema";
import { sql } from "kysely";
import { findAttempts } from "./attempts.ts";
import { enqueueJob } from "./jobs.ts";
import { formatJson } from "./json.ts";
import type { AttemptTrigger, Db, EvidenceKind } from "./tables.ts";
import { inTransaction } from "./transaction.ts";

export interface NewEvidence {
  readonly kind: EvidenceKind;
  readonly accountId?: string | null | undefined;
  readonly tokenId?: string | null | undefined;
  /** Never a secret. */
  readonly details?: Record<string, unknown> | undefined;
}

export interface ReconcileHint {
  readonly repository: RepositoryUrl;
  readonly tag: string;
  /** Folder of the pak, "" = the root; undefined = wherever trailers and bindings say. */
  readonly path?: string | undefined;
  readonly trigger: AttemptTrigger;
  readonly evidence: NewEvidence;
}

/**
 * Takes a hint that a tag may be new: attempt, evidence and job in one transaction. A queued attempt for this tag and
 * a pending job for this repository are reused and due at once; a running one gets a follow-up.
 */
export const enqueueReconcile = async (db: Db, hint: ReconcileHint): Promise<AttemptDto> =>
  (await enqueueReconciles(db, [hint]))[0]!;

/**
 * The order in which whoever makes attempts for several tags in one transaction does it: each waits for the other's
 * row of the same tag, and in two orders they would wait for each other.
 */
export const byTag = (a: { readonly tag: string }, b: { readonly tag: string }): number =>
  a.tag === b.tag ? 0 : a.tag < b.tag ? -1 : 1;

/** The same for several tags of one repository: all of them or none. Answers in their order. */
export const enqueueReconciles = (db: Db, hints: readonly ReconcileHint[]): Promise<AttemptDto[]> =>
  inTransaction(db, async (trx) => {
    const ids = new Map<ReconcileHint, string>();
    // The job last: a run writes to an attempt before it asks for its follow-up.
    for (const hint of hints.toSorted(byTag)) ids.set(hint, await insertHint(trx, hint));
    if (hints[0]) await enqueueReconcileJob(trx, hints[0].repository);
    const found = await findAttempts(trx, [...ids.values()]);
    return hints.map((hint) => found.get(ids.get(hint)!)!);
  });

async function insertHint(trx: Db, hint: ReconcileHint): Promise<string> {
  const id = (await pullQueuedAttempt(trx, hint)) ?? (await insertAttempt(trx, hint));
  await trx
    .insertInto("evidence")
    .values({
      attempt_id: id,
      kind: hint.evidence.kind,
      account_id: hint.evidence.accountId ?? null,
      token_id: hint.evidence.tokenId ?? null,
      path: hint.path ?? null,
      details: formatJson(hint.evidence.details ?? {}),
    })
    .execute();
  return id;
}

/** The job without a hint about a tag: the poller's way. `runAt` undefined = now. */
export const enqueueReconcileJob = (db: Db, repository: RepositoryUrl, runAt?: Date): Promise<{ id: string }> =>
  enqueueJob(db, {
    kind: "reconcile",
    key: repository.key,
    host: repository.host,
    payload: { ...repository },
    ...(runAt === undefined ? {} : { runAt }),
  });

async function pullQueuedAttempt(trx: Db, hint: ReconcileHint): Promise<string | undefined> {
  const row = await trx
    .updateTable("attempts")
    .set((eb) => ({
      next_try_at: null,
      path: samePath(hint.path),
      account_id: eb.fn.coalesce("account_id", sql<string | null>`${hint.evidence.accountId ?? null}::bigint`),
    }))
    .where("id", "=", (eb) =>
      eb
        .selectFrom("attempts")
        .select("id")
        .where("repository_key", "=", hint.repository.key)
        .where("tag", "=", hint.tag)
        .where("state", "=", "queued")
        .where(ownTries(hint.evidence.accountId))
        .orderBy("created_at")
        .limit(1)
        // Looks again at a row that a worker has just started: then there is none to pull.
        .forUpdate(),
    )
    .returning("id")
    .executeTakeFirst();
  return row?.id;
}

// An attempt that used up tries takes in only more hints of the one who made it: a stranger's tries are not the author's.
const ownTries = (accountId: string | null | undefined) =>
  sql<boolean>`(attempts.tries = 0 or not exists (
    select 1 from evidence
    where evidence.attempt_id = attempts.id
      and evidence.account_id is distinct from ${accountId ?? null}::bigint
  ))`;

// Hints that name different folders make the attempt name none; each evidence row keeps its own.
const samePath = (path: string | undefined) =>
  sql<string | null>`case when attempts.path = ${path ?? null}::text then attempts.path end`;

async function insertAttempt(trx: Db, hint: ReconcileHint): Promise<string> {
  const row = await trx
    .insertInto("attempts")
    .values({
      repository_key: hint.repository.key,
      repository_url: hint.repository.url,
      tag: hint.tag,
      path: hint.path ?? null,
      trigger: hint.trigger,
      account_id: hint.evidence.accountId ?? null,
    })
    .onConflict((conflict) =>
      conflict
        .columns(["repository_key", "tag"])
        .where("state", "=", "queued")
        .where("tries", "=", 0)
        .doUpdateSet({ next_try_at: null, path: samePath(hint.path) }),
    )
    .returning("id")
    .executeTakeFirstOrThrow();
  return row.id;
}
