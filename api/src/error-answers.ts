import { databaseError } from "@paks/db";
import { type ErrorCode, errorCodes, formatErrorBody, PaksError } from "@paks/schema";
import type { Context, ErrorHandler, NotFoundHandler } from "hono";
import { HTTPException } from "hono/http-exception";
import type { ContentfulStatusCode } from "hono/utils/http-status";
import type { ApiDeps, AppEnv } from "./deps.ts";

const retryAfterSeconds = "5";

/** What a client may know of a failure, or undefined when it is a fault of ours. */
function publicError(error: unknown): PaksError | undefined {
  if (error instanceof PaksError && errorCodes[error.code].status !== null) return error;
  // A full disk or a lock is this machine's trouble; the client can only come back.
  if (error instanceof PaksError && errorCodes[error.code].exit === 10) {
    return new PaksError("REGISTRY_UNAVAILABLE", "The registry cannot do this at the moment.", { cause: error });
  }
  if (error instanceof HTTPException && error.status < 500) {
    return new PaksError("INVALID_PARAMETER", "The request cannot be read.", { cause: error });
  }
  return databaseError(error);
}

function answer(c: Context<AppEnv>, error: PaksError): Response {
  const { status } = errorCodes[error.code];
  c.header("Cache-Control", "no-store");
  c.header("ETag", undefined);
  if (status === 503) c.header("Retry-After", retryAfterSeconds);
  if (status === 401) c.header("WWW-Authenticate", "Bearer");
  return c.json(formatErrorBody(error), (status ?? 500) as ContentfulStatusCode);
}

/** Trouble of the registry itself, which its operator must hear of. */
const faults: ReadonlySet<ErrorCode> = new Set(["INTERNAL", "DB_UNAVAILABLE", "REGISTRY_UNAVAILABLE"]);

/** What happened, for the log only: the stack and the chain of causes. */
function describeFault(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const cause = error.cause === undefined ? "" : `\ncaused by ${describeFault(error.cause)}`;
  return `${error.stack ?? error.message}${cause}`;
}

/** The one place where a failure becomes an answer. */
export const answerError =
  (deps: ApiDeps): ErrorHandler<AppEnv> =>
  (thrown, c) => {
    const requestId = c.get("requestId");
    const error =
      publicError(thrown) ??
      new PaksError("INTERNAL", "Something went wrong on the registry's side.", {
        hint: "Report it with the request id.",
        details: { request_id: requestId },
      });
    if (faults.has(error.code)) {
      deps.log({
        level: "error",
        event: "fault",
        request_id: requestId,
        code: error.code,
        error: describeFault(thrown),
      });
    }
    return answer(c, error);
  };

export const answerNotFound: NotFoundHandler<AppEnv> = (c) =>
  answer(c, new PaksError("NOT_FOUND", "There is nothing at this address.", { hint: "See /api/openapi.json." }));
