import type { Agent as HttpAgent, IncomingMessage } from "node:http";
import type { Agent as HttpsAgent } from "node:https";
import type { Duplex } from "node:stream";
import type { Fetch, FetchAnswer, FetchBody, FetchInit } from "./fetch.ts";
import { type ProxySettings, findProxy } from "./proxy.ts";
import type { TunnelRequest } from "./tunnel.ts";
import type { TrustSettings } from "./trust.ts";

export type NetworkSettings = ProxySettings & TrustSettings;

const sockets = 8;

/**
 * Requests over Node's http and https modules. Node's own fetch costs 80 ms at the first request, and in Node 20 it
 * knows neither proxies nor certificates of one's own. Connections are kept for the next request.
 */
export function openFetch(settings: NetworkSettings): Fetch {
  const agents = new Map<string, Promise<HttpAgent | HttpsAgent>>();
  return async (text, init = {}) => {
    const url = new URL(text);
    const proxy = findProxy(url, settings);
    const key = url.protocol === "http:" ? "http" : (proxy?.href ?? "https");
    let agent = agents.get(key);
    if (agent === undefined) agents.set(key, (agent = openAgent(key, proxy, settings)));
    try {
      return await send(url, init, await agent);
    } catch (error) {
      if (url.protocol === "http:") throw error;
      throw await (await import("./why-unreachable.ts")).withTrustProblem(error, settings);
    }
  };
}

async function openAgent(
  key: string,
  proxy: URL | undefined,
  settings: NetworkSettings,
): Promise<HttpAgent | HttpsAgent> {
  const kept = { keepAlive: true, maxSockets: sockets };
  if (key === "http") return new (await import("node:http")).Agent(kept);
  const { Agent } = await import("node:https");
  // Said outright, because NODE_TLS_REJECT_UNAUTHORIZED=0 would send tokens to whoever answers.
  const trust = { ...kept, rejectUnauthorized: true };
  // Without a file of the configuration the runtime's own list is right, which holds NODE_EXTRA_CA_CERTS.
  const ca = settings.caFile === undefined ? undefined : await (await import("./trust.ts")).readTrust(settings);
  const options = ca === undefined ? trust : { ...trust, ca };
  if (proxy === undefined) return new Agent(options);
  return (await import("./tunnel.ts")).openTunnelAgent(proxy, options);
}

async function send(url: URL, init: FetchInit, agent: HttpAgent | HttpsAgent): Promise<FetchAnswer> {
  const { request } = url.protocol === "http:" ? await import("node:http") : await import("node:https");
  const { method = "GET", headers = {}, body, signal, onSent } = init;
  const length = body === undefined ? {} : { "content-length": String(Buffer.byteLength(body)) };
  const options: TunnelRequest = { method, agent, headers: { ...headers, ...length }, givenUp: signal };
  if (signal !== undefined) options.signal = signal;
  signal?.throwIfAborted();
  const answered = new Promise<FetchAnswer>((resolve, reject) => {
    const sent = request(url, options, (response) => resolve(answerOf(response, signal)));
    // Else nobody would be told of the answer: the connection is closed without an error.
    sent.once("upgrade", (response: IncomingMessage, socket: Duplex) => {
      socket.destroy();
      resolve({ ...answerOf(response, signal), body: null });
    });
    if (onSent) sent.once("finish", onSent);
    sent.on("error", (error) => {
      // A kept connection that the other side had closed meanwhile: this request has not reached anybody.
      const stale = sent.reusedSocket && (error as NodeJS.ErrnoException).code === "ECONNRESET" && method === "GET";
      if (signal?.aborted === true) reject(signal.reason as Error);
      else if (stale) resolve(send(url, init, agent));
      else reject(error);
    });
    sent.end(body);
  });
  return await orAborted(answered, signal);
}

/** A request that still waits for its connection says nothing when it is destroyed, in Node as in Bun. */
async function orAborted<T>(work: Promise<T>, signal: AbortSignal | undefined): Promise<T> {
  if (signal === undefined) return await work;
  let stop = (): void => undefined;
  const aborted = new Promise<never>((_, reject) => (stop = () => reject(signal.reason as Error)));
  signal.addEventListener("abort", stop, { once: true });
  try {
    return await Promise.race([work, aborted]);
  } finally {
    signal.removeEventListener("abort", stop);
  }
}

function answerOf(response: IncomingMessage, signal: AbortSignal | undefined): FetchAnswer {
  return {
    status: response.statusCode ?? 0,
    headers: {
      get: (name) => {
        const value = response.headers[name.toLowerCase()];
        return value === undefined ? null : String(value);
      },
    },
    body: bodyOf(response, signal),
  };
}

const bodyOf = (response: IncomingMessage, signal: AbortSignal | undefined): FetchBody => ({
  async *[Symbol.asyncIterator]() {
    try {
      for await (const chunk of response as AsyncIterable<Uint8Array>) yield chunk;
    } catch (error) {
      throw signal?.aborted === true ? signal.reason : error;
    }
  },
  cancel: async () => {
    response.destroy();
    await Promise.resolve();
  },
});
