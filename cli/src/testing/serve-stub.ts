import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { onTestFinished } from "vitest";

export interface StubRequest {
  readonly method: string;
  /** With its query. */
  readonly path: string;
  readonly headers: IncomingMessage["headers"];
  readonly body: string;
}

export interface StubAnswer {
  readonly status?: number;
  readonly headers?: Readonly<Record<string, string>>;
  /** An object is sent as JSON. */
  readonly body?: unknown;
  /** Destroys the connection instead of answering. */
  readonly hangUp?: boolean;
}

export interface Stub {
  readonly url: string;
  readonly requests: StubRequest[];
}

/** A real HTTP server on loopback that answers as the test says; closed after the test. */
export async function serveStub(
  answer: (request: StubRequest, count: number) => StubAnswer | Promise<StubAnswer>,
): Promise<Stub> {
  const requests: StubRequest[] = [];
  const handle = async (request: IncomingMessage, response: ServerResponse) => {
    const chunks: Buffer[] = [];
    for await (const chunk of request as AsyncIterable<Buffer>) chunks.push(chunk);
    const seen = {
      method: request.method ?? "",
      path: request.url ?? "",
      headers: request.headers,
      body: Buffer.concat(chunks).toString("utf8"),
    };
    requests.push(seen);
    const given = await answer(seen, requests.length);
    if (given.hangUp === true) {
      request.socket.destroy();
      return;
    }
    const { body = "" } = given;
    const raw = typeof body === "string" || Buffer.isBuffer(body);
    response.writeHead(given.status ?? 200, {
      "content-type": raw ? "text/plain" : "application/json",
      ...given.headers,
    });
    response.end(raw ? body : JSON.stringify(body));
  };
  const server = createServer((request, response) => void handle(request, response));
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, requests };
}
