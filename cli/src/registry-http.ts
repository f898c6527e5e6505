import { type ErrorCode, PaksError, errorCodes, isErrorCode } from "@paks/schema";
import { requireSafeTransport } from "./registry-url.ts";

/** What a client needs from outside. */
export interface HttpDeps {
  /** Base URL without a slash at the end. */
  readonly url: string;
  readonly fetch: typeof globalThis.fetch;
  readonly signal: AbortSignal;
  readonly offline: boolean;
  readonly userAgent: string;
  /** The token for exactly this origin. Asked only when a call needs it. */
  readonly findToken: (origin: string) => Promise<string | undefined>;
  readonly clock: () => Date;
  /** Rejects with the signal's reason when aborted. */
  readonly sleep: (milliseconds: number, signal: AbortSignal) => Promise<void>;
  readonly debug: (text: string) => void;
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
  /** For everything, waiting included. */
  readonly totalMilliseconds?: number;
}

export interface Answer {
  readonly status: number;
  readonly headers: Headers;
  readonly bytes: Buffer;
}

const maxRetries = 3;
const maxRedirects = 3;
const answerBytes = 5 * 1000 * 1000;

/** Sends calls to one registry. Only this file touches the token and the network. */
export function openHttp(deps: HttpDeps): (call: Call) => Promise<Answer> {
  const origin = new URL(deps.url).origin;
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

  return async (call) => {
    if (deps.offline) {
      throw new PaksError("OFFLINE", "This needs the registry, and paks is set to work offline.", {
        hint: "Leave out --offline, or unset PAKS_OFFLINE.",
      });
    }
    const token = await authorization(call);
    return await withRetries(deps, call, (signal) => send(deps, call, { token, signal }));
  };
}

/** A token with a line break could add headers of its own. */
function requireHeaderText(token: string | undefined): string | undefined {
  if (token === undefined || /^[\x21-\x7e]{1,4096}$/.test(token)) return token;
  throw new PaksError("INVALID_TOKEN", "The token holds characters that no token has.", {
    hint: "Copy it again, without blanks and line breaks.",
  });
}

async function withRetries(
  deps: HttpDeps,
  call: Call,
  once: (signal: AbortSignal) => Promise<Answer>,
): Promise<Answer> {
  const total = call.totalMilliseconds ?? 30_000;
  const end = Date.now() + total;
  const signal = AbortSignal.any([deps.signal, AbortSignal.timeout(total)]);
  for (let retry = 0; ; retry += 1) {
    const failure = await attempt(once, signal);
    if (!(failure instanceof PaksError)) return failure;
    deps.signal.throwIfAborted();
    const wait = retryDelay(failure, retry, deps.clock());
    const repeatable = call.repeatable !== false || failure.code === "RATE_LIMITED";
    if (!failure.retry || !repeatable || retry >= maxRetries || Date.now() + wait >= end) throw failure;
    deps.debug(`${call.method} ${call.path}: ${failure.code}, again in ${wait} ms`);
    await deps.sleep(wait, signal);
  }
}

/** The answer, or the failure as a value. */
async function attempt(
  once: (signal: AbortSignal) => Promise<Answer>,
  signal: AbortSignal,
): Promise<Answer | PaksError> {
  try {
    return await once(signal);
  } catch (error) {
    if (error instanceof PaksError) return error;
    throw error;
  }
}

/** Milliseconds: what the registry asks for, else 0.25 s, 0.5 s, 1 s, each ± 20 %. */
function retryDelay(failure: PaksError, retry: number, now: Date): number {
  const after = failure.details?.["retry_after"];
  if (typeof after === "string") {
    const seconds = /^\d{1,6}$/.test(after) ? Number(after) : (Date.parse(after) - now.getTime()) / 1000;
    if (Number.isFinite(seconds)) return Math.max(0, seconds * 1000);
  }
  return 250 * 2 ** retry * (0.8 + 0.4 * Math.random());
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
      return await readAnswer(response, call);
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
): Promise<Response> {
  const headers = new Headers({ accept: "application/json", "user-agent": deps.userAgent, ...call.headers });
  if (bearer !== undefined) headers.set("authorization", `Bearer ${bearer}`);
  const init: RequestInit = { method: call.method, headers, redirect: "manual", signal };
  if (call.body !== undefined) {
    headers.set("content-type", "application/json");
    init.body = JSON.stringify(call.body);
  }
  deps.debug(`${call.method} ${url.href}`);
  try {
    return await deps.fetch(url.href, init);
  } catch (error) {
    throw networkError(deps, url, error);
  }
}

function networkError(deps: HttpDeps, url: URL, error: unknown): unknown {
  if (deps.signal.aborted) return deps.signal.reason;
  const cause = (error as Error).cause;
  const reason = (error as Error).name === "TimeoutError" ? "no answer in time" : systemReason(cause ?? error);
  return unavailable(`The registry at ${url.origin} cannot be reached (${reason}).`, {
    cause: error,
    hint: "Check the network and the address. `paks doctor` shows more.",
  });
}

const systemReason = (error: unknown): string => {
  const { code, message } = error as NodeJS.ErrnoException;
  return code ?? message;
};

const unavailable = (message: string, options: { hint?: string; cause?: unknown } = {}): PaksError =>
  new PaksError("REGISTRY_UNAVAILABLE", message, options);

async function readAnswer(response: Response, call: Call): Promise<Answer> {
  const bytes = await readBody(response, call.maxBytes ?? answerBytes);
  if (response.status >= 200 && response.status < 300)
    return { status: response.status, headers: response.headers, bytes };
  throw await answerError(response, bytes);
}

async function readBody(response: Response, maxBytes: number): Promise<Buffer> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  try {
    for await (const chunk of response.body ?? []) {
      size += chunk.byteLength;
      if (size > maxBytes) throw new PaksError("TOO_LARGE", `The registry's answer is larger than ${maxBytes} bytes.`);
      chunks.push(chunk);
    }
  } catch (error) {
    if (error instanceof PaksError) throw error;
    throw unavailable("The registry's answer broke off.", { cause: error });
  }
  return Buffer.concat(chunks, size);
}

/** A registry may only report what a registry can know: not, say, that the user pressed Ctrl-C. */
async function answerError(response: Response, bytes: Buffer): Promise<PaksError> {
  const { ErrorBodyDto } = await import("./registry-answers.ts");
  const body = ErrorBodyDto.safeParse(parseJson(bytes));
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

function parseJson(bytes: Buffer): unknown {
  try {
    return JSON.parse(bytes.toString("utf8"));
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
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
  const value = parseJson(answer.bytes);
  if (value !== undefined) return value;
  throw unavailable("The registry's answer is not JSON.", { hint: "Is this the address of a paks registry?" });
}
