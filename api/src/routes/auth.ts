import { findAccount, insertAuditEvent, revokeToken } from "@paks/db";
import { MeDto, VerifyDto } from "@paks/schema";
import { describeRoute } from "hono-openapi";
import * as z from "zod/mini";
import { requireToken } from "../caller.ts";
import type { ApiDeps, App } from "../deps.ts";
import { dataAnswer, failures, withToken } from "../openapi.ts";

const refusals = failures("AUTH_REQUIRED", "INVALID_TOKEN", "TOKEN_EXPIRED");
const Revoked = z.object({ revoked: z.literal(true) });

export function auth(app: App, { db }: ApiDeps): void {
  app.get(
    "/api/auth/verify",
    describeRoute({
      operationId: "verifyToken",
      summary: "Whether the token is good, and whose it is",
      ...withToken,
      responses: { ...refusals, 200: dataAnswer(VerifyDto, "It is good.") },
    }),
    async (c) => {
      const { account, expiresAt } = await requireToken(c);
      return c.json({ data: { valid: true, user: account, expires_at: expiresAt?.toISOString() ?? null } }, 200);
    },
  );

  app.get(
    "/api/auth/me",
    describeRoute({
      operationId: "getMe",
      summary: "The token's account, scopes and expiry",
      ...withToken,
      responses: { ...refusals, 200: dataAnswer(MeDto, "Account and token.") },
    }),
    async (c) => {
      const { account, name, prefix, scopes, createdAt, expiresAt } = await requireToken(c);
      const found = account === null ? undefined : await findAccount(db, account);
      const token = {
        name,
        prefix,
        scopes,
        created_at: createdAt.toISOString(),
        expires_at: expiresAt?.toISOString() ?? null,
      };
      return c.json({ data: { account, kind: found?.kind ?? null, token } }, 200);
    },
  );

  app.post(
    "/api/auth/revoke",
    describeRoute({
      operationId: "revokeOwnToken",
      summary: "Revoke the token that this request carries",
      ...withToken,
      responses: { ...refusals, 200: dataAnswer(Revoked, "It is revoked.") },
    }),
    async (c) => {
      const { id, accountId } = await requireToken(c);
      await revokeToken(db, { id, accountId });
      await insertAuditEvent(db, { action: "token-revoked", accountId, tokenId: id, details: { by: "itself" } });
      return c.json({ data: { revoked: true as const } }, 200);
    },
  );
}
