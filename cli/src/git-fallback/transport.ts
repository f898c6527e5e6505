import { type IncomingMessage, type RequestOptions, request as requestHttp } from "node:http";
import { request as requestHttps } from "node:https";
import { isIP } from "node:net";
import type { Duplex } from "node:stream";
import { PaksError } from "@paks/schema";
import { openTunnelAgent } from "../network/tunnel.ts";
import { networkReason } from "../network/why-unreachable.ts";

export interface Transport {
  /** The plain address of the repository, without a slash at the end. */
  readonly url: string;
  readonly addresses: readonly string[];
  readonly listingBytes: number;
  readonly packBytes: number;
  readonly idleMilliseconds: number;
  readonly proxy?: string | undefined;
  readonly certificates?: string | undefined;
  /** Told of every failure: the library makes others of some. */
  readonly onFailure: (failure: PaksError) => void;
}

interface GitRequest {
  readonly url: string;
  readonly method?: string | undefined;
  readonly headers?: Record<string, string> | undefined;
  readonly body?: AsyncIterableIterator<Uint8Array> | readonly Uint8Array[] | undefined;
}

/**
 * The connection of the git library. It goes to the repository's own two addresses and nowhere else, follows no redirect,
 * carries no credentials, and counts bytes.
 */
export const openTransport = (transport: Transport) => ({
  request: async ({ url, method = "GET", headers = {}, body }: GitRequest) => {
    const listing = `${transport.url}/info/refs?service=git-upload-pack`;
    if (url !== listing && url !== `${transport.url}/git-upload-pack`)
      throw new PaksError("HOST_NOT_ALLOWED", "The repository leads to another address.");
    const sent = body === undefined ? undefined : await collect(body);
    const response = await send(new URL(url), { method, headers, body: sent }, transport);
    requireGit(response, url === listing ? "advertisement" : "result");
    const limit = url === listing ? transport.listingBytes : transport.packBytes;
    return {
      url,
      method,
      headers: response.headers as Record<string, string>,
      statusCode: response.statusCode ?? 0,
      statusMessage: "",
      body: counted(response, limit, transport.onFailure),
    };
  },
});

async function collect(body: NonNullable<GitRequest["body"]>): Promise<Buffer> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of body) chunks.push(chunk);
  return Buffer.concat(chunks);
}

interface Sent {
  readonly method: string;
  readonly headers: Record<string, string>;
  readonly body: Buffer | undefined;
}

async function send(url: URL, { method, headers, body }: Sent, transport: Transport): Promise<IncomingMessage> {
  const length = body === undefined ? {} : { "content-length": String(body.length) };
  const options: RequestOptions = {
    method,
    headers: { "user-agent": "git/2.0 (paks)", ...headers, ...length },
    ...(transport.proxy === undefined
      ? { lookup: pinned(transport.addresses), agent: false }
      : { agent: tunnel(transport) }),
    timeout: transport.idleMilliseconds,
  };
  return await new Promise((resolve, reject) => {
    const start = url.protocol === "https:" ? requestHttps : requestHttp;
    const request = start(url, { ...options, ...(url.protocol === "https:" ? trust(transport) : {}) }, resolve);
    // Else nobody would be told of the answer: the connection is closed without an error.
    request.on("upgrade", (response: IncomingMessage, socket: Duplex) => {
      socket.destroy();
      resolve(response);
    });
    request.on("timeout", () => request.destroy(tooSlow(url)));
    request.on("error", (error) => reject(error instanceof PaksError ? error : unreachable(url, error)));
    request.end(body);
  });
}

const trust = ({ certificates }: Transport) => ({
  rejectUnauthorized: true,
  ...(certificates === undefined ? {} : { ca: certificates }),
});

const tunnel = (transport: Transport) => openTunnelAgent(new URL(transport.proxy!), trust(transport));

const tooSlow = (url: URL): PaksError =>
  new PaksError("GIT_HOST_TIMEOUT", `${url.hostname} did not answer in time.`, { hint: "Try again later." });

function unreachable(url: URL, cause: unknown): PaksError {
  const reason = networkReason(cause);
  return new PaksError("GIT_HOST_UNAVAILABLE", `${url.hostname} cannot be reached (${reason}).`, {
    details: { reason },
    cause,
  });
}

/** The addresses that were judged before, whatever DNS says now. */
const pinned =
  (addresses: readonly string[]): NonNullable<RequestOptions["lookup"]> =>
  (_host, options, callback) => {
    const all = addresses.map((address) => ({ address, family: isIP(address) }));
    if (options.all === true) callback(null, all);
    else callback(null, all[0]!.address, all[0]!.family);
  };

const statusCodes: Readonly<Record<number, "REPOSITORY_NOT_FOUND" | "GIT_HOST_RATE_LIMITED" | "GIT_HOST_TIMEOUT">> = {
  401: "REPOSITORY_NOT_FOUND",
  403: "REPOSITORY_NOT_FOUND",
  404: "REPOSITORY_NOT_FOUND",
  410: "REPOSITORY_NOT_FOUND",
  429: "GIT_HOST_RATE_LIMITED",
  504: "GIT_HOST_TIMEOUT",
};

function requireGit(response: IncomingMessage, kind: "advertisement" | "result"): void {
  const status = response.statusCode ?? 0;
  const type = response.headers["content-type"];
  if (status === 200 && type === `application/x-git-upload-pack-${kind}`) return;
  response.destroy();
  if (status === 200)
    throw new PaksError("GIT_PROTOCOL_ERROR", "The host answers with a page instead of git.", {
      hint: "A login page or a network's own page may stand in between.",
    });
  if (status >= 300 && status < 400)
    throw new PaksError("REPOSITORY_MOVED", "The repository has another address now.", {
      hint: "Use the new address.",
    });
  const code = statusCodes[status] ?? (status >= 500 ? "GIT_HOST_UNAVAILABLE" : "GIT_PROTOCOL_ERROR");
  if (code === "REPOSITORY_NOT_FOUND")
    throw new PaksError(code, "There is no public repository at this address.", {
      hint: "Check the address; private repositories cannot be read.",
    });
  throw new PaksError(code, `The host answers with status ${status}.`, { hint: "Try again later." });
}

async function* counted(
  response: IncomingMessage,
  limit: number,
  onFailure: Transport["onFailure"],
): AsyncIterableIterator<Uint8Array> {
  let bytes = 0;
  try {
    for await (const chunk of response as AsyncIterable<Uint8Array>) {
      bytes += chunk.length;
      if (bytes > limit)
        throw new PaksError("TOO_LARGE", `The repository sends more than ${limit} bytes.`, { details: { limit } });
      yield chunk;
    }
  } catch (cause) {
    const broken = new PaksError("GIT_HOST_UNAVAILABLE", "The host broke the connection.", { cause });
    const failure = cause instanceof PaksError ? cause : broken;
    onFailure(failure);
    throw failure;
  } finally {
    response.destroy();
  }
}
