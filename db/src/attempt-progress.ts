import { type ErrorCode, errorCodes, isErrorCode } from "@paks/schema";
import { sql } from "kysely";
import { cleanText, formatJson } from "./json.ts";
import { listEvidence, type OpenEvidence } from "./open-attempts.ts";
import type { AttemptRelease, Db } from "./tables.ts";
import { inTransaction } from "./transaction.ts";

/**
 * Marks the beginning of a try, counts it and returns all evidence of the attempt: what joined it while it waited is
 * among it, and what comes later finds it running and makes another attempt.
 */
export const startAttempt = (db: Db, id: string, stage: string): Promise<OpenEvidence[]> =>
  inTransaction(db, async (trx) => {
    await trx
      .updateTable("attempts")
      .set({
        state: "running",
        stage,
        tries: sql<number>`tries + 1`,
        started_at: sql<Date>`coalesce(started_at, now())`,
        next_try_at: null,
      })
      .where("id", "=", id)
      .where("state", "in", ["queued", "running"])
      .execute();
    // A statement of its own, after the row's lock: it sees the hint that the lock had to wait for.
    return (await listEvidence(trx, [id])).get(id) ?? [];
  });

export async function setAttemptStage(db: Db, id: string, stage: string): Promise<void> {
  await db.updateTable("attempts").set({ stage }).where("id", "=", id).where("state", "=", "running").execute();
}

export interface AttemptOutcome {
  readonly state: "indexed" | "rejected" | "failed";
  readonly code?: ErrorCode | undefined;
  readonly message?: string | undefined;
  readonly hint?: string | undefined;
  readonly details?: Record<string, unknown> | undefined;
  readonly tagObject?: string | undefined;
  readonly releases?: readonly AttemptRelease[] | undefined;
}

/** Says for good what came of it. An attempt that has ended stays as it is. */
export async function endAttempt(db: Db, id: string, outcome: AttemptOutcome): Promise<void> {
  await db
    .updateTable("attempts")
    .set({
      state: outcome.state,
      ...outcomeColumns(outcome),
      next_try_at: null,
      ...(outcome.tagObject === undefined ? {} : { tag_object: outcome.tagObject }),
    })
    .where("id", "=", id)
    .where("state", "in", ["queued", "running"])
    .execute();
}

/** The same of every attempt on a repository that has not ended, due or not. In one statement: they may be many. */
export async function endAttempts(db: Db, repositoryKey: string, outcome: AttemptOutcome): Promise<void> {
  await db
    .updateTable("attempts")
    .set({ state: outcome.state, ...outcomeColumns(outcome), next_try_at: null })
    .where("repository_key", "=", repositoryKey)
    .where("state", "in", ["queued", "running"])
    .execute();
}

export const outcomeColumns = (outcome: Omit<AttemptOutcome, "state" | "tagObject">) => ({
  code: outcome.code ?? null,
  message: outcome.message === undefined ? null : cleanText(outcome.message),
  hint: outcome.hint === undefined ? null : cleanText(outcome.hint),
  details: outcome.details === undefined ? null : formatJson(outcome.details),
  releases: formatJson(outcome.releases ?? []),
  retryable: outcome.code === undefined ? false : errorCodes[outcome.code].retry,
  ended_at: sql<Date>`now()`,
});

/** Puts the attempt back until `nextTryAt` and tells why. */
export async function retryAttempt(
  db: Db,
  id: string,
  retry: { code: ErrorCode; message: string; hint?: string | undefined; nextTryAt: Date },
): Promise<void> {
  await db
    .updateTable("attempts")
    .set({
      state: "queued",
      code: retry.code,
      message: cleanText(retry.message),
      hint: retry.hint === undefined ? null : cleanText(retry.hint),
      retryable: true,
      next_try_at: retry.nextTryAt,
    })
    .where("id", "=", id)
    .where("state", "=", "running")
    .execute();
}

/** 422 and yet not about the content: another publisher or another configuration may succeed with the same tag. */
const notContent = new Set<ErrorCode>(["NAME_RESERVED", "HOST_NOT_ALLOWED", "PROTOCOL_NOT_ALLOWED"]);
const contentConflicts = new Set<ErrorCode>(["VERSION_EXISTS", "TAG_MOVED"]);

const isContentError = (code: string): boolean =>
  isErrorCode(code) && ((errorCodes[code].status === 422 && !notContent.has(code)) || contentConflicts.has(code));

export interface JudgedTag {
  readonly tag: string;
  readonly tagObject: string;
  /** The folder that the rejected hint named; null = none. Whoever polls must not trust a stranger's folder. */
  readonly path: string | null;
  readonly code: string;
}

/** Tag objects that were refused for their content. Errors of authority are not among them. */
export async function listJudgedTags(db: Db, repositoryKey: string): Promise<JudgedTag[]> {
  const rows = await db
    .selectFrom("attempts")
    .select(["tag", "tag_object as tagObject", "path", "code"])
    .distinct()
    .where("repository_key", "=", repositoryKey)
    .where("state", "=", "rejected")
    .where("tag_object", "is not", null)
    .where("code", "is not", null)
    .orderBy("tag")
    .execute();
  return rows.flatMap((row) =>
    row.tagObject !== null && row.code !== null && isContentError(row.code)
      ? [{ ...row, tagObject: row.tagObject, code: row.code }]
      : [],
  );
}
