import { mostTagsAtOnce, PaksError } from "@paks/schema";
import type { Context } from "hono";
import { createMiddleware } from "hono/factory";
import { RateLimiterMemory, RateLimiterRes } from "rate-limiter-flexible";
import { addressGroup } from "./addresses.ts";
import type { ApiDeps, AppEnv } from "./deps.ts";
import { isFixedVersionPath } from "./fixed-version.ts";

export const defaultRateLimits = { anonymous: 20, token: 100 } as const;

/** What `tags` saves in requests, a few hundred paks' first release among it, and not what it can multiply them by. */
export const tagsPerRequest = 10;

const windowSeconds = 60;

export interface RateLimits {
  /** Counts a request of whoever asks. @throws PaksError RATE_LIMITED */
  readonly countRequest: (c: Context<AppEnv>) => Promise<void>;
  /** Counts something against the address, whatever token came with it. @throws PaksError RATE_LIMITED */
  readonly countAgainstAddress: (c: Context<AppEnv>) => Promise<void>;
  /** Counts against a name of ours, with the limit of a token. @throws PaksError RATE_LIMITED */
  readonly countAgainst: (c: Context<AppEnv>, key: string) => Promise<void>;
  /** Counts the tags of one request of this token: each is work, however few requests name them. @throws PaksError RATE_LIMITED */
  readonly countTags: (c: Context<AppEnv>, token: { readonly id: string }, tags: number) => Promise<void>;
}

function openLimiter(points: number): RateLimiterMemory | undefined {
  return points === 0 ? undefined : new RateLimiterMemory({ points, duration: windowSeconds });
}

/** How it stands after so many more of them. */
async function take(limiter: RateLimiterMemory, key: string, points: number) {
  let allowed = true;
  const state = await limiter.consume(key, points).catch((error: unknown) => {
    if (!(error instanceof RateLimiterRes)) throw error;
    allowed = false;
    return error;
  });
  return { allowed, state, seconds: String(Math.max(1, Math.ceil(state.msBeforeNext / 1000))) };
}

async function consume(limiter: RateLimiterMemory | undefined, c: Context<AppEnv>, key: string): Promise<void> {
  if (!limiter) return;
  const { allowed, state, seconds } = await take(limiter, key, 1);
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

/** Not in the `RateLimit-` headers: those tell of requests, and clients hold back all of them when nothing is left. */
async function consumeTags(limiter: RateLimiterMemory | undefined, c: Context<AppEnv>, about: TagsOf): Promise<void> {
  if (!limiter) return;
  const { allowed, seconds } = await take(limiter, about.key, about.tags);
  if (allowed) return;
  c.header("Retry-After", seconds);
  throw new PaksError("RATE_LIMITED", `Too many tags: ${limiter.points} in ${windowSeconds} seconds are allowed.`, {
    hint: `Try again in ${seconds} s.`,
    details: { retry_after: Number(seconds) },
  });
}

interface TagsOf {
  readonly key: string;
  readonly tags: number;
}

/** Counters of this process; several replicas count apart, so the public limit then belongs into the proxy. */
export function openRateLimits({ rateLimits = defaultRateLimits }: ApiDeps): RateLimits {
  const byAddress = openLimiter(rateLimits.anonymous);
  const byToken = openLimiter(rateLimits.token);
  // One full request always fits.
  const tagsByToken = openLimiter(rateLimits.token && Math.max(mostTagsAtOnce, rateLimits.token * tagsPerRequest));
  const countAgainstAddress = (c: Context<AppEnv>) => consume(byAddress, c, addressGroup(c.var.address));
  return {
    countAgainstAddress,
    countAgainst: (c, key) => consume(byToken, c, key),
    countTags: (c, { id }, tags) => consumeTags(tagsByToken, c, { key: `token ${id}`, tags }),
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
