import { sql } from "kysely";
import type { AttemptState, AttemptTrigger, Db, EvidenceKind } from "./tables.ts";

export interface OpenEvidence {
  readonly id: string;
  readonly kind: EvidenceKind;
  readonly accountId: string | null;
  readonly account: string | null;
  readonly tokenId: string | null;
  /** The token's scopes; null when there is no token, or it expired or was revoked since. */
  readonly scopes: string[] | null;
  /** The folder this hint named. */
  readonly path: string | null;
  readonly details: Record<string, unknown>;
}

export interface OpenAttempt {
  readonly id: string;
  readonly tag: string;
  /** The folder when all hints named the same one. */
  readonly path: string | null;
  readonly trigger: AttemptTrigger;
  readonly state: AttemptState;
  readonly tries: number;
  readonly createdAt: Date;
  readonly evidence: OpenEvidence[];
}

/** Tags that one run takes up; the rest is for its follow-up, so that one repository does not keep a worker for hours. */
export const tagsPerRun = 50;

/**
 * The attempts on a repository that wait and are due, also running ones, which a dead worker left: only one job of a
 * repository runs at a time. Anybody may hint at any repository, so what its own publishers wait for comes first, and
 * the others take turns. In both, running ones come last and of each account the least tried first: a tag that ends
 * its worker again and again holds up no other.
 */
export async function listOpenAttempts(db: Db, repositoryKey: string, limit = tagsPerRun): Promise<OpenAttempt[]> {
  const attempts = await db
    .selectFrom("attempts")
    .select(["id", "tag", "path", "trigger", "state", "tries", "created_at as createdAt"])
    .where("repository_key", "=", repositoryKey)
    .where("state", "in", ["queued", "running"])
    .where((eb) => eb.or([eb("next_try_at", "is", null), eb("next_try_at", "<=", sql<Date>`now()`)]))
    .orderBy(hasPublisher(repositoryKey), "desc")
    .orderBy(sql`attempts.state = 'running'`)
    .orderBy(sql`row_number() over (partition by attempts.account_id order by tries, created_at, id)`)
    .orderBy("tries")
    .orderBy("created_at")
    .orderBy("id")
    // Before the evidence is read: how many wait is up to those who hint.
    .limit(limit)
    .execute();
  const evidence = await listEvidence(
    db,
    attempts.map((attempt) => attempt.id),
  );
  return attempts.map((attempt) => ({ ...attempt, evidence: evidence.get(attempt.id) ?? [] }));
}

// Found by listing a repository that has paks, or asked for by the account of one of them.
const hasPublisher = (repositoryKey: string) =>
  sql<boolean>`exists (
    select 1 from evidence
    where evidence.attempt_id = attempts.id and (evidence.kind = 'binding' or evidence.account_id in (
      select paks.account_id from bindings join paks on paks.id = bindings.pak_id
      where bindings.repository_key = ${repositoryKey} and bindings.state <> 'released'
    ))
  )`;

/** By attempt, in the order in which it came. */
export async function listEvidence(db: Db, attemptIds: readonly string[]): Promise<Map<string, OpenEvidence[]>> {
  if (attemptIds.length === 0) return new Map();
  const rows = await db
    .selectFrom("evidence")
    .leftJoin("accounts", "accounts.id", "evidence.account_id")
    .leftJoin("tokens", (join) =>
      join
        .onRef("tokens.id", "=", "evidence.token_id")
        .on("tokens.revoked_at", "is", null)
        .on(sql<boolean>`(tokens.expires_at is null or tokens.expires_at > now())`),
    )
    .select(["evidence.id", "evidence.attempt_id", "evidence.kind", "evidence.account_id as accountId"])
    .select(["accounts.name as account", "evidence.token_id as tokenId", "tokens.scopes"])
    .select(["evidence.path", "evidence.details"])
    .where("evidence.attempt_id", "in", attemptIds)
    .orderBy("evidence.id")
    .execute();
  const byAttempt = new Map<string, OpenEvidence[]>();
  for (const { attempt_id, ...row } of rows) {
    const known = byAttempt.get(attempt_id);
    if (known) known.push(row);
    else byAttempt.set(attempt_id, [row]);
  }
  return byAttempt;
}
