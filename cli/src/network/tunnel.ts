import type { ClientRequest } from "node:http";
import { Agent, type AgentOptions, type RequestOptions as HttpsOptions } from "node:https";
import type { Socket } from "node:net";
import type { Duplex } from "node:stream";
import { type ConnectionOptions, connect as connectTls } from "node:tls";

type Connected = (error: Error | null, socket?: Duplex) => void;

/** An agent whose connections lead through a proxy: it sees the host's name, and TLS from here to that host. */
export function openTunnelAgent(proxy: URL, options: AgentOptions): Agent {
  const agent = new Agent(options);
  // The documented way to make connections differently, which the type declarations do not know.
  (agent as unknown as { createConnection: (to: ConnectionOptions, connected: Connected) => void }).createConnection = (
    to,
    connected,
  ) => {
    void connectThrough(proxy, to, connected);
  };
  return agent;
}

async function connectThrough(proxy: URL, to: ConnectionOptions, connected: Connected): Promise<void> {
  let socket: Socket;
  try {
    socket = await openTunnel(proxy, to);
  } catch (error) {
    connected(error as Error);
    return;
  }
  const secure = connectTls({ ...to, socket, servername: to.servername ?? to.host ?? "" });
  secure.once("error", connected);
  secure.once("secureConnect", () => {
    secure.removeListener("error", connected);
    connected(null, secure);
  });
}

const patience = 15_000;

async function openTunnel(proxy: URL, to: ConnectionOptions): Promise<Socket> {
  const { request } = proxy.protocol === "https:" ? await import("node:https") : await import("node:http");
  const host = to.host ?? "";
  const target = `${host.includes(":") ? `[${host}]` : host}:${to.port ?? 443}`;
  const options: HttpsOptions = {
    host: proxy.hostname.replace(/^\[(.*)\]$/, "$1"),
    port: proxy.port || (proxy.protocol === "https:" ? 443 : 80),
    method: "CONNECT",
    path: target,
    agent: false,
    // The proxy gets its password only where its certificate is trusted, as the host gets its token.
    rejectUnauthorized: true,
    ...(to.ca === undefined ? {} : { ca: to.ca }),
    headers: { host: target, ...credentialsOf(proxy) },
  };
  return await new Promise((resolve, reject) => {
    const asked = request(options);
    const name = nameOf(proxy);
    asked.setTimeout(patience, () => asked.destroy(failure(`${name} does not answer`)));
    asked.once("error", (error: NodeJS.ErrnoException) => {
      const { code = "", message } = error;
      if (code.startsWith(name)) reject(error);
      else
        reject(
          failure(/^E[A-Z]/.test(code) ? `${name} cannot be reached: ${code}` : `${name} does not work: ${message}`),
        );
    });
    // A proxy that answers CONNECT with a page instead of a connection.
    asked.once("response", (response) => {
      response.destroy();
      reject(failure(`${name} answered with status ${response.statusCode ?? 0}`));
    });
    asked.once("connect", (response, socket, head) => finish(asked, { name, response, socket, head, resolve, reject }));
    asked.end();
  });
}

/** Without a user's name and password. */
const nameOf = ({ protocol, host }: URL): string => `the proxy ${protocol}//${host}`;

interface Tunnel {
  readonly name: string;
  readonly response: { readonly statusCode?: number | undefined };
  readonly socket: Socket;
  readonly head: Buffer;
  readonly resolve: (socket: Socket) => void;
  readonly reject: (error: Error) => void;
}

function finish(asked: ClientRequest, { name, response, socket, head, resolve, reject }: Tunnel): void {
  asked.setTimeout(0);
  socket.setTimeout(0);
  if (response.statusCode === 200 && head.length === 0) return resolve(socket);
  socket.destroy();
  reject(failure(`${name} answered with status ${response.statusCode ?? 0}`));
}

const failure = (message: string): Error => Object.assign(new Error(message), { code: message });

/** User and password of the proxy's URL. They go to the proxy and are shown nowhere. */
function credentialsOf({ username, password }: URL): Record<string, string> {
  if (username === "" && password === "") return {};
  const text = `${decodeURIComponent(username)}:${decodeURIComponent(password)}`;
  return { "proxy-authorization": `Basic ${Buffer.from(text).toString("base64")}` };
}
