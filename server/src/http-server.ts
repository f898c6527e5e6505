import { randomUUID } from "node:crypto";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { getRequestListener } from "@hono/node-server";
import { formatErrorBody, PaksError } from "@paks/schema";

export type Fetch = (request: Request, env: object) => Response | Promise<Response>;

export interface HttpServer {
  /** Where it listens, as seen from this machine. */
  readonly url: string;
  /** From now on requests go there. */
  serve(fetch: Fetch): void;
  /** Stops accepting, finishes what is running, cuts what takes longer than `graceMilliseconds`. */
  close(graceMilliseconds?: number): Promise<void>;
}

/** A slow or silent client may hold a connection only this long. */
const timeouts = {
  headersTimeout: 10_000,
  requestTimeout: 30_000,
  keepAliveTimeout: 5_000,
  connectionsCheckingInterval: 5_000,
};
const limits = { maxHeaderSize: 16 * 1024 };
const maxConnections = 2_000;

/** Outside the app, which makes all other answers. */
function answerPlainly(status: number, error: PaksError): Response {
  const headers = { "Cache-Control": "no-store", "X-Content-Type-Options": "nosniff", "X-Request-Id": randomUUID() };
  return Response.json(formatErrorBody(error), {
    status,
    headers: status === 503 ? { ...headers, "Retry-After": "1" } : headers,
  });
}

const starting: Fetch = () =>
  answerPlainly(
    503,
    new PaksError("REGISTRY_UNAVAILABLE", "The registry is starting.", { hint: "Try again in a second." }),
  );

const unreadable = (): Response =>
  answerPlainly(400, new PaksError("INVALID_PARAMETER", "The request cannot be read."));

/**
 * Listens at once, so that a taken port is found before anything else is touched and the address is known; until
 * `serve` is called every request is answered 503. Throws what `listen` fails with, as PaksError.
 */
export async function openHttpServer(place: { host: string; port: number }): Promise<HttpServer> {
  let current = starting;
  const listener = getRequestListener((request, env) => current(request, env), {
    hostname: "localhost",
    // The process may belong to a test; its own Request and Response stay as they are.
    overrideGlobalObjects: false,
    errorHandler: unreadable,
  });
  const server = createServer({ ...timeouts, ...limits }, (request, response) => void listener(request, response));
  server.maxConnections = maxConnections;
  await listen(server, place);
  return {
    url: localUrl(place.host, (server.address() as AddressInfo).port),
    serve: (fetch) => (current = fetch),
    close: (grace = 10_000) => close(server, grace),
  };
}

function listen(server: Server, { host, port }: { host: string; port: number }): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once("error", (error: NodeJS.ErrnoException) => reject(listenError(error, { host, port })));
    server.listen(port, host, resolve);
  });
}

function listenError(cause: NodeJS.ErrnoException, { host, port }: { host: string; port: number }): Error {
  const messages: Readonly<Record<string, string>> = {
    EADDRINUSE: `Port ${port} of ${host} is in use.`,
    EACCES: `This user may not listen on port ${port}.`,
    EADDRNOTAVAIL: `${host} is not an address of this machine.`,
    ENOTFOUND: `${host} is not an address of this machine.`,
  };
  const message = messages[cause.code ?? ""];
  return message === undefined
    ? cause
    : new PaksError("ALREADY_EXISTS", message, {
        cause,
        hint: "Choose another PORT or HOST.",
        details: { host, port },
      });
}

/** A wildcard address cannot be typed; this machine reaches it over the loopback. */
function localUrl(host: string, port: number): string {
  const name = host === "0.0.0.0" ? "127.0.0.1" : host === "::" ? "::1" : host;
  return `http://${name.includes(":") ? `[${name}]` : name}:${port}`;
}

function close(server: Server, grace: number): Promise<void> {
  return new Promise((resolve, reject) => {
    const cut = setTimeout(() => server.closeAllConnections(), grace);
    // A connection that was busy just now stays open for the client's next request, which will not be answered.
    const sweep = setInterval(() => server.closeIdleConnections(), 50);
    server.close((error) => {
      clearTimeout(cut);
      clearInterval(sweep);
      if (error) reject(error);
      else resolve();
    });
  });
}
