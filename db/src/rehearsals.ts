import { createHash } from "node:crypto";
import { type AttemptDto, PaksError, type RepositoryUrl } from "@paks/schema";
import { sql } from "kysely";
import { type AttemptOutcome, outcomeColumns } from "./attempt-progress.ts";
import { formatAttempt, isAttemptId, resultColumns } from "./attempts.ts";
import { enqueueJob } from "./jobs.ts";
import type { OpenEvidence } from "./open-attempts.ts";
import type { AttemptRelease, Db } from "./tables.ts";
import { inTransaction } from "./transaction.ts";

export interface RehearsalQuestion {
  readonly repository: RepositoryUrl;
  readonly tag: string;
  /** Folder of the pak, "" = the root; undefined = wherever trailers and bindings say. */
  readonly path?: string | undefined;
  /** Of whom one question at a time is answered: an address or a token's name. Only a hash of it is kept. */
  readonly asker: string;
  readonly accountId?: string | null | undefined;
  readonly tokenId?: string | null | undefined;
}

/**
 * Asks for the dry run of an ingest. The same question of the same asker is answered once.
 * @throws PaksError RATE_LIMITED while another question of this asker waits for its answer
 */
export const enqueueRehearsal = (db: Db, question: RehearsalQuestion): Promise<AttemptDto> =>
  inTransaction(db, async (trx) => {
    const id = (await insertRehearsal(trx, question)) ?? (await requireSameQuestion(trx, question));
    const { repository } = question;
    const payload = { url: repository.url, key: repository.key };
    await enqueueJob(trx, { kind: "why-not", key: id, host: repository.host, payload });
    return (await findRehearsal(trx, id))!;
  });

const hashAsker = ({ asker }: RehearsalQuestion): string => createHash("sha256").update(asker).digest("hex");

async function insertRehearsal(trx: Db, question: RehearsalQuestion): Promise<string | undefined> {
  const { repository, tag, path, accountId, tokenId } = question;
  const row = await trx
    .insertInto("rehearsals")
    .values({
      repository_key: repository.key,
      repository_url: repository.url,
      tag,
      path: path ?? null,
      account_id: accountId ?? null,
      token_id: tokenId ?? null,
      asker: hashAsker(question),
    })
    .onConflict((conflict) => conflict.column("asker").doNothing())
    .returning("id")
    .executeTakeFirst();
  return row?.id;
}

async function requireSameQuestion(trx: Db, question: RehearsalQuestion): Promise<string> {
  const { repository, tag, path } = question;
  const row = await trx
    .selectFrom("rehearsals")
    .select("id")
    .where("asker", "=", hashAsker(question))
    .where("repository_key", "=", repository.key)
    .where("tag", "=", tag)
    .where(sql<boolean>`path is not distinct from ${path ?? null}::text`)
    // Locked: a job that is made for an answered question would find nothing to do.
    .forUpdate()
    .executeTakeFirst();
  if (row) return row.id;
  throw new PaksError("RATE_LIMITED", "Your last question is not answered yet, and one at a time is.", {
    hint: "Ask again in a few seconds.",
    details: { retry_after: 5 },
  });
}

/** Undefined also for a text that is no id. */
export const findRehearsal = async (db: Db, id: string): Promise<AttemptDto | undefined> =>
  isAttemptId(id) ? (await findRehearsals(db, [id])).get(id.toLowerCase()) : undefined;

/** Those that there are, by id. */
export async function findRehearsals(db: Db, ids: readonly string[]): Promise<ReadonlyMap<string, AttemptDto>> {
  if (ids.length === 0) return new Map();
  const rows = await db
    .selectFrom("rehearsals")
    .select(resultColumns)
    .where("id", "in", [...ids])
    .execute();
  return new Map(rows.map((row) => [row.id, formatAttempt({ ...row, trigger: "why-not", next_try_at: null })]));
}

export interface OpenRehearsal {
  readonly id: string;
  readonly tag: string;
  readonly path: string | null;
  readonly tries: number;
  readonly createdAt: Date;
  /** What the asker could prove by asking for the release itself. */
  readonly evidence: OpenEvidence[];
}

/** Undefined when it is answered already. */
export async function findOpenRehearsal(db: Db, id: string): Promise<OpenRehearsal | undefined> {
  const row = await db
    .selectFrom("rehearsals")
    .leftJoin("accounts", "accounts.id", "rehearsals.account_id")
    .leftJoin("tokens", (join) =>
      join
        .onRef("tokens.id", "=", "rehearsals.token_id")
        .on("tokens.revoked_at", "is", null)
        .on(sql<boolean>`(tokens.expires_at is null or tokens.expires_at > now())`),
    )
    .select(["rehearsals.tag", "rehearsals.path", "rehearsals.tries", "rehearsals.created_at as createdAt"])
    .select(["rehearsals.account_id as accountId", "accounts.name as account", "rehearsals.token_id as tokenId"])
    .select("tokens.scopes")
    .where("rehearsals.id", "=", id)
    .where("rehearsals.state", "in", ["queued", "running"])
    .executeTakeFirst();
  if (!row) return undefined;
  const { tag, path, tries, createdAt, ...asker } = row;
  const evidence = asker.tokenId === null ? [] : [{ id: "0", kind: "token" as const, path, details: {}, ...asker }];
  return { id, tag, path, tries, createdAt, evidence };
}

/** Marks the beginning of a try and counts it. */
export async function startRehearsal(db: Db, id: string, stage: string): Promise<void> {
  await db
    .updateTable("rehearsals")
    .set({
      state: "running",
      stage,
      tries: sql<number>`tries + 1`,
      started_at: sql<Date>`coalesce(started_at, now())`,
    })
    .where("id", "=", id)
    .where("state", "in", ["queued", "running"])
    .execute();
}

export async function setRehearsalStage(db: Db, id: string, stage: string): Promise<void> {
  await db.updateTable("rehearsals").set({ stage }).where("id", "=", id).where("state", "=", "running").execute();
}

export interface RehearsalOutcome extends Omit<AttemptOutcome, "state" | "tagObject"> {
  readonly state: "releasable" | "rejected" | "failed";
  readonly releases?: readonly AttemptRelease[] | undefined;
}

/** Says for good what would come of it, and lets the asker ask again. */
export async function endRehearsal(db: Db, id: string, outcome: RehearsalOutcome): Promise<void> {
  await db
    .updateTable("rehearsals")
    .set({ state: outcome.state, asker: null, ...outcomeColumns(outcome) })
    .where("id", "=", id)
    .where("state", "in", ["queued", "running"])
    .execute();
}
