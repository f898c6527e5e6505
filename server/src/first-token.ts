import {
  countAccounts,
  type Db,
  findToken,
  insertAuditEvent,
  insertFact,
  insertToken,
  inTransaction,
  listTokens,
  revokeToken,
} from "@paks/db";
import { PaksError } from "@paks/schema";

const automationName = "PAKS_ADMIN_TOKEN";

/** Makes the token of the environment an admin token; an earlier one of the environment is revoked. */
async function useAutomationToken(db: Db, token: string): Promise<void> {
  await inTransaction(db, async (trx) => {
    const known = await findToken(trx, token);
    if (known && (known.accountId !== null || known.revokedAt !== null || !known.scopes.includes("admin"))) {
      throw new PaksError(
        "INVALID_PARAMETER",
        "PAKS_ADMIN_TOKEN is a token that was revoked or belongs to an account.",
        {
          hint: "Set it to a new token.",
        },
      );
    }
    const { row } = await insertToken(trx, {
      accountId: null,
      name: automationName,
      scopes: ["admin"],
      expiresAt: null,
      token,
    });
    const earlier = (await listTokens(trx, null)).filter((each) => each.name === automationName && each.id !== row.id);
    for (const { id, revokedAt } of earlier) if (revokedAt === null) await revokeToken(trx, { id, accountId: null });
    if (!known)
      await insertAuditEvent(trx, { action: "token-created", tokenId: row.id, details: { by: automationName } });
  });
}

/**
 * How the first admin gets in: the token of the environment, or on an empty database a new one, which is returned
 * once and never again.
 */
export async function prepareAdminToken(db: Db, token: string | undefined): Promise<string | undefined> {
  if (token !== undefined) {
    await useAutomationToken(db, token);
    return undefined;
  }
  return inTransaction(db, async (trx) => {
    if ((await countAccounts(trx)) > 0 || !(await insertFact(trx, "first_admin_token", true))) return undefined;
    const made = await insertToken(trx, { accountId: null, name: "first admin", scopes: ["admin"], expiresAt: null });
    await insertAuditEvent(trx, { action: "token-created", tokenId: made.row.id, details: { by: "first start" } });
    return made.token;
  });
}
