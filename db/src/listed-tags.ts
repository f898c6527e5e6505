import type { RepositoryUrl } from "@paks/schema";
import { sql } from "kysely";
import { cleanText, formatJson } from "./json.ts";
import type { Db } from "./tables.ts";

/** What reconciling a repository with its listing needs beside `attempts.ts`: nobody hinted at these tags. */

/** An attempt for a tag that was found by listing; false when one waits for this tag already. Enqueues no job. */
export async function insertListedAttempt(
  db: Db,
  listed: { repository: RepositoryUrl; tag: string; tagObject: string },
): Promise<boolean> {
  const result = await sql`
    with attempt as (
      insert into attempts (repository_key, repository_url, tag, tag_object, trigger)
      values (${listed.repository.key}, ${listed.repository.url}, ${listed.tag}, ${listed.tagObject}, 'reconcile')
      on conflict (repository_key, tag) where state = 'queued' and tries = 0 do nothing
      returning id
    )
    insert into evidence (attempt_id, kind) select id, 'binding' from attempt
    returning id`.execute(db);
  return result.rows.length > 0;
}

/**
 * Tag objects that another look at the listing would only judge again: released or confirmed ones, and those that
 * listing itself was refused, unless a pak was bound here since. What a stranger's hint was refused is not among them.
 */
export async function listSettledTags(db: Db, repositoryKey: string): Promise<{ tag: string; tagObject: string }[]> {
  const rows = await db
    .selectFrom("attempts")
    .select(["tag", "tag_object as tagObject"])
    .distinct()
    .where("repository_key", "=", repositoryKey)
    .where("tag_object", "is not", null)
    .where(
      sql<boolean>`(state = 'indexed' or (
        trigger = 'reconcile'
        and (state = 'rejected' or (state = 'failed' and code = 'INTERNAL'))
        and ended_at > (select max(bindings.created_at) from bindings where bindings.repository_key = ${repositoryKey})
      ))`,
    )
    .execute();
  return rows.flatMap(({ tag, tagObject }) => (tagObject === null ? [] : [{ tag, tagObject }]));
}

/** The tag of every attempt on a repository that has not ended, due or not. */
export const listWaitingAttempts = (db: Db, repositoryKey: string): Promise<{ tag: string }[]> =>
  db
    .selectFrom("attempts")
    .select("tag")
    .where("repository_key", "=", repositoryKey)
    .where("state", "in", ["queued", "running"])
    .orderBy("created_at")
    .execute();

/** When the first of those attempts is due, `null` = now; `undefined` when none waits. */
export async function findNextTry(db: Db, repositoryKey: string): Promise<Date | null | undefined> {
  const row = await db
    .selectFrom("attempts")
    .select("next_try_at")
    .where("repository_key", "=", repositoryKey)
    .where("state", "in", ["queued", "running"])
    .orderBy("next_try_at", (order) => order.asc().nullsFirst())
    .limit(1)
    .executeTakeFirst();
  return row?.next_try_at;
}

/**
 * Puts a running attempt back as if this try had not been: the worker has to stop, or the host asked for patience.
 * At least one try stays counted, because the place of an untried attempt may be taken by a newer hint.
 */
export async function postponeAttempt(
  db: Db,
  id: string,
  why: { nextTryAt: Date | null; code?: string; message?: string },
): Promise<void> {
  await db
    .updateTable("attempts")
    .set({
      state: "queued",
      tries: sql<number>`greatest(tries - 1, 1)`,
      next_try_at: why.nextTryAt,
      ...(why.code === undefined ? {} : { code: why.code, message: cleanText(why.message ?? ""), retryable: true }),
    })
    .where("id", "=", id)
    .where("state", "=", "running")
    .execute();
}

/** Appends one event to every release of a tag, unless that release has it already. */
export async function insertTagEvents(
  db: Db,
  event: { action: string; repositoryKey: string; tag: string; details: Record<string, unknown> },
): Promise<void> {
  const details = formatJson(event.details);
  await sql`
    insert into audit_events (action, account_id, pak_id, release_id, details)
    select ${event.action}::text, paks.account_id, releases.pak_id, releases.id, ${details}::jsonb
    from releases join paks on paks.id = releases.pak_id
    where releases.repository_key = ${event.repositoryKey} and releases.tag = ${event.tag}
      and not exists (
        select 1 from audit_events as known
        where known.pak_id = releases.pak_id and known.release_id = releases.id
          and known.action = ${event.action}::text and known.details @> ${details}::jsonb
      )
    order by releases.id`.execute(db);
}
