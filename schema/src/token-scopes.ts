import * as z from "zod/mini";
import { PaksError } from "./errors.ts";
import type { PakId } from "./names.ts";
import { nearest } from "./nearest.ts";

export const tokenScopes = ["publish", "yank", "review", "admin"] as const;
export type ScopeWord = (typeof tokenScopes)[number];

/** `publish`, `publish:acme/pdf`, `publish:acme/*`. */
export const TokenScope = z
  .string()
  .check(
    z.regex(
      /^(publish|yank|review)(:[a-z0-9-]{1,39}\/(\*|[a-z0-9-]{1,64}))?$|^admin$/,
      "must be publish, yank or review, of one account or pak alone such as publish:acme/* or publish:acme/pdf, or admin",
    ),
  );

/** The scope as it is. @throws PaksError INVALID_PARAMETER, with all that there are and the nearest */
export function parseTokenScope(text: string): string {
  const { success, error } = TokenScope.safeParse(text);
  if (success) return text;
  const [word = "", pattern] = text.split(":", 2);
  const likely = nearest(word, tokenScopes);
  const of = pattern === undefined ? "" : `:${pattern.includes("/") ? pattern : `${pattern}/*`}`;
  const meant = likely === undefined ? undefined : `${likely}${of}`;
  const hint = TokenScope.safeParse(meant).success ? `Did you mean ${meant}?` : undefined;
  const message = `There is no scope ${JSON.stringify(text.slice(0, 120))}: it ${error.issues[0]!.message}.`;
  throw new PaksError("INVALID_PARAMETER", message, { hint, details: { field: "scopes" } });
}

/** What of a token decides whether it may publish. */
export interface TokenPowers {
  /** Null: the registry's own token. */
  readonly account: string | null;
  readonly scopes: readonly string[];
}

/** Whether one of the scopes has this word for this pak; without a name, for every pak of the account. */
export function scopeAllows(
  scopes: readonly string[],
  word: ScopeWord,
  pak?: { readonly account: string; readonly name?: string },
): boolean {
  return scopes.some((scope) => {
    const [scopeWord, pattern] = scope.split(":", 2);
    if (scopeWord !== word) return false;
    if (pattern === undefined || pak === undefined) return true;
    const [account, name] = pattern.split("/", 2);
    return account === pak.account && (name === "*" || name === pak.name);
  });
}

/**
 * The one rule of who may publish, asked by `paks publish` before anything is pushed, by the API at the hint and by the
 * indexer when the tag is read. `admin` of an account's own token includes publishing; the registry's own token, which
 * may do everything else, publishes for nobody: a release is always an account's.
 */
export const mayPublish = ({ account, scopes }: TokenPowers, id: PakId): boolean =>
  account === id.account && (scopeAllows(scopes, "admin") || scopeAllows(scopes, "publish", id));
