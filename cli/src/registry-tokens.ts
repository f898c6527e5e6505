import { PaksError, errorCodes, isPaksError, withHint } from "@paks/schema";
import type { Call, HttpDeps } from "./registry-http.ts";

/** Which calls of one registry's client take the token along. */
export interface Tokens {
  /** From the start. @throws PaksError AUTH_REQUIRED, INVALID_TOKEN, KEYCHAIN_UNAVAILABLE */
  before(call: Call): Promise<string | undefined>;
  /**
   * For one more try of a call that failed without; `undefined`: the failure stands.
   * @throws PaksError the same
   */
  after(call: Call, failure: unknown): Promise<string | undefined>;
  /** A registry that wants another token does not know how paks gets one, nor what it is called here. */
  explain(failure: unknown): unknown;
}

export function openTokens(
  deps: Pick<HttpDeps, "url" | "findToken" | "authRequired" | "loginHint" | "refusedHint" | "debug">,
): Tokens {
  const { origin } = new URL(deps.url);
  let known: string | undefined;
  /** Reading is anonymous as long as that is enough. */
  let isNeeded = deps.authRequired === true;
  const find = async () => (known ??= requireHeaderText(await deps.findToken(origin), deps.refusedHint));
  const require = async (message: string): Promise<string> => {
    const token = await find();
    if (token !== undefined) return token;
    throw new PaksError("AUTH_REQUIRED", message, { hint: deps.loginHint ?? "Run `paks login`, or set PAKS_TOKEN." });
  };
  let isTold = false;
  const instead = async (): Promise<string | undefined> => {
    const token = await orNothing(find());
    if (token !== undefined && !isTold)
      deps.debug(`${origin} wants fewer requests of those who are not logged in; going on with your token.`);
    isTold ||= token !== undefined;
    return token;
  };
  return {
    before: async (call) => {
      if (call.auth === "required") return await require(`You are not logged in to ${origin}.`);
      if (call.auth === "optional") return await find();
      // Whether it is there at all is asked without a login, too.
      if (isNeeded && call.path !== "/healthz") return await require(`${origin} answers only those who are logged in.`);
      return call.auth === "known" ? known : undefined;
    },
    after: async (call, failure) => {
      if (!isPaksError(failure)) return undefined;
      // Who is logged in has a limit of his own.
      if (failure.code === "RATE_LIMITED" && call.auth === "none") return await instead();
      if (call.method !== "GET" || errorCodes[failure.code].status !== 401) return undefined;
      const token = await require(`${origin} answers only those who are logged in.`);
      isNeeded = true;
      return token;
    },
    explain: (failure) => {
      const { loginHint, refusedHint } = deps;
      if (!refusals.some((code) => isPaksError(failure, code))) return failure;
      const refused = failure as PaksError;
      if (refusedHint !== undefined) return withHint(refused, refusedHint);
      const { hint = "" } = refused;
      if (loginHint === undefined || hint.includes(loginHint)) return failure;
      return withHint(refused, `${hint} ${loginHint}`.trim());
    },
  };
}

/** Of a token that was sent. */
const refusals = ["INVALID_TOKEN", "TOKEN_EXPIRED"] as const;

async function orNothing(token: Promise<string | undefined>): Promise<string | undefined> {
  try {
    return await token;
  } catch (error) {
    if (isPaksError(error, "KEYCHAIN_UNAVAILABLE") || isPaksError(error, "INVALID_TOKEN")) return undefined;
    throw error;
  }
}

/** A token with a line break could add headers of its own. */
function requireHeaderText(token: string | undefined, hint: string | undefined): string | undefined {
  if (token === undefined || /^[\x21-\x7e]{1,4096}$/.test(token)) return token;
  throw new PaksError("INVALID_TOKEN", "The token holds characters that no token has.", {
    hint: hint ?? "Copy it again, without blanks and line breaks.",
  });
}
