import { PaksError } from "@paks/schema";
import { sql } from "kysely";
import type { Db } from "./tables.ts";
import { createToken, hashToken, tokenPrefix } from "./token-text.ts";

export interface TokenRow {
  readonly id: string;
  /** Null: a token of the registry itself. */
  readonly accountId: string | null;
  readonly name: string;
  readonly prefix: string;
  readonly scopes: string[];
  readonly createdAt: Date;
  readonly expiresAt: Date | null;
  readonly lastUsedAt: Date | null;
  readonly revokedAt: Date | null;
}

export interface NewTokenRow {
  readonly accountId: string | null;
  readonly name: string;
  readonly scopes: readonly string[];
  readonly expiresAt: Date | null;
  /** Set by automation; otherwise one is made. 20 to 256 printable ASCII characters. */
  readonly token?: string | undefined;
}

const columns = [
  "tokens.id",
  "tokens.account_id as accountId",
  "tokens.name",
  "tokens.prefix",
  "tokens.scopes",
  "tokens.created_at as createdAt",
  "tokens.expires_at as expiresAt",
  "tokens.last_used_at as lastUsedAt",
  "tokens.revoked_at as revokedAt",
] as const;

/** A token that automation sets again is the same row. Throws INVALID_PARAMETER for an unusable one. */
export async function insertToken(db: Db, values: NewTokenRow): Promise<{ row: TokenRow; token: string }> {
  const token = values.token ?? createToken().token;
  if (!/^[\x21-\x7e]{20,256}$/.test(token)) {
    throw new PaksError("INVALID_PARAMETER", "The token must be 20 to 256 printable ASCII characters without blanks.");
  }
  const hash = hashToken(token);
  await db
    .insertInto("tokens")
    .values({
      account_id: values.accountId,
      name: values.name,
      hash,
      prefix: tokenPrefix(token),
      scopes: [...values.scopes],
      expires_at: values.expiresAt,
    })
    .onConflict((conflict) => conflict.column("hash").doNothing())
    .execute();
  const row = await db.selectFrom("tokens").select(columns).where("hash", "=", hash).executeTakeFirstOrThrow();
  return { row, token };
}

/** Also one that expired or was revoked: the caller tells which. */
export const findToken = (db: Db, token: string): Promise<(TokenRow & { account: string | null }) | undefined> =>
  db
    .selectFrom("tokens")
    .leftJoin("accounts", "accounts.id", "tokens.account_id")
    .select(columns)
    .select("accounts.name as account")
    .where("tokens.hash", "=", hashToken(token))
    .executeTakeFirst();

/** Notes the use, at most once a minute: a write per request would make every read wait for the disk. */
export async function touchToken(db: Db, id: string): Promise<void> {
  await db
    .updateTable("tokens")
    .set({ last_used_at: sql<Date>`now()` })
    .where("id", "=", id)
    .where((eb) =>
      eb.or([eb("last_used_at", "is", null), eb("last_used_at", "<", sql<Date>`now() - interval '1 minute'`)]),
    )
    .execute();
}

/** False when that account (null: the registry itself) has no such token that is still valid. */
export async function revokeToken(db: Db, token: { id: string; accountId: string | null }): Promise<boolean> {
  if (!/^\d{1,18}$/.test(token.id)) return false;
  const result = await db
    .updateTable("tokens")
    .set({ revoked_at: sql<Date>`now()` })
    .where("id", "=", token.id)
    .where("account_id", "is not distinct from", token.accountId)
    .where("revoked_at", "is", null)
    .executeTakeFirst();
  return result.numUpdatedRows > 0n;
}

/** Newest first, revoked ones included. */
export const listTokens = (db: Db, accountId: string | null): Promise<TokenRow[]> =>
  db
    .selectFrom("tokens")
    .select(columns)
    .where("account_id", "is not distinct from", accountId)
    .orderBy("id", "desc")
    .execute();
