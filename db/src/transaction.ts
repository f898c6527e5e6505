import { setTimeout as delay } from "node:timers/promises";
import { sqlState } from "./database-error.ts";
import type { Db } from "./tables.ts";

const maxTries = 4;
const conflicts = new Set(["40001", "40P01"]);

/**
 * Runs `work` in one transaction and commits when it returns. Inside an open transaction it joins that one:
 * the embedded database has a single connection, so asking for a second would wait for ever.
 * Serialisation failures and deadlocks are tried again up to 3 times; `work` must not do anything outside the database.
 */
export async function inTransaction<T>(db: Db, work: (trx: Db) => Promise<T>): Promise<T> {
  if (db.isTransaction) return work(db);
  for (let attempt = 1; ; attempt++) {
    try {
      return await db.transaction().execute(work);
    } catch (error) {
      if (attempt === maxTries || !conflicts.has(sqlState(error) ?? "")) throw error;
      // Jitter, so that the same two do not meet again.
      await delay(Math.random() * 20 * 2 ** attempt);
    }
  }
}
