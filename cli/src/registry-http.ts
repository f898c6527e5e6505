import { type ErrorCode, PaksError, errorCodes, isErrorCode, parseJson } from "@paks/schema";
import { type Fetch, type FetchAnswer, readBody } from "./network/fetch.ts";
import type { WhileWaiting } from "./network/while-waiting.ts";
import { networkHint, networkReason } from "./network/why-unreachable.ts";
import { openPace, withRetries } from "./registry-pace.ts";
import { openTokens } from "./registry-tokens.ts";
import { isLoopback, requireSafeTransport } from "./registry-url.ts";
import type { AnswerCache } from "./store/answers.ts";

/** What a client needs from outside. */
export interface HttpDeps {
  /** Base URL without a slash at the end. */
  readonly url: string;
  readonly fetch: Fetch;
  readonly signal: AbortSignal;
  readonly offline: boolean;
  readonly userAgent: string;
  /** The token for exactly this origin. Asked only when a call needs it. */
  readonly findToken: (origin: string) => Promise<string | undefined>;
  /** Nothing but its health is asked for without the token. */
  readonly authRequired?: boolean;
  /** How the user gets a token for it. */
  readonly loginHint?: string;
  /** What to do when the token is refused, where another login would not help: it would be asked for again first. */
  readonly refusedHint?: string | undefined;
  readonly clock: () => Date;
  /** Rejects with the signal's reason when aborted. */
  readonly sleep: (milliseconds: number, signal: AbortSignal) => Promise<void>;
  readonly debug: (text: string) => void;
  /** The version that the registry says it has. Not checked. */
  readonly onVersion?: ((version: string) => void) | undefined;
  readonly whileWaiting?: WhileWaiting | undefined;
  /** One line for the person who waits. */
  readonly note?: (text: string) => void;
  /** Public documents that were asked for before, and for how many seconds they are used unasked. */
  readonly cache?: { readonly answers: AnswerCache; readonly ttl: number; readonly read: boolean } | undefined;
}

export interface Call {
  readonly method: "GET" | "POST" | "DELETE";
  /** Below the base URL, with its query. */
  readonly path: string;
  readonly body?: unknown;
  readonly headers?: Readonly<Record<string, string>>;
  /** `known`: sends the token when an earlier call of this client needed it; `optional`: when there is one. */
  readonly auth: "none" | "known" | "optional" | "required";
  /** False for what must not happen twice when an answer is lost. */
  readonly repeatable?: boolean;
  readonly maxBytes?: number;
  /** A public document that is worth keeping. */
  readonly cached?: boolean;
  /** Public documents may say something else afterwards. */
  readonly isChange?: boolean;
  /** False for what the registry's rate limit does not count: exact versions and their content. */
  readonly counted?: boolean;
  /** Called when it has been sent, unless it only asks whether a kept answer is still right. True: another one follows. */
  readonly onFirstAsked?: (() => boolean) | undefined;
  /** For everything, waiting included. */
  readonly totalMilliseconds?: number;
}

export interface Answer {
  readonly status: number;
  readonly headers: FetchAnswer["headers"];
  readonly bytes: Buffer;
  /** A token was sent, so others may be answered otherwise. */
  readonly authorized?: boolean;
}

const maxRedirects = 3;
const answerBytes = 5 * 1000 * 1000;

/** Sends calls to one registry. Only this file sends the token and touches the network. */
export function openHttp(deps: HttpDeps): (call: Call) => Promise<Answer> {
  const pace = openPace();
  const tokens = openTokens(deps);

  const ask = async (call: Call): Promise<Answer> => {
    if (deps.offline) {
      throw new PaksError("OFFLINE", "This needs the registry, and paks is set to work offline.", {
        hint: "Leave out --offline, unset PAKS_OFFLINE, or take `offline = true` out of the configuration.",
      });
    }
    const once = async (token: string | undefined, signal: AbortSignal): Promise<Answer> => {
      pace.require(call, token !== undefined);
      const answer = await send(deps, call, { token, signal });
      pace.note(answer, token !== undefined);
      return { ...answer, authorized: token !== undefined };
    };
    const token = await tokens.before(call);
    let sendsToken = token !== undefined;
    return await withRetries({ ...deps, sendsToken: () => sendsToken }, call, async (signal) => {
      try {
        return await once(token, signal);
      } catch (error) {
        const raised = token === undefined ? await tokens.after(call, error) : undefined;
        if (raised === undefined) throw tokens.explain(error);
        sendsToken = true;
        return await once(raised, signal).catch((second: unknown) => {
          throw tokens.explain(second);
        });
      }
    });
  };

  return async (call) => {
    if (deps.cache === undefined || call.cached !== true) {
      const answer = await ask(call);
      // What was kept may be old now, and the next command is about this very change.
      if (call.isChange === true) await deps.cache?.answers.outdate(deps.clock());
      return answer;
    }
    const { askThroughCache } = await import("./registry-cache.ts");
    return await askThroughCache({ ...deps, ...deps.cache }, call, ask);
  };
}

