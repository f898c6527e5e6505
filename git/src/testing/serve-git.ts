import type { ChildProcess } from "node:child_process";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";

import { answerWithoutBackend, type Fault, writable } from "./faults.ts";
import { askBackend, type BackendAnswer } from "./http-backend.ts";

export type GitService = "list-fetch" | "fetch" | "list-push" | "push" | "other";

export interface GitRequest {
  /** 0 for the server's first request. */
  readonly index: number;
  readonly method: string;
  readonly path: string;
  readonly service: GitService;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  status: number;
  responseBytes: number;
}

export type FaultHook = (request: GitRequest) => Fault | undefined;

export interface ServeGitOptions {
  /** Accept pushes from anybody. */
  readonly push?: boolean;
  readonly faults?: FaultHook;
  /** False: a server that knows no filters and gives out only what its refs lead to. */
  readonly filters?: boolean;
  /** Speak protocol version 0 whatever the client asks for. */
  readonly oldProtocol?: boolean;
  /** More git configuration of the server, e.g. `["receive.denyDeletes", "true"]`. */
  readonly config?: readonly (readonly [string, string])[];
}

export interface GitServer {
  /** `http://127.0.0.1:port`, no slash at the end */
  readonly url: string;
  /** `127.0.0.1:port`, as a git policy's host */
  readonly host: string;
  readonly requests: GitRequest[];
  count(service?: GitService): number;
  setFaults(faults: FaultHook | undefined): void;
  close(): Promise<void>;
}

/** Real smart HTTP on loopback: `<root>/<name>.git` is served at `/<name>.git`. */
export async function serveGit(root: string, options: ServeGitOptions = {}): Promise<GitServer> {
  const state: State = { root, options, faults: options.faults, requests: [], children: new Set() };
  const server = createServer((request, response) => {
    handle(state, request, response).catch((error: unknown) => response.destroy(error as Error));
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const host = `127.0.0.1:${(server.address() as AddressInfo).port}`;
  return {
    url: `http://${host}`,
    host,
    requests: state.requests,
    count: (service) => state.requests.filter((request) => service === undefined || request.service === service).length,
    setFaults: (faults) => void (state.faults = faults),
    close: async () => {
      for (const child of state.children) child.kill("SIGKILL");
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

interface State {
  readonly root: string;
  readonly options: ServeGitOptions;
  readonly requests: GitRequest[];
  readonly children: Set<ChildProcess>;
  faults: FaultHook | undefined;
}

async function handle(state: State, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const record = describe(request, state.requests.length);
  state.requests.push(record);
  const fault = state.faults?.(record);
  if (fault !== undefined && answerWithoutBackend(fault, response, request.method === "POST")) {
    record.status = response.statusCode;
    return;
  }
  if (state.options.oldProtocol === true) delete request.headers["git-protocol"];
  const answer = await askBackend(request, { root: state.root, config: configFor(state.options, fault) });
  record.status = answer.status;
  state.children.add(answer.child);
  response.once("close", () => answer.child.kill("SIGKILL"));
  void answer.done.then(() => state.children.delete(answer.child));
  await relay(answer, { response, fault, record });
}

function describe(request: IncomingMessage, index: number): GitRequest {
  const path = request.url ?? "/";
  return {
    index,
    method: request.method ?? "",
    path,
    service: serviceOf(path),
    headers: request.headers,
    status: 0,
    responseBytes: 0,
  };
}

function serviceOf(path: string): GitService {
  if (path.endsWith("/info/refs?service=git-upload-pack")) return "list-fetch";
  if (path.endsWith("/info/refs?service=git-receive-pack")) return "list-push";
  if (path.endsWith("/git-upload-pack")) return "fetch";
  if (path.endsWith("/git-receive-pack")) return "push";
  return "other";
}

function configFor(options: ServeGitOptions, fault: Fault | undefined): (readonly [string, string])[] {
  const filters = String(options.filters ?? true);
  const config: (readonly [string, string])[] = [
    ["safe.directory", "*"],
    ["uploadpack.allowFilter", filters],
    ["uploadpack.allowAnySHA1InWant", filters],
    ["http.receivepack", String(options.push ?? false)],
    ...(options.config ?? []),
  ];
  if (fault?.type === "hide") config.push(["transfer.hideRefs", fault.ref]);
  return config;
}

async function relay(
  answer: BackendAnswer,
  to: { response: ServerResponse; fault: Fault | undefined; record: GitRequest },
): Promise<void> {
  const { response, fault, record } = to;
  if (fault?.type === "cut") {
    answer.body.resume();
    await answer.done;
    // Not `response.destroy()`: inside Bun 1.4 that ends the answer instead.
    response.socket?.destroy();
    return;
  }
  response.writeHead(answer.status, answer.headers);
  let left = fault?.type === "truncate" || fault?.type === "short" ? fault.bytes : Number.POSITIVE_INFINITY;
  for await (const chunk of answer.body as AsyncIterable<Buffer>) {
    const bytes = chunk.subarray(0, Math.max(0, Math.min(left, chunk.length)));
    left -= chunk.length;
    record.responseBytes += bytes.length;
    if (fault?.type === "drip") await drip(response, bytes);
    else if (!response.write(bytes)) await writable(response);
    if (left <= 0 || response.destroyed) break;
  }
  if (fault?.type === "truncate") response.destroy();
  else response.end();
}

async function drip(response: ServerResponse, bytes: Buffer): Promise<void> {
  for (const byte of bytes) {
    if (response.destroyed) return;
    response.write(Buffer.of(byte));
    await new Promise((resolve) => setTimeout(resolve, 1000));
  }
}
