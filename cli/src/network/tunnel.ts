import type { RequestOptions } from "node:http";
import { Agent, type AgentOptions, type RequestOptions as HttpsOptions } from "node:https";
import type { Socket } from "node:net";
import type { Duplex } from "node:stream";
import { type ConnectionOptions, connect as connectTls } from "node:tls";
import { proxyLogin } from "./proxy.ts";
import { openTimeLimit } from "./time-limit.ts";

type Connected = (error: Error | null, socket?: Duplex) => void;

/** `signal` itself does not get here: Node's request keeps it from its agent. */
export interface TunnelRequest extends RequestOptions {
  /** Ends the way through the proxy as well. */
  readonly givenUp?: AbortSignal | undefined;
}

type Target = ConnectionOptions & Pick<TunnelRequest, "givenUp">;

/** An agent whose connections lead through a proxy: it sees the host's name, and TLS from here to that host. */
export function openTunnelAgent(proxy: URL, options: AgentOptions): Agent {
  const agent = new Agent(options);
  // The documented way to make connections differently, which the type declarations do not know.
  (agent as unknown as { createConnection: (to: Target, connected: Connected) => void }).createConnection = (
    to,
    connected,
  ) => {
    connectThrough(proxy, to).then(
      (socket) => connected(null, socket),
      (error: unknown) => connected(error as Error),
    );
  };
  return agent;
}

/** For the whole way to the host. A proxy's own timers end with its answer, and Bun's do not run during TLS to it. */
const patience = 15_000;
const never = new AbortController().signal;

async function connectThrough(proxy: URL, { givenUp, ...to }: Target): Promise<Duplex> {
  const limit = openTimeLimit(givenUp ?? never, patience);
  const name = nameOf(proxy);
  let silent = `${name} does not answer`;
  try {
    const socket = await openTunnel(proxy, to, limit.signal);
    silent = `${name} has connected, but nothing comes through it`;
    return await secure(socket, to, limit.signal);
  } catch (error) {
    throw limit.isOver() ? failure(silent) : error;
  } finally {
    limit.close();
  }
}

interface Opening<T extends Duplex> {
  readonly signal: AbortSignal;
  readonly start: (resolve: (connection: T) => void, reject: (error: Error) => void) => { destroy(): unknown };
}

/** What is given up is closed at once; neither Node nor Bun answers in every state of a connection that is destroyed. */
function orGivenUp<T extends Duplex>({ signal, start }: Opening<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    let opened: { destroy(): unknown } | undefined = undefined;
    const end = () => signal.removeEventListener("abort", giveUp);
    const fail = (error: Error) => {
      end();
      reject(error);
      opened?.destroy();
    };
    const giveUp = () => fail(signal.reason as Error);
    signal.addEventListener("abort", giveUp, { once: true });
    opened = start((connection) => {
      if (signal.aborted) return connection.destroy();
      end();
      return resolve(connection);
    }, fail);
    if (signal.aborted) giveUp();
  });
}

const secure = (socket: Socket, to: ConnectionOptions, signal: AbortSignal): Promise<Duplex> =>
  orGivenUp<Duplex>({
    signal,
    start: (resolve, reject) => {
      const inside = connectTls({ ...to, socket, servername: to.servername ?? to.host ?? "" });
      // For good: what breaks after it was given up is nobody's news, and must not end the program.
      for (const one of [inside, socket]) one.on("error", reject);
      inside.once("secureConnect", () => resolve(inside));
      return { destroy: () => [inside, socket].forEach((one) => one.destroy()) };
    },
  });

async function openTunnel(proxy: URL, to: ConnectionOptions, signal: AbortSignal): Promise<Socket> {
  const { request } = proxy.protocol === "https:" ? await import("node:https") : await import("node:http");
  return await orGivenUp<Socket>({
    signal,
    start: (resolve, reject) => {
      const asked = request(optionsFor(proxy, to));
      const name = nameOf(proxy);
      asked.on("error", ({ code = "", message }: NodeJS.ErrnoException) => {
        const reason = /^E[A-Z]/.test(code) ? `cannot be reached: ${code}` : `does not work: ${message}`;
        reject(failure(`${name} ${reason}`));
      });
      // A proxy that answers CONNECT with a page instead of a connection.
      asked.once("response", ({ statusCode = 0 }) => reject(failure(`${name} answered with status ${statusCode}`)));
      asked.once("connect", ({ statusCode = 0 }, socket, head) => {
        if (statusCode === 200 && head.length === 0) return resolve(socket);
        socket.destroy();
        // With TLS the host says nothing before it is asked.
        const answer = statusCode === 200 ? "sent something of its own" : `answered with status ${statusCode}`;
        return reject(failure(`${name} ${answer}`));
      });
      asked.end();
      return asked;
    },
  });
}

function optionsFor(proxy: URL, { host = "", port, ca }: ConnectionOptions): HttpsOptions {
  const target = `${host.includes(":") ? `[${host}]` : host}:${port ?? 443}`;
  return {
    host: proxy.hostname.replace(/^\[(.*)\]$/, "$1"),
    port: proxy.port || (proxy.protocol === "https:" ? 443 : 80),
    method: "CONNECT",
    path: target,
    agent: false,
    // The proxy gets its password only where its certificate is trusted, as the host gets its token.
    rejectUnauthorized: true,
    ...(ca === undefined ? {} : { ca }),
    headers: { host: target, ...credentialsOf(proxy) },
  };
}

/** Without a user's name and password. */
const nameOf = ({ protocol, host }: URL): string => `the proxy ${protocol}//${host}`;

const failure = (message: string): Error => Object.assign(new Error(message), { code: message });

function credentialsOf(proxy: URL): Record<string, string> {
  const login = proxyLogin(proxy);
  return login === undefined ? {} : { "proxy-authorization": `Basic ${Buffer.from(login).toString("base64")}` };
}
