import type { TokenRow } from "@paks/db";
import { PaksError, type TokenDto } from "@paks/schema";

/** A token as its owner may see it: never the secret. */
export const formatToken = (row: TokenRow): TokenDto => ({
  id: row.id,
  name: row.name,
  prefix: row.prefix,
  scopes: row.scopes,
  created_at: row.createdAt.toISOString(),
  expires_at: row.expiresAt?.toISOString() ?? null,
  last_used_at: row.lastUsedAt?.toISOString() ?? null,
  revoked_at: row.revokedAt?.toISOString() ?? null,
});

/**
 * A pattern of another account would promise what the token can never do; a token of the registry (null) is for
 * admins only. @throws PaksError INVALID_PARAMETER
 */
export function requireTokenScopes(account: string | null, scopes: readonly string[]): void {
  for (const scope of scopes) {
    const owner = /:([^/]+)\//.exec(scope)?.[1];
    if (account === null ? scope === "admin" : owner === undefined || owner === account) continue;
    throw new PaksError(
      "INVALID_PARAMETER",
      `A token of ${account ?? "the registry"} cannot have the scope ${scope}.`,
      {
        hint: account === null ? "Name an account, or ask for admin." : `Use ${scope.split(":", 1)[0]}:${account}/*.`,
        details: { field: "scopes" },
      },
    );
  }
}
