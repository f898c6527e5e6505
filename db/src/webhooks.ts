import { PaksError } from "@paks/schema";
import { sql } from "kysely";
import { listBindings } from "./bindings.ts";
import { randomBase62 } from "./token-text.ts";
import type { Db } from "./tables.ts";

export interface WebhookSecret {
  readonly secret: string;
  readonly accountId: string;
  readonly account: string;
}

/**
 * An account gets a secret only for a repository that releases a pak of it: others could crowd out the owner's.
 * @throws PaksError NAMESPACE_FORBIDDEN
 */
export async function requireBoundTo(db: Db, place: { accountId: string; repositoryKey: string }): Promise<void> {
  const bindings = await listBindings(db, place.repositoryKey);
  if (bindings.some(({ accountId, state }) => accountId === place.accountId && state === "active")) return;
  throw new PaksError("NAMESPACE_FORBIDDEN", "No pak of this account is released from this repository.", {
    hint: "Release it once with `paks publish`, then ask for the webhook's secret.",
  });
}

/** Makes a secret of 238 random bits and returns it. The two before it stay valid, so that it can be changed without a gap. */
export async function insertWebhookSecret(
  db: Db,
  values: { accountId: string; repositoryKey: string },
): Promise<string> {
  const secret = `whsec_${randomBase62(40)}`;
  await db
    .insertInto("webhook_secrets")
    .values({ account_id: values.accountId, repository_key: values.repositoryKey, secret })
    .execute();
  return secret;
}

/**
 * Newest first, the newest three of each account: every one costs an HMAC per delivery. Accounts do not crowd each
 * other out; the bound of them all is far above the accounts that share one repository.
 */
export const listWebhookSecrets = (db: Db, repositoryKey: string): Promise<WebhookSecret[]> =>
  db
    .selectFrom("webhook_secrets")
    .innerJoin("accounts", "accounts.id", "webhook_secrets.account_id")
    .select(["webhook_secrets.secret", "webhook_secrets.account_id as accountId", "accounts.name as account"])
    .where("webhook_secrets.repository_key", "=", repositoryKey)
    .where("webhook_secrets.revoked_at", "is", null)
    .where(
      sql<boolean>`(select count(*) from webhook_secrets as newer
        where newer.repository_key = webhook_secrets.repository_key
          and newer.account_id = webhook_secrets.account_id
          and newer.revoked_at is null and newer.id > webhook_secrets.id) < 3`,
    )
    .orderBy("webhook_secrets.id", "desc")
    .limit(300)
    .execute();

/** False when this delivery was seen before. Belongs into the transaction that acts on it. */
export async function insertDelivery(
  db: Db,
  delivery: { host: string; deliveryId: string; event: string; repositoryKey: string },
): Promise<boolean> {
  const result = await db
    .insertInto("webhook_deliveries")
    .values({
      host: delivery.host,
      delivery_id: delivery.deliveryId,
      event: delivery.event,
      repository_key: delivery.repositoryKey,
    })
    .onConflict((conflict) => conflict.columns(["host", "delivery_id"]).doNothing())
    .executeTakeFirst();
  return (result.numInsertedOrUpdatedRows ?? 0n) > 0n;
}

/** Whether any webhook could be accepted at all. */
export async function hasWebhookSecrets(db: Db): Promise<boolean> {
  const row = await db
    .selectFrom("webhook_secrets")
    .select("id")
    .where("revoked_at", "is", null)
    .limit(1)
    .executeTakeFirst();
  return row !== undefined;
}
