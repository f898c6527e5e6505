import { sql } from "kysely";
import type { Db } from "./tables.ts";

/**
 * Deletes what is kept for a time only: idempotency keys (1 day), visitors (2 days), deliveries, dead jobs and answered
 * rehearsals (30 days).
 */
export async function deleteExpiredRows(db: Db): Promise<void> {
  await db
    .deleteFrom("download_visitors")
    .where("day", "<", sql<string>`(now() at time zone 'UTC')::date - 1`)
    .execute();
  await db
    .deleteFrom("idempotency_keys")
    .where("created_at", "<", sql<Date>`now() - interval '1 day'`)
    .execute();
  await db
    .deleteFrom("webhook_deliveries")
    .where("received_at", "<", sql<Date>`now() - interval '30 days'`)
    .execute();
  await db
    .deleteFrom("rehearsals")
    .where("ended_at", "<", sql<Date>`now() - interval '30 days'`)
    .execute();
  await db
    .deleteFrom("jobs")
    .where("state", "=", "dead")
    .where("run_at", "<", sql<Date>`now() - interval '30 days'`)
    .execute();
}
