import { requireTokenScopes, formatToken } from "@paks/api";
import {
  type Account,
  type Database,
  type Db,
  findAccount,
  insertAccount,
  insertAuditEvent,
  insertToken,
  insertWebhookSecret,
  inTransaction,
  requireBoundTo,
} from "@paks/db";
import {
  type AccountDto,
  CreateAccountRequest,
  type CreatedTokenDto,
  CreateTokenRequest,
  CreateWebhookSecretRequest,
  PaksError,
  parseRepositoryUrl,
  type WebhookSecretDto,
} from "@paks/schema";
import * as z from "zod/mini";
import type { ServerConfig } from "../config.ts";
import type { Admin } from "./admin.ts";

const day = 24 * 60 * 60 * 1000;

function parse<T extends z.ZodMiniType>(schema: T, value: unknown): z.output<T> {
  const parsed = z.safeParse(schema, value);
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  const field = issue?.path.join(".") ?? "";
  throw new PaksError("INVALID_PARAMETER", `${field}: ${issue?.message ?? "not usable"}`, { details: { field } });
}

async function requireAccount(db: Db, name: string): Promise<Account> {
  const account = await findAccount(db, name);
  if (account) return account;
  throw new PaksError("ACCOUNT_NOT_FOUND", `There is no account ${name}.`, {
    hint: `Make it: paks-registry admin accounts add ${name}`,
  });
}

async function createAccount(db: Db, request: unknown): Promise<AccountDto> {
  const { name } = parse(CreateAccountRequest, request);
  return inTransaction(db, async (trx) => {
    const { id, kind, createdAt } = await insertAccount(trx, { name });
    await insertAuditEvent(trx, { action: "account-created", accountId: id, details: { by: "operator" } });
    return { name, kind, created_at: createdAt.toISOString() };
  });
}

async function createToken(db: Db, request: unknown): Promise<CreatedTokenDto> {
  const { name, account, scopes, expires_in_days } = parse(CreateTokenRequest, request);
  requireTokenScopes(account ?? null, scopes);
  return inTransaction(db, async (trx) => {
    const accountId = account === undefined ? null : (await requireAccount(trx, account)).id;
    const expiresAt = new Date(Date.now() + expires_in_days * day);
    const { row, token } = await insertToken(trx, { accountId, name, scopes, expiresAt });
    const details = { token: row.id, scopes, by: "operator" };
    await insertAuditEvent(trx, { action: "token-created", accountId, details });
    return { ...formatToken(row), token };
  });
}

async function createWebhookSecret(db: Db, config: ServerConfig, request: unknown): Promise<WebhookSecretDto> {
  const { account, repository: text } = parse(CreateWebhookSecretRequest, request);
  const repository = parseRepositoryUrl(text, config.gitPolicy);
  const origin = config.publicUrl ?? `http://${config.host}:${config.port}`;
  return inTransaction(db, async (trx) => {
    const { id: accountId } = await requireAccount(trx, account);
    await requireBoundTo(trx, { accountId, repositoryKey: repository.key });
    const secret = await insertWebhookSecret(trx, { accountId, repositoryKey: repository.key });
    const details = { repository: repository.key, by: "operator" };
    await insertAuditEvent(trx, { action: "webhook-secret-created", accountId, details });
    return { account, repository: repository.url, secret, url: `${origin}/api/hooks/github` };
  });
}

/** Straight on the database, for whoever may open it: that person is the operator. */
export function databaseAdmin(config: ServerConfig, database: Database): Admin {
  const { db } = database;
  z.config(z.locales.en());
  return {
    createAccount: (request) => createAccount(db, request),
    createToken: (request) => createToken(db, request),
    createWebhookSecret: (request) => createWebhookSecret(db, config, request),
    close: () => database.close(),
  };
}
