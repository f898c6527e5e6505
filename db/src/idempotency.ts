import { PaksError } from "@paks/schema";
import { sql } from "kysely";
import { formatJson } from "./json.ts";
import type { Db } from "./tables.ts";

export interface IdempotencyKey {
  readonly tokenId: string;
  /** What the client sent as `Idempotency-Key`. */
  readonly key: string;
  /** Any digest of the request: method, path and body. */
  readonly requestHash: string;
}

/** How long an answer is repeated. */
const lifetime = sql<Date>`now() - interval '24 hours'`;

/** The answer given before to the same request. Throws IDEMPOTENCY_CONFLICT when the key was used for another one. */
export async function findIdempotent(
  db: Db,
  request: IdempotencyKey,
): Promise<{ status: number; response: unknown } | undefined> {
  const row = await db
    .selectFrom("idempotency_keys")
    .select(["request_hash", "status", "response"])
    .where("token_id", "=", request.tokenId)
    .where("key", "=", request.key)
    .where("created_at", ">", lifetime)
    .executeTakeFirst();
  if (!row) return undefined;
  if (row.request_hash !== request.requestHash) {
    throw new PaksError("IDEMPOTENCY_CONFLICT", "This Idempotency-Key was used for another request.", {
      hint: "Send a new key with a new request.",
    });
  }
  return { status: row.status, response: row.response };
}

/** Belongs into the transaction that does the work. False when another request with this key was faster. */
export async function insertIdempotent(
  db: Db,
  request: IdempotencyKey & { status: number; response: unknown },
): Promise<boolean> {
  const values = { request_hash: request.requestHash, status: request.status, response: formatJson(request.response) };
  const result = await db
    .insertInto("idempotency_keys")
    .values({ token_id: request.tokenId, key: request.key, ...values })
    .onConflict((conflict) =>
      conflict
        .columns(["token_id", "key"])
        .doUpdateSet({ ...values, created_at: sql<Date>`now()` })
        .where("idempotency_keys.created_at", "<=", lifetime),
    )
    .executeTakeFirst();
  return (result.numInsertedOrUpdatedRows ?? 0n) > 0n;
}
