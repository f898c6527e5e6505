import { once } from "node:events";
import { createServer as createHttp, type IncomingMessage } from "node:http";
import { createServer as createHttps } from "node:https";
import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { writeFile } from "node:fs/promises";
import { type AddressInfo, type Socket, connect, createServer } from "node:net";
import { join } from "node:path";
import type { Duplex } from "node:stream";
import { expect, onTestFinished, test, vi } from "vitest";
import { serveStub, tempFolder } from "../testing/index.ts";
import { readBody } from "./fetch.ts";
import { type NetworkSettings, openFetch } from "./open-fetch.ts";

const none: NetworkSettings = { proxy: undefined, noProxy: undefined, caFile: undefined, extraCaFile: undefined };

async function listen(server: ReturnType<typeof createHttp>): Promise<number> {
  const sockets = new Set<Socket>();
  server.on("connection", (socket: Socket) => void sockets.add(socket));
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  onTestFinished(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  return (server.address() as AddressInfo).port;
}

/** An https server whose certificate for `registry.test` nobody but the test knows. */
async function serveHttps() {
  const folder = await tempFolder();
  const [key, cert] = [join(folder, "key.pem"), join(folder, "cert.pem")];
  const subject = ["-subj", "/CN=registry.test", "-addext", "subjectAltName=DNS:registry.test,DNS:localhost"];
  const args = ["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2"];
  execFileSync("openssl", [...args, "-keyout", key, "-out", cert, ...subject], { stdio: "ignore" });
  const requests: IncomingMessage[] = [];
  const server = createHttps({ key: readFileSync(key), cert: readFileSync(cert) }, (request, response) => {
    requests.push(request);
    response.end("hello");
  });
  return { port: await listen(server), key, cert, requests, server };
}

/** A proxy that leads every CONNECT to one port and remembers what it was asked. */
async function serveProxy(port: number, answer = "HTTP/1.1 200 OK\r\n\r\n") {
  const asked: { url: string | undefined; authorization: string | undefined }[] = [];
  const plain: string[] = [];
  const server = createHttp((request, response) => {
    plain.push(request.url ?? "");
    response.end();
  });
  server.on("connect", (request: IncomingMessage, client: Duplex) => {
    asked.push({ url: request.url, authorization: request.headers["proxy-authorization"] });
    client.on("error", () => undefined);
    client.write(answer);
    if (!answer.includes(" 200 ")) return client.end();
    const target = connect(port, "127.0.0.1");
    target.on("error", () => client.destroy());
    return client.pipe(target).pipe(client);
  });
  return { port: await listen(server), asked, plain };
}

test("https goes through the proxy, which sees the host's name and its own password, and nothing of the request", async () => {
  const target = await serveHttps();
  const proxy = await serveProxy(target.port);
  const fetch = openFetch({ ...none, proxy: `http://me:p%40ss@127.0.0.1:${proxy.port}`, caFile: target.cert });
  const headers = { authorization: "Bearer paks_secret" };
  for (let round = 0; round < 2; round += 1) {
    const answer = await fetch("https://registry.test/api?x=1", { headers });
    expect([answer.status, (await readBody(answer, 100)).toString()]).toEqual([200, "hello"]);
  }
  // One tunnel for both.
  const authorization = `Basic ${Buffer.from("me:p@ss").toString("base64")}`;
  expect(proxy.asked).toEqual([{ url: "registry.test:443", authorization }]);
  expect(proxy.plain).toEqual([]);
  expect(target.requests.map((one) => [one.url, one.headers["proxy-authorization"]])).toEqual([
    ["/api?x=1", undefined],
    ["/api?x=1", undefined],
  ]);
});

test("a certificate that nobody vouches for is refused, also behind a proxy and against NODE_TLS_REJECT_UNAUTHORIZED", async () => {
  const target = await serveHttps();
  const proxy = await serveProxy(target.port);
  const before = process.env["NODE_TLS_REJECT_UNAUTHORIZED"];
  process.env["NODE_TLS_REJECT_UNAUTHORIZED"] = "0";
  try {
    const fetch = openFetch({ ...none, proxy: `127.0.0.1:${proxy.port}` });
    await expect(fetch("https://registry.test/")).rejects.toMatchObject({ code: expect.stringMatching(/CERT|VERIFY/) });
    const direct = openFetch({ ...none });
    await expect(direct(`https://127.0.0.1:${target.port}/`)).rejects.toThrow(/certificate/i);
  } finally {
    if (before === undefined) delete process.env["NODE_TLS_REJECT_UNAUTHORIZED"];
    else process.env["NODE_TLS_REJECT_UNAUTHORIZED"] = before;
  }
  expect(target.requests).toEqual([]);
});

test("a trusted certificate for another name is refused", async () => {
  const target = await serveHttps();
  const proxy = await serveProxy(target.port);
  const fetch = openFetch({ ...none, proxy: `http://127.0.0.1:${proxy.port}`, caFile: target.cert });
  await expect(fetch("https://other.test/")).rejects.toMatchObject({ code: "ERR_TLS_CERT_ALTNAME_INVALID" });
});

test.each([
  ["refuses", /status 407/, "HTTP/1.1 407 Proxy Authentication Required\r\nContent-Length: 0\r\n\r\n"],
  ["speaks in the host's place", /sent something of its own/, "HTTP/1.1 200 OK\r\n\r\nhello"],
  ["answers nonsense", /Parse Error/, "SSH-2.0-x\r\n"],
])("a proxy that %s is an error and no detour", async (_, message, answer) => {
  const proxy = await serveProxy(1, answer);
  const fetch = openFetch({ ...none, proxy: `http://127.0.0.1:${proxy.port}` });
  await expect(fetch("https://registry.test/")).rejects.toThrow(message);
});

test("this machine is never asked through a proxy", async () => {
  const stub = await serveStub(() => ({ body: "ok" }));
  const proxy = await serveProxy(1);
  const fetch = openFetch({ ...none, proxy: `http://127.0.0.1:${proxy.port}` });
  expect((await fetch(`${stub.url}/`)).status).toBe(200);
  expect([proxy.asked, proxy.plain]).toEqual([[], []]);
});

test("a file of certificates that cannot be read or holds none is said", async () => {
  const file = join(await tempFolder(), "ca.pem");
  for (const caFile of [file, `${file}.none`]) {
    await writeFile(file, "no certificate");
    await expect(openFetch({ ...none, caFile })("https://registry.test/")).rejects.toMatchObject({
      code: "INVALID_PARAMETER",
      message: expect.stringContaining(caFile),
    });
  }
});

test("a connection that the other side closed meanwhile is replaced", async () => {
  const server = createHttp((_request, response) => response.end("x"));
  server.keepAliveTimeout = 50;
  const port = await listen(server);
  const fetch = openFetch(none);
  for (let round = 0; round < 3; round += 1) {
    const answer = await fetch(`http://127.0.0.1:${port}/`);
    expect((await readBody(answer, 10)).toString()).toBe("x");
    server.closeIdleConnections();
  }
});

test("redirects are answers, bodies are as sent, and a header that is not there is null", async () => {
  const stub = await serveStub(({ method, body, headers }) => ({
    status: 307,
    headers: { location: "/x", "x-echo": `${method} ${body} ${headers["content-length"]}` },
  }));
  const { status, headers } = await openFetch(none)(stub.url, { method: "POST", body: "äb" });
  expect([status, headers.get("Location"), headers.get("X-Echo"), headers.get("none")]).toEqual([
    307,
    "/x",
    "POST äb 3",
    null,
  ]);
  expect(stub.requests).toHaveLength(1);
});

test("a signal ends a request that hangs and a body that drips, with its own reason", async () => {
  const port = await listen(
    createHttp((request, response) => {
      if (request.url === "/hang") return;
      response.write("x");
    }),
  );
  const reason = new Error("enough");
  for (const path of ["/hang", "/drip"]) {
    const stop = new AbortController();
    setTimeout(() => stop.abort(reason), 100);
    const asked = openFetch(none)(`http://127.0.0.1:${port}${path}`, { signal: stop.signal });
    await expect(asked.then((answer) => readBody(answer, 100))).rejects.toBe(reason);
  }
});

test("a body that is longer than allowed is not read to its end", async () => {
  let sent = 0;
  const port = await listen(
    createHttp((_request, response) => {
      const more = () => {
        while (sent < 1e9 && response.write(Buffer.alloc(65_536))) sent += 65_536;
      };
      response.on("drain", more);
      more();
    }),
  );
  const answer = await openFetch(none)(`http://127.0.0.1:${port}/`);
  await expect(readBody(answer, 1_000_000)).rejects.toMatchObject({ code: "TOO_LARGE" });
  expect(sent).toBeLessThan(1e8);
});

test("a proxy that is not there is named, without its password", async () => {
  const closed = createServer().listen(0, "127.0.0.1");
  await once(closed, "listening");
  const { port } = closed.address() as AddressInfo;
  closed.close();
  const fetch = openFetch({ ...none, proxy: `http://me:secret@127.0.0.1:${port}` });
  await expect(fetch("https://registry.test/")).rejects.toThrow(
    `the proxy http://127.0.0.1:${port} cannot be reached: ECONNREFUSED`,
  );
});

test("an answer that changes to another protocol is an answer, and its connection is closed", async () => {
  const server = createServer((socket) => {
    socket.on("error", () => undefined);
    socket.on("data", () => {
      socket.write("HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: x\r\n\r\nhello");
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  onTestFinished(() => void server.close());
  const { port } = server.address() as AddressInfo;
  const closed = once(server, "connection").then(([socket]) => once(socket as Socket, "close"));
  expect(await openFetch(none)(`http://127.0.0.1:${port}/`)).toMatchObject({ status: 101, body: null });
  await closed;
});

test("an https proxy gets no password before its certificate is trusted, and the named certificates count for it", async () => {
  const target = await serveHttps();
  const asked: unknown[] = [];
  const { key, cert } = target;
  const server = createHttps({ key: readFileSync(key), cert: readFileSync(cert) });
  server.on("connect", (request: IncomingMessage, client: Duplex) => {
    asked.push(request.headers["proxy-authorization"]);
    client.on("error", () => undefined);
    client.write("HTTP/1.1 200 OK\r\n\r\n");
    const inside = connect(target.port, "127.0.0.1");
    inside.on("error", () => client.destroy());
    client.pipe(inside).pipe(client);
  });
  const proxy = `https://me:secret@localhost:${await listen(server)}`;
  vi.stubEnv("NODE_TLS_REJECT_UNAUTHORIZED", "0");
  onTestFinished(() => void vi.unstubAllEnvs());
  await expect(openFetch({ ...none, proxy })("https://registry.test/")).rejects.toThrow(/certificate/);
  expect(asked).toEqual([]);
  const answer = await openFetch({ ...none, proxy, caFile: cert })("https://registry.test/");
  expect((await readBody(answer, 100)).toString()).toBe("hello");
  expect(asked).toHaveLength(1);
});

/** Takes connections, says at most one line to each, and is told when they are closed. */
async function serveSilence(line = "") {
  const heard: number[] = [];
  const closed: Promise<unknown>[] = [];
  const server = createServer((socket) => {
    closed.push(new Promise((resolve) => socket.once("close", resolve)));
    const index = heard.push(0) - 1;
    socket.on("error", () => undefined);
    socket.on("data", (bytes) => {
      if (heard[index] === 0 && line !== "") socket.write(line);
      heard[index]! += bytes.length;
    });
  });
  const port = await listen(server as ReturnType<typeof createHttp>);
  return { port, heard, closed };
}

const connectedLine = "HTTP/1.1 200 OK\r\n\r\n";

test.each([
  ["http, silent from the start", "http://127.0.0.1", "", /does not answer/],
  ["https, silent from the start", "https://localhost", "", /does not answer/],
  ["http, silent once connected", "http://127.0.0.1", connectedLine, /has connected, but nothing comes through it/],
])(
  "a proxy that is %s ends with the signal or by itself, and its connection is closed",
  async (_, at, line, message) => {
    const proxy = await serveSilence(line);
    const fetch = openFetch({ ...none, proxy: `${at}:${proxy.port}` });
    const stop = new AbortController();
    const reason = new Error("enough");
    const before = Date.now();
    const stopped = fetch("https://registry.test/", { signal: stop.signal });
    await vi.waitFor(() => expect(proxy.heard[0]).toBeGreaterThan(line === "" ? 0 : 200));
    stop.abort(reason);
    await expect(stopped).rejects.toBe(reason);
    await proxy.closed[0];
    expect(Date.now() - before).toBeLessThan(3000);

    vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] });
    onTestFinished(() => void vi.useRealTimers());
    const late = fetch("https://registry.test/");
    while ((proxy.heard[1] ?? 0) <= (line === "" ? 0 : 200)) await new Promise((resolve) => setImmediate(resolve));
    vi.advanceTimersByTime(15_000);
    await expect(late).rejects.toThrow(message);
    await proxy.closed[1];
  },
);

test("a signal ends what comes through a proxy, and what waits for a free connection", async () => {
  const target = await serveHttps();
  target.server.removeAllListeners("request");
  target.server.on("request", (request, response) => void (request.url === "/drip" && response.write("x")));
  const proxy = await serveProxy(target.port);
  const through = openFetch({ ...none, proxy: `http://127.0.0.1:${proxy.port}`, caFile: target.cert });
  const reason = new Error("enough");
  for (const path of ["/hang", "/drip"]) {
    const stop = new AbortController();
    setTimeout(() => stop.abort(reason), 200);
    const asked = Array.from({ length: 20 }, async () => {
      const answer = await through(`https://registry.test${path}`, { signal: stop.signal });
      return await readBody(answer, 100);
    });
    for (const end of await Promise.allSettled(asked)) expect(end).toEqual({ status: "rejected", reason });
  }
});
