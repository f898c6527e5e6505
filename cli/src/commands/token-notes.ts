import type { MeDto } from "@paks/schema";
import type { Context } from "../context.ts";

const day = 24 * 60 * 60 * 1000;
const soon = 7 * day;

/** Warnings that a token deserves, besides being valid. */
export function warnAboutToken(context: Context, token: string, expiresAt: string | null): void {
  if (!token.startsWith("paks_")) {
    context.warn('the token does not begin with "paks_"; tokens of this kind may come from another service.');
  }
  if (expiresAt === null) return;
  const left = Date.parse(expiresAt) - context.clock().getTime();
  if (left > soon) return;
  const days = Math.max(0, Math.floor(left / day));
  context.warn(
    `the token expires ${days === 0 ? "in less than a day" : `in ${days} day${days === 1 ? "" : "s"}`} (${expiresAt}).`,
  );
}

/** The token's facts for `--json`; never the token. */
export const tokenData = (me: MeDto) => ({
  name: me.token.name,
  prefix: me.token.prefix,
  scopes: me.token.scopes,
  expires_at: me.token.expires_at,
});

export const accountName = (me: MeDto): string => me.account ?? "the registry's administrator";

export const originOf = (context: Context): string => new URL(context.config.registry.url).origin;
