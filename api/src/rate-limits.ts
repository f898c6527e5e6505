import { PaksError } from "@paks/schema";
import type { Context } from "hono";
import { createMiddleware } from "hono/factory";
import { RateLimiterMemory, RateLimiterRes } from "rate-limiter-flexible";
import { addressGroup } from "./addresses.ts";
import type { ApiDeps, AppEnv } from "./deps.ts";
import { isFixedVersionPath } from "./fixed-version.ts";

export const defaultRateLimits = { anonymous: 20, token: 100 } as const;

const windowSeconds = 60;

export interface RateLimits {
  /** Counts a request of whoever asks. @throws PaksError RATE_LIMITED */
  readonly countRequest: (c: Context<AppEnv>) => Promise<void>;
  /** Counts something against the address, whatever token came with it. @throws PaksError RATE_LIMITED */
  readonly countAgainstAddress: (c: Context<AppEnv>) => Promise<void>;
  /** Counts against a name of ours, with the limit of a token. @throws PaksError RATE_LIMITED */
  readonly countAgainst: (c: Context<AppEnv>, key: string) => Promise<void>;
}

function openLimiter(points: number): RateLimiterMemory | undefined {
  return points === 0 ? undefined : new RateLimiterMemory({ points, duration: windowSeconds });
}

async function consume(limiter: RateLimiterMemory | undefined, c: Context<AppEnv>, key: string): Promise<void> {
  if (!limiter) return;
  let allowed = true;
  const state = await limiter.consume(key).catch((error: unknown) => {
    if (!(error instanceof RateLimiterRes)) throw error;
    allowed = false;
    return error;
  });
  const seconds = String(Math.max(1, Math.ceil(state.msBeforeNext / 1000)));
  c.header("RateLimit-Limit", String(limiter.points));
  c.header("RateLimit-Remaining", String(Math.max(0, state.remainingPoints)));
  c.header("RateLimit-Reset", seconds);
  if (allowed) return;
  c.header("Retry-After", seconds);
  const { token } = await c.var.caller();
  throw new PaksError("RATE_LIMITED", `Too many requests: ${limiter.points} in ${windowSeconds} seconds are allowed.`, {
    hint: `Try again in ${seconds} s.${token ? "" : " A token raises the limit."}`,
    details: { retry_after: Number(seconds) },
  });
}

/** Counters of this process; several replicas count apart, so the public limit then belongs into the proxy. */
export function openRateLimits({ rateLimits = defaultRateLimits }: ApiDeps): RateLimits {
  const byAddress = openLimiter(rateLimits.anonymous);
  const byToken = openLimiter(rateLimits.token);
  const countAgainstAddress = (c: Context<AppEnv>) => consume(byAddress, c, addressGroup(c.var.address));
  return {
    countAgainstAddress,
    countAgainst: (c, key) => consume(byToken, c, key),
    countRequest: async (c) => {
      const { token } = await c.var.caller();
      // A token that does not count is not a new identity: guessing is paid by the address.
      await (token ? consume(byToken, c, `token ${token.id}`) : countAgainstAddress(c));
    },
  };
}

/** What no limit applies to: probes, what caches hold for ever, and deliveries, which are judged by their signature. */
const isExempt = (path: string): boolean =>
  !path.startsWith("/api/") || path.startsWith("/api/hooks/") || isFixedVersionPath(path);

export const limitRequests = (limits: RateLimits) =>
  createMiddleware<AppEnv>(async (c, next) => {
    if (!isExempt(c.req.path)) await limits.countRequest(c);
    await next();
  });
