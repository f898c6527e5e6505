import type { AttemptDto } from "@paks/schema";
import { sql } from "kysely";
import type { Db } from "./tables.ts";

/** What attempts and rehearsals have in common. */
export const resultColumns = [
  "id",
  "repository_url",
  "tag",
  "path",
  "state",
  "stage",
  "code",
  "message",
  "hint",
  "details",
  "releases",
  "tries",
  "retryable",
  "created_at",
  "started_at",
  "ended_at",
] as const;

const selectAttempts = (db: Db) => db.selectFrom("attempts").select([...resultColumns, "trigger", "next_try_at"]);
type AttemptRow = Omit<
  Awaited<ReturnType<ReturnType<typeof selectAttempts>["executeTakeFirstOrThrow"]>>,
  "state" | "trigger"
> &
  Pick<AttemptDto, "state" | "trigger">;

const formatTime = (time: Date | null): string | null => time?.toISOString() ?? null;

export const formatAttempt = ({ repository_url, ...row }: AttemptRow): AttemptDto => ({
  ...row,
  repository: repository_url,
  next_try_at: formatTime(row.next_try_at),
  created_at: row.created_at.toISOString(),
  started_at: formatTime(row.started_at),
  ended_at: formatTime(row.ended_at),
});

export const isAttemptId = (text: string): boolean => /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i.test(text);

/** Undefined also for a text that is no id. */
export async function findAttempt(db: Db, id: string): Promise<AttemptDto | undefined> {
  if (!isAttemptId(id)) return undefined;
  const row = await selectAttempts(db).where("id", "=", id).executeTakeFirst();
  return row && formatAttempt(row);
}

/** Those that there are, by id. */
export async function findAttempts(db: Db, ids: readonly string[]): Promise<ReadonlyMap<string, AttemptDto>> {
  if (ids.length === 0) return new Map();
  const rows = await selectAttempts(db)
    .where("id", "in", [...ids])
    .execute();
  return new Map(rows.map((row) => [row.id, formatAttempt(row)]));
}

export interface AttemptFilter {
  readonly repositoryKey?: string | undefined;
  /** Attempts that this account asked for. */
  readonly accountId?: string | undefined;
  /** Attempts on the pak's repository that released this pak or nothing yet. */
  readonly pakId?: string | undefined;
  readonly limit: number;
}

/** Newest first. */
export async function listAttempts(db: Db, filter: AttemptFilter): Promise<AttemptDto[]> {
  let query = selectAttempts(db).orderBy("created_at", "desc").orderBy("id").limit(filter.limit);
  if (filter.repositoryKey !== undefined) query = query.where("repository_key", "=", filter.repositoryKey);
  if (filter.accountId !== undefined) {
    query = query.where(sql<boolean>`(account_id = ${filter.accountId} or exists (
      select 1 from evidence where evidence.attempt_id = attempts.id and evidence.account_id = ${filter.accountId}
    ))`);
  }
  if (filter.pakId !== undefined) query = query.where(concernsPak(filter.pakId));
  return (await query.execute()).map(formatAttempt);
}

const concernsPak = (pakId: string) => sql<boolean>`(
  repository_key in (select bindings.repository_key from bindings where bindings.pak_id = ${pakId})
  and (releases = '[]' or exists (
    select 1 from paks join accounts on accounts.id = paks.account_id
    where paks.id = ${pakId}
      and releases @> jsonb_build_array(jsonb_build_object('account', accounts.name, 'name', paks.name))
  ))
)`;
