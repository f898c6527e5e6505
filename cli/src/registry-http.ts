import { type ErrorCode, PaksError, errorCodes, isErrorCode, isPaksError, parseJson } from "@paks/schema";
import { type Fetch, type FetchAnswer, readBody } from "./network/fetch.ts";
import type { WhileWaiting } from "./network/while-waiting.ts";
import { openPace, withRetries } from "./registry-pace.ts";
import { requireSafeTransport } from "./registry-url.ts";
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
}

const maxRedirects = 3;
const answerBytes = 5 * 1000 * 1000;

/** Sends calls to one registry. Only this file touches the token and the network. */
export function openHttp(deps: HttpDeps): (call: Call) => Promise<Answer> {
  const origin = new URL(deps.url).origin;
  const pace = openPace();
  let known: string | undefined;

  const authorization = async (call: Call): Promise<string | undefined> => {
    if (call.auth === "required" || call.auth === "optional") {
      known ??= requireHeaderText(await deps.findToken(origin));
      if (known === undefined && call.auth === "required") {
        throw new PaksError("AUTH_REQUIRED", `You are not logged in to ${origin}.`, {
          hint: "Run `paks login`, or set PAKS_TOKEN.",
        });
      }
    }
    return call.auth === "none" ? undefined : known;
  };

  const tokenOrNothing = async (): Promise<string | undefined> => {
    try {
      return (known ??= requireHeaderText(await deps.findToken(origin)));
    } catch (error) {
      if (isPaksError(error, "KEYCHAIN_UNAVAILABLE") || isPaksError(error, "INVALID_TOKEN")) return undefined;
      throw error;
    }
  };

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
      return answer;
    };
    const token = await authorization(call);
    return await withRetries(deps, call, async (signal) => {
      try {
        return await once(token, signal);
      } catch (error) {
        // Reading is anonymous as long as that is enough. Who is logged in has a limit of his own.
        const raised = isPaksError(error, "RATE_LIMITED") && call.auth === "none" ? await tokenOrNothing() : undefined;
        if (raised === undefined) throw error;
        return await once(raised, signal);
      }
    });
  };

  return async (call) => {
    if (deps.cache === undefined || call.cached !== true) {
      const answer = await ask(call);
      // What was kept may be old now, and the next command is about this very change.
      if (call.method !== "GET") await deps.cache?.answers.clear();
      return answer;
    }
    const { askThroughCache } = await import("./registry-cache.ts");
    return await askThroughCache({ ...deps, ...deps.cache }, call, ask);
  };
}

/** A token with a line break could add headers of its own. */
function requireHeaderText(token: string | undefined): string | undefined {
  if (token === undefined || /^[\x21-\x7e]{1,4096}$/.test(token)) return token;
  throw new PaksError("INVALID_TOKEN", "The token holds characters that no token has.", {
    hint: "Copy it again, without blanks and line breaks.",
  });
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
      return await readAnswer(deps, response, call);
    }
    await response.body?.cancel();
    const next = redirectTarget(url, location);
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

function redirectTarget(from: URL, location: string): URL {
  if (!URL.canParse(location, from.href)) throw unavailable(`${from.origin} redirects to something that is not a URL.`);
  const next = new URL(location, from);
  requireSafeTransport(next);
  next.username = "";
  next.password = "";
  return next;
}

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
  const cause = (error as Error).cause;
  const reason = (error as Error).name === "TimeoutError" ? "no answer in time" : systemReason(cause ?? error);
  return unavailable(`The registry at ${url.origin} cannot be reached (${reason}).`, {
    cause: error,
    hint: certificateReason.test(reason)
      ? "Its certificate is not trusted here. Name your organisation's certificates with `ca_file` in the configuration or NODE_EXTRA_CA_CERTS."
      : "Check the network and the address. `paks doctor` shows more.",
  });
}

/** What OpenSSL calls a certificate that nobody here vouches for. */
const certificateReason = /CERT|UNABLE_TO_(?:GET_ISSUER|VERIFY)/;

const systemReason = (error: unknown): string => {
  const { code, message } = error as NodeJS.ErrnoException;
  return code ?? message;
};

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

/** A registry may only report what a registry can know: not, say, that the user pressed Ctrl-C. */
async function answerError(response: FetchAnswer, bytes: Buffer): Promise<PaksError> {
  const { ErrorBodyDto } = await import("./registry-answers.ts");
  const body = ErrorBodyDto.safeParse(parseJson(bytes.toString("utf8")));
  const retryAfter = response.headers.get("retry-after");
  const given = body.success ? body.data.error : undefined;
  const code =
    given && isErrorCode(given.code) && errorCodes[given.code].status !== null ? given.code : codeOf(response.status);
  const details = { ...given?.details, ...(retryAfter === null ? {} : { retry_after: retryAfter.slice(0, 64) }) };
  return new PaksError(code, given?.message.slice(0, 2000) ?? `The registry answered with status ${response.status}.`, {
    hint: given?.hint?.slice(0, 1000),
    details: Object.keys(details).length > 0 ? details : undefined,
  });
}

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
