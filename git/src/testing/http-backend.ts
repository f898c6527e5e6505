import { type ChildProcess, spawn } from "node:child_process";
import type { IncomingMessage } from "node:http";
import type { Readable } from "node:stream";

import { testGitEnv } from "./git-command.ts";

export interface BackendAnswer {
  readonly status: number;
  readonly headers: Record<string, string>;
  /** The body, still streaming. */
  readonly body: Readable;
  /** Resolves when the backend has ended: after a push, refs are then changed. */
  readonly done: Promise<void>;
  readonly child: ChildProcess;
}

export interface BackendOptions {
  readonly root: string;
  /** `key=value` lines of git configuration for this one request. */
  readonly config: readonly (readonly [string, string])[];
}

/** Runs `git http-backend` as a web server would: the CGI protocol by hand. */
export async function askBackend(request: IncomingMessage, options: BackendOptions): Promise<BackendAnswer> {
  const url = new URL(request.url ?? "/", "http://localhost");
  const child = spawn("git", ["http-backend"], {
    env: cgiEnv(request, url, options),
    stdio: ["pipe", "pipe", "ignore"],
  });
  const done = new Promise<void>((resolve) => child.once("close", () => resolve()));
  child.stdin.on("error", () => undefined); // the backend may answer without reading the whole request
  request.pipe(child.stdin);
  const head = await readHead(child.stdout);
  return { ...head, body: child.stdout, done, child };
}

function cgiEnv(request: IncomingMessage, url: URL, options: BackendOptions): Record<string, string> {
  const header = (name: string) => request.headers[name]?.toString() ?? "";
  const env: Record<string, string> = {
    ...testGitEnv(),
    GIT_PROJECT_ROOT: options.root,
    GIT_HTTP_EXPORT_ALL: "1",
    REQUEST_METHOD: request.method ?? "GET",
    PATH_INFO: decodeURIComponent(url.pathname),
    QUERY_STRING: url.search.slice(1),
    CONTENT_TYPE: header("content-type"),
    REMOTE_ADDR: "127.0.0.1",
    GIT_CONFIG_COUNT: String(options.config.length),
  };
  options.config.forEach(([key, value], index) => {
    env[`GIT_CONFIG_KEY_${index}`] = key;
    env[`GIT_CONFIG_VALUE_${index}`] = value;
  });
  if (header("content-length") !== "") env["CONTENT_LENGTH"] = header("content-length");
  if (header("content-encoding") !== "") env["HTTP_CONTENT_ENCODING"] = header("content-encoding");
  if (header("git-protocol") !== "") env["GIT_PROTOCOL"] = header("git-protocol");
  return env;
}

async function readHead(stream: Readable): Promise<{ status: number; headers: Record<string, string> }> {
  let bytes = Buffer.alloc(0);
  for (;;) {
    const chunk = stream.read() as Buffer | null;
    if (chunk === null) {
      if (stream.readableEnded) throw new Error("git http-backend ended before its headers did");
      await new Promise((resolve) => {
        stream.once("readable", resolve);
        stream.once("end", resolve);
      });
      continue;
    }
    bytes = Buffer.concat([bytes, chunk]);
    const end = bytes.indexOf("\r\n\r\n");
    if (end < 0) continue;
    stream.unshift(bytes.subarray(end + 4));
    return parseHead(bytes.subarray(0, end).toString("latin1"));
  }
}

function parseHead(text: string): { status: number; headers: Record<string, string> } {
  const headers: Record<string, string> = {};
  for (const line of text.split("\r\n")) {
    const colon = line.indexOf(":");
    headers[line.slice(0, colon).toLowerCase()] = line.slice(colon + 1).trim();
  }
  const status = Number.parseInt(headers["status"] ?? "200", 10);
  delete headers["status"];
  return { status, headers };
}
