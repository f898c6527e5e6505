import { randomUUID } from "node:crypto";
import { createMiddleware } from "hono/factory";
import { clientAddress, parseTrustedProxies } from "./addresses.ts";
import type { ApiDeps, AppEnv } from "./deps.ts";

/** On every answer. Set before the handler, so that errors carry them too. */
const headers: Readonly<Record<string, string>> = {
  // Nothing here is a page; whatever a browser is tricked into opening may load and do nothing.
  "Content-Security-Policy": "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
  "X-Content-Type-Options": "nosniff",
  "Referrer-Policy": "no-referrer",
  "Cross-Origin-Resource-Policy": "same-origin",
  Vary: "Authorization",
  // What may be kept says so itself.
  "Cache-Control": "no-store",
};

const clientRequestId = /^[\w-]{1,64}$/;

/** Request id, client address, headers, and one log line per request. */
export function openRequest(deps: ApiDeps) {
  const isTrusted = parseTrustedProxies(deps.trustedProxies ?? []);
  return createMiddleware<AppEnv>(async (c, next) => {
    const started = performance.now();
    const asked = c.req.header("x-request-id");
    const requestId = asked !== undefined && clientRequestId.test(asked) ? asked : randomUUID();
    const remote = c.env?.remoteAddress ?? c.env?.incoming?.socket.remoteAddress;
    c.set("requestId", requestId);
    c.set("address", clientAddress(remote, c.req.header("x-forwarded-for"), isTrusted));
    for (const [name, value] of Object.entries(headers)) c.header(name, value);
    c.header("X-Request-Id", requestId);
    // By the way, so that nobody has to ask for it: program and registry are released together.
    c.header("Paks-Version", deps.version);
    await next();
    deps.log({
      event: "request",
      request_id: requestId,
      method: c.req.method,
      path: c.req.path,
      status: c.res.status,
      ms: Math.round((performance.now() - started) * 10) / 10,
    });
  });
}