interface Attempt {
  readonly token: string | undefined;
  readonly signal: AbortSignal;
}

/** One try, redirects included. Redirects are followed by hand: fetch would carry on with whatever it was told. */
async function send(deps: HttpDeps, call: Call, { token, signal }: Attempt): Promise<Answer> {
  let url = new URL(deps.url + call.path);
  let bearer = token;
  for (let redirects = 0; ; redirects += 1) {
    const response = await fetchOnce(deps, call, { url, bearer, signal });
    const location = response.headers.get("location");
    if (response.status < 300 || response.status >= 400 || response.status === 304 || location === null) {
      if (response.status === 401 && url.origin !== new URL(deps.url).origin) throw await foreignLogin(url, response);
      return await readAnswer(deps, response, call);
    }
    await response.body?.cancel();
    const next = redirectTarget(url, location, new URL(deps.url));
    if (redirects >= maxRedirects || call.method !== "GET") {
      throw unavailable(`${url.origin} sends this request elsewhere (${next.origin}).`, {
        hint: "Set --registry to the registry's own address.",
      });
    }
    // Once it has left its origin, the token does not come back: the other side chose where to go next.
    if (next.origin !== url.origin) bearer = undefined;
    url = next;
  }
}

/** The token is the registry's alone, so no login of the user's helps there. */
async function foreignLogin(url: URL, { body }: FetchAnswer): Promise<PaksError> {
  await body?.cancel();
  return unavailable(`${url.origin}, to where the registry sends this request, wants a login of its own.`);
}

function redirectTarget(from: URL, location: string, registry: URL): URL {
  if (!URL.canParse(location, from.href)) throw unavailable(`${from.origin} redirects to something that is not a URL.`);
  const next = new URL(location, from);
  if (!/^https?:$/.test(next.protocol))
    throw notAsked(`${from.origin} redirects to a ${next.protocol} address, and only http(s) is asked.`);
  // What listens on this machine is no business of a registry elsewhere.
  if (next.protocol === "http:" && isLoopback(next) && !isLoopback(registry))
    throw notAsked(`${from.origin} redirects to this very machine (${next.origin}), which is not asked.`);
  requireSafeTransport(next);
  next.username = "";
  next.password = "";
  return next;
}

const notAsked = (message: string): PaksError => new PaksError("PROTOCOL_NOT_ALLOWED", message);

async function fetchOnce(
  deps: HttpDeps,
  call: Call,
  { url, bearer, signal }: { url: URL; bearer: string | undefined; signal: AbortSignal },
): Promise<FetchAnswer> {
  const headers: Record<string, string> = {
    accept: "application/json",
    "user-agent": deps.userAgent,
    ...call.headers,
    ...(bearer === undefined ? {} : { authorization: `Bearer ${bearer}` }),
    ...(call.body === undefined ? {} : { "content-type": "application/json" }),
  };
  const body = call.body === undefined ? {} : { body: JSON.stringify(call.body) };
  deps.debug(`${call.method} ${url.href}`);
  try {
    const onSent = (): void => {
      // It may send another request, behind which there is time for all the rest.
      if (call.headers?.["if-none-match"] === undefined && call.onFirstAsked?.() === true) return;
      deps.whileWaiting?.begin();
    };
    const init = { method: call.method, headers, redirect: "manual", signal, onSent, ...body } as const;
    const answer = await deps.fetch(url.href, init);
    const version = url.origin === new URL(deps.url).origin ? answer.headers.get("paks-version") : null;
    if (version !== null) deps.onVersion?.(version);
    return answer;
  } catch (error) {
    if (error instanceof PaksError) throw error;
    throw networkError(deps, url, error);
  }
}

