import { insertAuditEvent, insertToken, inTransaction, listTokens, revokeToken } from "@paks/db";
import { AccountName, CreatedTokenDto, CreateTokenRequest, PaksError, TokenDto } from "@paks/schema";
import { describeRoute } from "hono-openapi";
import * as z from "zod/mini";
import { isRegistryAdmin, requireToken } from "../caller.ts";
import type { ApiDeps, App } from "../deps.ts";
import { bodyFailures, dataAnswer, failures, jsonRequest, tokenFailures, withToken } from "../openapi.ts";
import { requireMember, requireOwner } from "../owner.ts";
import { parseBody } from "../request-body.ts";
import { requireTokenScopes, formatToken } from "../tokens.ts";
import { validator } from "../validation.ts";

const day = 24 * 60 * 60 * 1000;
const AccountQuery = z.object({ account: z.optional(AccountName) });
const TokenParam = z.object({ id: z.string().check(z.regex(/^\d{1,18}$/)) });

export function tokens(app: App, deps: ApiDeps): void {
  const { db, clock = () => new Date() } = deps;

  app.get(
    "/api/tokens",
    describeRoute({
      operationId: "listTokens",
      summary: "The tokens of an account, without their secrets",
      ...withToken,
      responses: {
        ...failures(...tokenFailures, "ACCOUNT_NOT_FOUND"),
        200: dataAnswer(z.array(TokenDto), "The tokens."),
      },
    }),
    validator("query", AccountQuery),
    async (c) => {
      const { accountId } = await requireMember(deps, c, c.req.valid("query").account);
      return c.json({ data: (await listTokens(db, accountId)).map(formatToken) }, 200);
    },
  );

  app.post(
    "/api/tokens",
    describeRoute({
      operationId: "createToken",
      summary: "Make a token; it is shown in this answer only",
      ...withToken,
      requestBody: jsonRequest(CreateTokenRequest),
      responses: {
        ...failures(...tokenFailures, ...bodyFailures, "ACCOUNT_NOT_FOUND"),
        201: dataAnswer(CreatedTokenDto, "The token."),
      },
    }),
    async (c) => {
      await requireToken(c);
      const { name, account, scopes, expires_in_days } = await parseBody(c, CreateTokenRequest);
      const subject = await requireOwner(deps, c, account);
      requireTokenScopes(subject.account, scopes);
      const expiresAt = new Date(clock().getTime() + expires_in_days * day);
      const { accountId } = subject;
      const { row, token } = await inTransaction(db, async (trx) => {
        const made = await insertToken(trx, { accountId, name, scopes, expiresAt });
        const details = { token: made.row.id, scopes, by: subject.token.id };
        await insertAuditEvent(trx, { action: "token-created", accountId, tokenId: subject.token.id, details });
        return made;
      });
      return c.json({ data: { ...formatToken(row), token } }, 201);
    },
  );

  app.delete(
    "/api/tokens/:id",
    describeRoute({
      operationId: "revokeToken",
      summary: "Revoke a token; every token may revoke itself",
      ...withToken,
      responses: {
        ...failures(...tokenFailures, "NOT_FOUND", "ACCOUNT_NOT_FOUND"),
        200: dataAnswer(z.object({ revoked: z.literal(true) }), "It is revoked."),
      },
    }),
    validator("param", TokenParam),
    validator("query", AccountQuery),
    async (c) => {
      const { id } = c.req.valid("param");
      const { account } = c.req.valid("query");
      const own = await requireToken(c);
      const { accountId, token } = await (own.id === id ? requireMember : requireOwner)(deps, c, account);
      const revoked = await inTransaction(db, async (trx) => {
        if (!(await revokeToken(trx, { id, accountId }))) return false;
        await insertAuditEvent(trx, { action: "token-revoked", accountId, tokenId: token.id, details: { token: id } });
        return true;
      });
      if (revoked) return c.json({ data: { revoked: true as const } }, 200);
      throw new PaksError("NOT_FOUND", "There is no such token, or it is revoked already.", {
        hint: isRegistryAdmin(token) && account === undefined ? "Name its account: ?account=…" : undefined,
      });
    },
  );
}
