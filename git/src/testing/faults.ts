import type { ServerResponse } from "node:http";

/** What goes wrong with one request. */
export type Fault =
  /** An answer that is not git's: 401, 403, 404, 429 with `retry-after`, 500, 503 … */
  | { type: "status"; status: number; headers?: Record<string, string>; body?: string }
  /** A login page or captive portal: 200 and HTML for everything. */
  | { type: "html" }
  | { type: "redirect"; location: string; status?: number }
  /** The request is read, nothing is ever answered. */
  | { type: "hang" }
  /** The true answer, one byte a second. */
  | { type: "drip" }
  /** The backend does its work (a push is accepted), then the connection dies before a byte is answered. */
  | { type: "cut" }
  /** The true answer's first bytes, then the connection dies. */
  | { type: "truncate"; bytes: number }
  /** The true answer's first bytes, then a clean end. */
  | { type: "short"; bytes: number }
  /** A ref that is not visible yet: replication lag. */
  | { type: "hide"; ref: string }
  /** A listing that never ends. */
  | { type: "endless-refs" };

const page = "<!doctype html><title>Sign in</title><h1>Welcome to the hotel network</h1>";

/** Answers faults that need no backend; false when the fault is not one of them. */
export function answerWithoutBackend(fault: Fault, response: ServerResponse, post: boolean): boolean {
  switch (fault.type) {
    case "status":
      response.writeHead(fault.status, { "content-type": "text/plain", ...fault.headers });
      response.end(fault.body ?? `status ${fault.status}\n`);
      return true;
    case "html":
      response.writeHead(200, { "content-type": "text/html; charset=utf-8" });
      response.end(page);
      return true;
    case "redirect":
      response.writeHead(fault.status ?? 302, { location: fault.location });
      response.end();
      return true;
    case "hang":
      return true;
    case "endless-refs":
      void writeEndlessRefs(response, post);
      return true;
    default:
      return false;
  }
}

const pktLine = (text: string) => (text.length + 4).toString(16).padStart(4, "0") + text;

async function writeEndlessRefs(response: ServerResponse, post: boolean): Promise<void> {
  const type = post ? "application/x-git-upload-pack-result" : "application/x-git-upload-pack-advertisement";
  response.writeHead(200, { "content-type": type });
  const oid = "1".repeat(40);
  if (!post) {
    response.write(`${pktLine("# service=git-upload-pack\n")}0000`);
    response.write(pktLine(`${oid} refs/heads/main\0side-band-64k shallow filter\n`));
  }
  for (let block = 0; !response.destroyed; block++) {
    let lines = "";
    for (let line = 0; line < 1000; line++) lines += pktLine(`${oid} refs/tags/v${block}.${line}.0\n`);
    if (!response.write(lines)) await writable(response);
  }
}

/** Until more can be written, or nobody listens any more. */
export function writable(response: ServerResponse): Promise<void> {
  return new Promise((resolve) => {
    const done = () => {
      response.off("drain", done).off("close", done);
      resolve();
    };
    response.once("drain", done).once("close", done);
  });
}