function networkError(deps: HttpDeps, url: URL, error: unknown): unknown {
  if (deps.signal.aborted) return deps.signal.reason;
  const reason = (error as Error).name === "TimeoutError" ? "no answer in time" : networkReason(error);
  return unavailable(`The registry at ${url.origin} cannot be reached (${reason}).`, {
    cause: error,
    hint: networkHint(error) ?? `Check the network and the address.${seeDoctor}`,
  });
}

/** Left out by `doctor` itself. */
export const seeDoctor = " `paks doctor` shows more.";

const unavailable = (message: string, options: { hint?: string; cause?: unknown } = {}): PaksError =>
  new PaksError("REGISTRY_UNAVAILABLE", message, options);

async function readAnswer(deps: HttpDeps, response: FetchAnswer, call: Call): Promise<Answer> {
  const bytes = await readAll(deps, response, call.maxBytes ?? answerBytes);
  const unchanged = response.status === 304 && call.headers?.["if-none-match"] !== undefined;
  if (unchanged || (response.status >= 200 && response.status < 300))
    return { status: response.status, headers: response.headers, bytes };
  throw await answerError(response, bytes);
}

async function readAll(deps: HttpDeps, response: FetchAnswer, maxBytes: number): Promise<Buffer> {
  try {
    return await readBody(response, maxBytes);
  } catch (error) {
    if (error instanceof PaksError) throw error;
    if (deps.signal.aborted) throw deps.signal.reason;
    const late = (error as Error).name === "TimeoutError";
    throw unavailable(late ? "The registry's answer takes too long." : "The registry's answer broke off.", {
      cause: error,
    });
  }
}

/**
 * A registry may only report what a registry can know: not, say, that the user pressed Ctrl-C. A fault inside of it is
 * none inside of paks.
 */
export const mayReport = (code: string): code is ErrorCode =>
  isErrorCode(code) && code !== "INTERNAL" && errorCodes[code].status !== null;

/** Older than a way of asking: there is no such address or method, or it takes other parameters. */
export const isTooOld = ({ code, details }: PaksError): boolean =>
  code === "NOT_FOUND" || code === "INVALID_PARAMETER" || details?.["status"] === 405;

async function answerError(response: FetchAnswer, bytes: Buffer): Promise<PaksError> {
  const { ErrorBodyDto } = await import("./registry-answers.ts");
  const body = ErrorBodyDto.safeParse(parseJson(bytes.toString("utf8")));
  const retryAfter = response.headers.get("retry-after");
  const given = body.success ? body.data.error : undefined;
  const told =
    given && mayReport(given.code) && mayMean(response.status, errorCodes[given.code].status) ? given.code : undefined;
  const code = told ?? codeOf(response.status);
  // Where it says nothing that counts, only the status tells what it means.
  const status = told === undefined ? { status: response.status } : {};
  const details = {
    ...given?.details,
    ...status,
    ...(retryAfter === null ? {} : { retry_after: retryAfter.slice(0, 64) }),
  };
  return new PaksError(code, given?.message.slice(0, 2000) ?? `The registry answered with status ${response.status}.`, {
    hint: given?.hint?.slice(0, 1000),
    details: Object.keys(details).length > 0 ? details : undefined,
  });
}

/** Who has to log in is told by the status alone. */
const mayMean = (status: number, own: number | null): boolean => own !== null && (status !== 401 || own === 401);

const statusCodes: Readonly<Record<number, ErrorCode>> = {
  400: "INVALID_PARAMETER",
  401: "AUTH_REQUIRED",
  403: "FORBIDDEN",
  404: "NOT_FOUND",
  410: "TAKEN_DOWN",
  413: "BODY_TOO_LARGE",
  415: "UNSUPPORTED_MEDIA_TYPE",
  422: "INVALID_PARAMETER",
  429: "RATE_LIMITED",
};

const codeOf = (status: number): ErrorCode => statusCodes[status] ?? "REGISTRY_UNAVAILABLE";

/** @throws PaksError REGISTRY_UNAVAILABLE when the bytes are not JSON */
export function readJson(answer: Answer): unknown {
  const value = parseJson(answer.bytes.toString("utf8"));
  if (value !== undefined) return value;
  throw unavailable("The registry's answer is not JSON.", { hint: "Is this the address of a paks registry?" });
}
