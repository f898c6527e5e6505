import { insertAccount, insertAuditEvent, insertWebhookSecret, inTransaction, requireBoundTo } from "@paks/db";
import {
  AccountDto,
  CreateAccountRequest,
  CreateWebhookSecretRequest,
  parseRepositoryUrl,
  WebhookSecretDto,
} from "@paks/schema";
import { describeRoute } from "hono-openapi";
import { requireRegistryAdmin, requireToken } from "../caller.ts";
import type { ApiDeps, App } from "../deps.ts";
import { bodyFailures, dataAnswer, failures, jsonRequest, tokenFailures, withToken } from "../openapi.ts";
import { requirePublisher } from "../owner.ts";
import { parseBody } from "../request-body.ts";

export function accounts(app: App, { db }: ApiDeps): void {
  app.post(
    "/api/accounts",
    describeRoute({
      operationId: "createAccount",
      summary: "Make an account; for the registry's admin",
      ...withToken,
      requestBody: jsonRequest(CreateAccountRequest),
      responses: {
        ...failures(...tokenFailures, ...bodyFailures, "NAME_RESERVED", "NAME_TAKEN"),
        201: dataAnswer(AccountDto, "The account."),
      },
    }),
    async (c) => {
      const admin = await requireRegistryAdmin(c);
      const { name } = await parseBody(c, CreateAccountRequest);
      const account = await inTransaction(db, async (trx) => {
        const made = await insertAccount(trx, { name });
        await insertAuditEvent(trx, { action: "account-created", accountId: made.id, tokenId: admin.id });
        return made;
      });
      const data = { name: account.name, kind: account.kind, created_at: account.createdAt.toISOString() };
      return c.json({ data }, 201);
    },
  );
}

export function webhookSecrets(app: App, deps: ApiDeps): void {
  const { db, gitPolicy, publicUrl } = deps;
  app.post(
    "/api/webhook-secrets",
    describeRoute({
      operationId: "createWebhookSecret",
      summary: "Make a secret for the webhook of a repository; it is shown in this answer only",
      ...withToken,
      requestBody: jsonRequest(CreateWebhookSecretRequest),
      responses: {
        ...failures(
          ...tokenFailures,
          ...bodyFailures,
          "ACCOUNT_NOT_FOUND",
          "NAMESPACE_FORBIDDEN",
          "INVALID_REPOSITORY_URL",
          "HOST_NOT_ALLOWED",
        ),
        201: dataAnswer(WebhookSecretDto, "The secret, and the address to give to the git host."),
      },
    }),
    async (c) => {
      await requireToken(c);
      const { account, repository: text } = await parseBody(c, CreateWebhookSecretRequest);
      const { accountId, token } = await requirePublisher(deps, c, account);
      const repository = parseRepositoryUrl(text, gitPolicy);
      const secret = await inTransaction(db, async (trx) => {
        await requireBoundTo(trx, { accountId: accountId!, repositoryKey: repository.key });
        const made = await insertWebhookSecret(trx, { accountId: accountId!, repositoryKey: repository.key });
        const details = { repository: repository.key };
        await insertAuditEvent(trx, { action: "webhook-secret-created", accountId, tokenId: token.id, details });
        return made;
      });
      return c.json(
        { data: { account, repository: repository.url, secret, url: `${publicUrl}/api/hooks/github` } },
        201,
      );
    },
  );
}
