import { formatJson } from "./json.ts";
import type { Db } from "./tables.ts";

export async function findFact(db: Db, key: string): Promise<unknown> {
  const row = await db.selectFrom("registry_facts").select("value").where("key", "=", key).executeTakeFirst();
  return row?.value;
}

/** Facts are made once: false when there is one already, which stays as it is. */
export async function insertFact(db: Db, key: string, value: unknown): Promise<boolean> {
  const result = await db
    .insertInto("registry_facts")
    .values({ key, value: formatJson(value) })
    .onConflict((conflict) => conflict.column("key").doNothing())
    .executeTakeFirst();
  return (result.numInsertedOrUpdatedRows ?? 0n) > 0n;
}
