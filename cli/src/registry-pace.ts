import { PaksError } from "@paks/schema";
import { openTimeLimit } from "./network/time-limit.ts";
import type { Answer, Call, HttpDeps } from "./registry-http.ts";

const maxRetries = 3;
/** Milliseconds that one wait may take which a registry asks for: a little more than a rate limit's window of a minute. */
const longestWait = 75_000;
/** Milliseconds for all of a call that says whether somebody is there. */
export const shortly = 10_000;

/** Tries again what may go better: a lost connection, a busy registry, a rate limit whose end is near. */
export async function withRetries(
  deps: HttpDeps & { readonly sendsToken: () => boolean },
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
    const asked = readRetryAfter(failure, deps.clock());
    // Whoever asks for patience gets it, but where only a sign of life is wanted.
    const patient = limited || (asked !== undefined && call.totalMilliseconds !== shortly);
    const wait = asked === undefined ? backOff(retry) : asked + 500 * Math.random();
    const inTime = patient ? wait <= longestWait : Date.now() + wait < end;
    if (!failure.retry || isAboutRequest(failure) || (call.repeatable === false && !limited)) throw failure;
    if (retry >= maxRetries || !inTime) throw asked === undefined ? failure : comeBack(failure, asked);
    deps.debug(`${call.method} ${call.path}: ${failure.code}, again in ${Math.round(wait)} ms`);
    if (patient) end += wait;
    if (patient && wait > 2000) deps.note?.(waiting(wait, { limited, sendsToken: deps.sendsToken() }));
    await deps.sleep(wait, deps.signal);
  }
}

const waiting = (milliseconds: number, why: { readonly limited: boolean; readonly sendsToken: boolean }): string => {
  const then = `going on in ${Math.ceil(milliseconds / 1000)} s.`;
  if (!why.limited) return `The registry is busy; ${then}`;
  return `The registry wants fewer requests; ${then}${adviceFor(why.sendsToken)}`;
};

/** Who sends a token has the limit of those who are logged in already. */
const adviceFor = (sendsToken: boolean): string => (sendsToken ? "" : " A login raises the limit.");

/** When it is no use to wait, when to try again. */
function comeBack({ code, message, hint = "", details, cause }: PaksError, milliseconds: number): PaksError {
  const seconds = Math.ceil(milliseconds / 1000);
  const time = seconds < 120 ? `${seconds} seconds` : `${Math.ceil(seconds / 60)} minutes`;
  return new PaksError(code, message, {
    hint: `The registry asks to come back in ${time}. ${hint}`.trim(),
    details,
    cause,
  });
}

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

/** Milliseconds that the registry asks to wait. */
function readRetryAfter({ details }: PaksError, now: Date): number | undefined {
  const after = details?.["retry_after"];
  if (typeof after !== "string") return undefined;
  const seconds = /^\d{1,6}$/.test(after) ? Number(after) : (Date.parse(after) - now.getTime()) / 1000;
  return Number.isFinite(seconds) ? Math.max(0, seconds * 1000) : undefined;
}

/**
 * Milliseconds: 0.25 s, 0.5 s, 1 s, each ± 20 %. What the registry asks for gets up to half a second more, so that not
 * all who were told the same come at once.
 */
/** What may be over when one asks again: the request took too long, or came too early. */
const passing = new Set([408, 425]);

/** A status between 400 and 499 that says nothing else: the same request gets the same answer. */
function isAboutRequest({ code, details }: PaksError): boolean {
  const status = details?.["status"];
  return (
    code === "REGISTRY_UNAVAILABLE" &&
    typeof status === "number" &&
    status >= 400 &&
    status < 500 &&
    !passing.has(status)
  );
}

const backOff = (retry: number): number => 250 * 2 ** retry * (0.8 + 0.4 * Math.random());

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
        hint: `Try again in a minute.${adviceFor(authorized)}`,
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
