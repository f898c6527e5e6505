import { AccountDto, CreatedTokenDto, ErrorBodyDto, isErrorCode, PaksError, WebhookSecretDto } from "@paks/schema";
import * as z from "zod/mini";
import type { Admin } from "./admin.ts";

const timeoutMilliseconds = 30_000;

const Envelope = z.object({ data: z.unknown() });

const unreachable = (url: string, cause?: unknown): PaksError =>
  new PaksError("REGISTRY_UNAVAILABLE", `The registry at ${url} does not answer as a registry.`, { cause });

function readFailure(url: string, body: unknown): PaksError {
  const parsed = z.safeParse(ErrorBodyDto, body);
  if (!parsed.success || !isErrorCode(parsed.data.error.code)) return unreachable(url);
  const { code, message, hint, details } = parsed.data.error;
  return new PaksError(code, message, { hint, details });
}

/** The token goes to the address that the lock file of the own data directory names, and to no redirect. */
async function post<T extends z.ZodMiniType>(
  to: { url: string; path: string; token: string },
  request: object,
  schema: T,
): Promise<z.output<T>> {
  const headers = { authorization: `Bearer ${to.token}`, "content-type": "application/json" };
  const init = { method: "POST", headers, body: JSON.stringify(request), redirect: "error" } as const;
  const answer = await fetch(`${to.url}${to.path}`, {
    ...init,
    signal: AbortSignal.timeout(timeoutMilliseconds),
  }).catch((error: unknown) => {
    throw unreachable(to.url, error);
  });
  const body: unknown = await answer.json().catch((error: unknown) => {
    throw unreachable(to.url, error);
  });
  if (!answer.ok) throw readFailure(to.url, body);
  const parsed = z.safeParse(schema, z.safeParse(Envelope, body).data?.data);
  if (parsed.success) return parsed.data;
  throw unreachable(to.url, parsed.error);
}

/** Through a running registry, which holds the embedded database for itself. */
export const httpAdmin = (url: string, token: string): Admin => ({
  createAccount: (request) => post({ url, path: "/api/accounts", token }, request, AccountDto),
  createToken: (request) => post({ url, path: "/api/tokens", token }, request, CreatedTokenDto),
  createWebhookSecret: (request) => post({ url, path: "/api/webhook-secrets", token }, request, WebhookSecretDto),
  close: async () => undefined,
});
