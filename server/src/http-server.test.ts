import { once } from "node:events";
import { connect } from "node:net";
import { expect, onTestFinished, test } from "vitest";
import { openHttpServer } from "./http-server.ts";

async function open() {
  const server = await openHttpServer({ host: "127.0.0.1", port: 0 });
  onTestFinished(() => server.close(0));
  return server;
}

/** What the server says to bytes that no HTTP client would send. */
async function raw(url: string, text: string): Promise<string> {
  const socket = connect(Number(new URL(url).port), "127.0.0.1");
  socket.end(text);
  let answer = "";
  socket.on("data", (chunk: Buffer) => (answer += chunk.toString("latin1")));
  await once(socket, "close");
  return answer;
}

test("until the registry is ready every request gets 503 with our error", async () => {
  const server = await open();
  const answer = await fetch(`${server.url}/healthz`);
  expect(answer.status).toBe(503);
  expect(answer.headers.get("retry-after")).toBe("1");
  expect(await answer.json()).toMatchObject({ error: { code: "REGISTRY_UNAVAILABLE" } });
  server.serve(() => new Response("ready"));
  expect(await (await fetch(server.url)).text()).toBe("ready");
});

test("a taken port is one error of ours", async () => {
  const { url } = await open();
  await expect(openHttpServer({ host: "127.0.0.1", port: Number(new URL(url).port) })).rejects.toMatchObject({
    code: "ALREADY_EXISTS",
    message: expect.stringContaining("in use"),
  });
});

test("oversized headers and nonsense are refused without reaching the app", async () => {
  const server = await open();
  let calls = 0;
  server.serve(() => {
    calls += 1;
    return new Response("ok");
  });
  expect(await raw(server.url, `GET / HTTP/1.1\r\nHost: x\r\nX: ${"a".repeat(20_000)}\r\n\r\n`)).toContain("431");
  expect(await raw(server.url, "NONSENSE\r\n\r\n")).toContain("400");
  const strange = await raw(server.url, "GET / HTTP/1.1\r\nHost: a b\r\nConnection: close\r\n\r\n");
  expect(strange).toContain("400");
  expect(strange).toContain("INVALID_PARAMETER");
  expect(calls).toBe(0);
});

test("closing lets a running request finish and accepts no other", async () => {
  const server = await openHttpServer({ host: "127.0.0.1", port: 0 });
  let release = () => {};
  const started = new Promise<void>((begun) => {
    server.serve(async () => {
      begun();
      await new Promise<void>((resolve) => (release = resolve));
      return new Response("finished");
    });
  });
  const answer = fetch(server.url);
  await started;
  const closing = server.close(5_000);
  await expect(fetch(server.url)).rejects.toThrow("fetch failed");
  release();
  expect(await (await answer).text()).toBe("finished");
  await closing;
});
