import { findAccount } from "@paks/db";
import { PaksError, scopeAllows } from "@paks/schema";
import type { Context } from "hono";
import { isRegistryAdmin, requireToken, type Token } from "./caller.ts";
import type { ApiDeps, AppEnv } from "./deps.ts";

/** For whom a request acts: an account, or (null) the registry itself. */
export interface Subject {
  readonly token: Token;
  readonly accountId: string | null;
  readonly account: string | null;
}

// The same for an account of somebody else and one that does not exist.
const notYours = (account: string) =>
  new PaksError("FORBIDDEN", `The token may not act for the account ${account}.`, {
    hint: "Use a token of that account.",
  });

async function requireSubject({ db }: ApiDeps, token: Token, account: string | undefined): Promise<Subject> {
  if (account === undefined || account === token.account) {
    return { token, accountId: token.accountId, account: token.account };
  }
  if (!isRegistryAdmin(token)) throw notYours(account);
  const found = await findAccount(db, account);
  if (!found) throw new PaksError("ACCOUNT_NOT_FOUND", `There is no account ${account}.`);
  return { token, accountId: found.id, account: found.name };
}

/** Any token of the account, or the registry's admin. @throws PaksError FORBIDDEN, ACCOUNT_NOT_FOUND */
export const requireMember = async (deps: ApiDeps, c: Context<AppEnv>, account?: string): Promise<Subject> =>
  requireSubject(deps, await requireToken(c), account);

/** A token with scope `admin` of the account, or the registry's admin. @throws PaksError FORBIDDEN, ACCOUNT_NOT_FOUND */
export async function requireOwner(deps: ApiDeps, c: Context<AppEnv>, account?: string): Promise<Subject> {
  const subject = await requireMember(deps, c, account);
  if (subject.token.scopes.includes("admin")) return subject;
  throw new PaksError("FORBIDDEN", "This needs a token with the scope admin.", {
    hint: "Whoever runs the registry makes one: paks-registry admin tokens create --account … --scope admin.",
  });
}

/** As `requireOwner`, or a token that may publish every pak of the account. */
export async function requirePublisher(deps: ApiDeps, c: Context<AppEnv>, account: string): Promise<Subject> {
  const subject = await requireMember(deps, c, account);
  if (subject.token.scopes.includes("admin") || scopeAllows(subject.token.scopes, "publish", { account }))
    return subject;
  throw new PaksError("FORBIDDEN", `This needs a token with the scope admin, publish or publish:${account}/*.`);
}
