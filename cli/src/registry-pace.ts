import { PaksError } from "@paks/schema";
import { openTimeLimit } from "./network/time-limit.ts";
import type { Answer, Call, HttpDeps } from "./registry-http.ts";

const maxRetries = 3;
/** Milliseconds that one wait for a rate limit may take: a little more than the window of a minute. */
const longestWait = 75_000;

/** Tries again what may go better: a lost connection, a busy registry, a rate limit whose end is near. */
export async function withRetries(
  deps: HttpDeps,
  call: Call,
  once: (signal: AbortSignal) => Promise<Answer>,
): Promise<Answer> {
  // Waiting because the registry says so is not the registry's slowness, and counts apart.
  let end = Date.now() + (call.totalMilliseconds ?? 30_000);
  for (let retry = 0; ; retry += 1) {
    const failure = await attempt(once, deps.signal, end - Date.now());
    if (!(failure instanceof PaksError)) return failure;
    deps.signal.throwIfAborted();
    const limited = failure.code === "RATE_LIMITED";
    const wait = retryDelay(failure, retry, deps.clock());
    const inTime = limited ? wait <= longestWait : Date.now() + wait < end;
    if (!failure.retry || (call.repeatable === false && !limited) || retry >= maxRetries || !inTime) throw failure;
    deps.debug(`${call.method} ${call.path}: ${failure.code}, again in ${Math.round(wait)} ms`);
    if (limited) end += wait;
    if (limited && wait > 2000) deps.note?.(waiting(wait));
    await deps.sleep(wait, deps.signal);
  }
}

const waiting = (milliseconds: number): string =>
  `The registry wants fewer requests; going on in ${Math.ceil(milliseconds / 1000)} s. A login raises its limit.`;

/** The answer, or the failure as a value. */
async function attempt(
  once: (signal: AbortSignal) => Promise<Answer>,
  signal: AbortSignal,
  milliseconds: number,
): Promise<Answer | PaksError> {
  const limit = openTimeLimit(signal, milliseconds);
  try {
    return await once(limit.signal);
  } catch (error) {
    if (error instanceof PaksError) return error;
    throw error;
  } finally {
    limit.close();
  }
}

/**
 * Milliseconds: what the registry asks for and up to half a second more, so that not all who were told the same come
 * at once; else 0.25 s, 0.5 s, 1 s, each ± 20 %.
 */
function retryDelay(failure: PaksError, retry: number, now: Date): number {
  const after = failure.details?.["retry_after"];
  if (typeof after === "string") {
    const seconds = /^\d{1,6}$/.test(after) ? Number(after) : (Date.parse(after) - now.getTime()) / 1000;
    if (Number.isFinite(seconds)) return Math.max(0, seconds * 1000) + 500 * Math.random();
  }
  return 250 * 2 ** retry * (0.8 + 0.4 * Math.random());
}

export interface Pace {
  /** @throws PaksError RATE_LIMITED instead of asking, when the last answer said that nothing is left */
  require(call: Call, authorized: boolean): void;
  /** What an answer says about the limit. */
  note(answer: Answer, authorized: boolean): void;
}

/**
 * Keeps below the registry's limit instead of running into it, by what its answers say (`RateLimit-Remaining`,
 * `RateLimit-Reset` in seconds). Exact versions and archives are not counted there and never wait; calls with a token
 * are counted apart from those without.
 */
export function openPace(): Pace {
  const free = { true: 0, false: 0 };
  return {
    require: (call, authorized) => {
      const milliseconds = free[`${authorized}`] - Date.now();
      if (call.counted === false || milliseconds <= 0) return;
      throw new PaksError("RATE_LIMITED", "The registry's limit of requests is used up.", {
        hint: "Try again in a minute. A login raises the limit.",
        details: { retry_after: String(Math.ceil(milliseconds / 1000)) },
      });
    },
    note: ({ headers }, authorized) => {
      const remaining = readNumber(headers.get("ratelimit-remaining"));
      const seconds = readNumber(headers.get("ratelimit-reset"));
      if (remaining === 0 && seconds !== undefined) free[`${authorized}`] = Date.now() + seconds * 1000;
    },
  };
}

const readNumber = (text: string | null): number | undefined =>
  text !== null && /^\d{1,6}$/.test(text) ? Number(text) : undefined;
