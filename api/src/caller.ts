import { findToken, isWellFormedToken, touchToken, type TokenRow } from "@paks/db";
import { formatPakId, mayPublish, PaksError, type PakId, scopeAllows, type ScopeWord } from "@paks/schema";
import type { Context } from "hono";
import { createMiddleware } from "hono/factory";
import type { ApiDeps, AppEnv } from "./deps.ts";

export type Token = TokenRow & { readonly account: string | null };

/** Who asks. `refused` is why a presented token does not count. */
export type Caller =
  | { readonly token: Token; readonly refused?: undefined }
  | { readonly token?: undefined; readonly refused: PaksError | undefined };

// One error for malformed, unknown and revoked: who guesses must not learn which it was.
const invalidToken = () =>
  new PaksError("INVALID_TOKEN", "The token is malformed, unknown or revoked.", {
    hint: "Log in again with a token of this registry.",
  });

const tokenExpired = () =>
  new PaksError("TOKEN_EXPIRED", "The token has expired.", { hint: "Make a new token and log in again." });

const authRequired = () =>
  new PaksError("AUTH_REQUIRED", "This needs a token.", { hint: "Send it as Authorization: Bearer <token>." });

/** Bearer only: another scheme that happens to carry a token is not a login. */
function readBearer(header: string): string | undefined {
  const token = /^Bearer +([\x21-\x7e]{20,256})$/i.exec(header)?.[1];
  // Our own form carries a checksum, so that guesses cost no query.
  return token?.startsWith("paks_") === true && !isWellFormedToken(token) ? undefined : token;
}

export async function findCaller({ db, clock = () => new Date() }: ApiDeps, c: Context<AppEnv>): Promise<Caller> {
  const header = c.req.header("authorization");
  if (header === undefined) return { refused: undefined };
  const text = readBearer(header);
  const token = text === undefined ? undefined : await findToken(db, text);
  if (!token || token.revokedAt !== null) return { refused: invalidToken() };
  if (token.expiresAt !== null && token.expiresAt <= clock()) return { refused: tokenExpired() };
  await touchToken(db, token.id);
  return { token };
}

/** Makes `c.var.caller()` available to everything behind it. */
export const identifyCaller = (deps: ApiDeps) =>
  createMiddleware<AppEnv>(async (c, next) => {
    let found: Promise<Caller> | undefined;
    c.set("caller", () => (found ??= findCaller(deps, c)));
    await next();
  });

/** @throws PaksError AUTH_REQUIRED, INVALID_TOKEN, TOKEN_EXPIRED */
export async function requireToken(c: Context<AppEnv>): Promise<Token> {
  const { token, refused } = await c.var.caller();
  if (token) return token;
  throw refused ?? authRequired();
}

/** The registry's own token: it belongs to no account and may do what no account may. */
export const isRegistryAdmin = (token: Token): boolean => token.accountId === null && token.scopes.includes("admin");

/** A token with `admin` or with this word for at least one pak. @throws PaksError FORBIDDEN and those of `requireToken` */
export async function requireScope(c: Context<AppEnv>, word: ScopeWord): Promise<Token> {
  const token = await requireToken(c);
  if (token.scopes.includes("admin") || scopeAllows(token.scopes, word)) return token;
  throw new PaksError("FORBIDDEN", `This needs a token with the scope ${word}.`, {
    hint: `Make one with the scope ${word}; this one has: ${token.scopes.join(", ") || "none"}.`,
  });
}

/** @throws PaksError FORBIDDEN and those of `requireToken` */
export async function requireRegistryAdmin(c: Context<AppEnv>): Promise<Token> {
  const token = await requireToken(c);
  if (isRegistryAdmin(token)) return token;
  throw new PaksError("FORBIDDEN", "Only an admin of the registry may do this.");
}

/** Whether the token may act for this pak; a reason when not. */
export function checkPublisher(token: Token, pak: PakId): PaksError | undefined {
  if (mayPublish(token, pak)) return undefined;
  if (token.account !== pak.account) {
    const whose = token.account === null ? "the registry itself" : token.account;
    return new PaksError("NAMESPACE_FORBIDDEN", `The token belongs to ${whose}, not to ${pak.account}.`, {
      hint: `Publish as ${token.account ?? "an account"}/${pak.name}, or log in with a token of ${pak.account}.`,
    });
  }
  return new PaksError("NAMESPACE_FORBIDDEN", `The token's scopes do not cover ${formatPakId(pak)}.`, {
    hint: `It has: ${token.scopes.join(", ") || "none"}.`,
  });
}
