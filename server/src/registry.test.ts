import { createToken } from "@paks/db";
import { gitRepo } from "@paks/git/testing";
import { expect, onTestFinished, test, vi } from "vitest";
import { roles } from "./registry.ts";
import { runUntilSignal } from "./run-until-signal.ts";
import { onEmbedded, testInstallation } from "./testing/test-registry.ts";

const tokenIn = (lines: readonly string[]) => /paks_[0-9A-Za-z]{36}/.exec(lines.join("\n"))?.[0];

const getStatus = async (url: string, token?: string) =>
  (await fetch(url, { headers: token === undefined ? {} : { authorization: `Bearer ${token}` } })).status;

test("the first start prints address and admin token, later ones the address only; the token is never logged", async () => {
  const { start } = await testInstallation();
  const first = await start();
  const token = tokenIn(first.printed)!;
  expect(first.printed[0]).toContain(first.url);
  expect(await getStatus(`${first.url}/readyz`)).toBe(200);
  expect(await getStatus(`${first.url}/api/auth/me`, token)).toBe(200);
  expect(JSON.stringify(first.events)).not.toContain(token);
  await first.close();
  await expect(fetch(first.url)).rejects.toThrow("fetch failed");

  const second = await start();
  expect(tokenIn(second.printed)).toBeUndefined();
  expect(await getStatus(`${second.url}/api/auth/me`, token)).toBe(200);
});

test("automation sets the admin token; a changed one ends the one before", async () => {
  const { start } = await testInstallation();
  const [first, second] = [createToken().token, "an-operators-own-secret-of-some-length"];
  const one = await start({ PAKS_ADMIN_TOKEN: first });
  expect(tokenIn(one.printed)).toBeUndefined();
  expect(await getStatus(`${one.url}/api/auth/me`, first)).toBe(200);
  await one.close();
  const again = await start({ PAKS_ADMIN_TOKEN: first });
  expect(await getStatus(`${again.url}/api/auth/me`, first)).toBe(200);
  await again.close();
  const two = await start({ PAKS_ADMIN_TOKEN: second });
  expect(await getStatus(`${two.url}/api/auth/me`, second)).toBe(200);
  expect(await getStatus(`${two.url}/api/auth/me`, first)).toBe(401);
  await two.close();
  await expect(start({ PAKS_ADMIN_TOKEN: first })).rejects.toMatchObject({ code: "INVALID_PARAMETER" });
});

test("a start that fails half way leaves port and database to the next one", async () => {
  const { start } = await testInstallation();
  const [old, current] = [createToken().token, createToken().token];
  const first = await start({ PAKS_ADMIN_TOKEN: old });
  const { port } = new URL(first.url);
  await first.close();
  await (await start({ PAKS_ADMIN_TOKEN: current })).close();
  await expect(start({ PORT: port, PAKS_ADMIN_TOKEN: old })).rejects.toMatchObject({ code: "INVALID_PARAMETER" });
  const next = await start({ PORT: port, PAKS_ADMIN_TOKEN: current });
  expect(await getStatus(`${next.url}/readyz`)).toBe(200);
});

test("a hint is taken up by the worker of the same process, and the release can be read", async () => {
  const { start } = await testInstallation();
  const repo = await gitRepo({ "SKILL.md": "---\nname: pdf\ndescription: Fills in PDF forms.\n---\n" });
  onTestFinished(() => repo.remove());
  const message = `Release v1.0.0\n\nPaks-Package: acme/pdf\nPaks-Version: 1.0.0\nPaks-Repository: ${repo.url}\nPaks-Path: \nPaks-Digest: h1:x\n`;
  await repo.tag("v1.0.0", message);
  const admin = createToken().token;
  const settings = { PAKS_ADMIN_TOKEN: admin, PAKS_GIT_PROTOCOLS: "file", PAKS_ALLOW_PRIVATE_GIT: "1" };
  const { url, events } = await start(settings);
  expect(events.filter((event) => event["event"] === "risk")).toHaveLength(2);
  const post = async (path: string, token: string, body: object) => {
    const headers = { authorization: `Bearer ${token}`, "content-type": "application/json" };
    const answer = await fetch(`${url}${path}`, { method: "POST", headers, body: JSON.stringify(body) });
    return ((await answer.json()) as { data: { token: string; id: string } }).data;
  };
  await post("/api/accounts", admin, { name: "acme" });
  const { token } = await post("/api/tokens", admin, { name: "t", account: "acme", scopes: ["publish"] });
  const { id } = await post("/api/index", token, { repository: repo.url, tag: "v1.0.0" });
  const attempt = await vi.waitFor(
    async () => {
      const { data } = (await (await fetch(`${url}/api/attempts/${id}`)).json()) as { data: Record<string, unknown> };
      expect(data["ended_at"]).not.toBeNull();
      return data;
    },
    { timeout: 30_000, interval: 100 },
  );
  // The digest in the trailers is none, so a verdict proves that the tag was fetched and read.
  expect(attempt).toMatchObject({ state: "rejected", code: "TRAILER_MISMATCH" });
});

test("a taken port is found before the database is opened", async () => {
  const { start } = await testInstallation();
  const running = await testInstallation().then((other) => other.start());
  const port = new URL(running.url).port;
  await expect(start({ PORT: port })).rejects.toMatchObject({ code: "ALREADY_EXISTS" });
  const now = await start();
  expect(await getStatus(`${now.url}/readyz`)).toBe(200);
});

test("roles of their own need a shared database", async () => {
  const { start } = await testInstallation();
  for (const role of [roles.api, roles.indexer])
    await expect(start({ DATABASE_URL: "" }, role)).rejects.toMatchObject({ code: "INVALID_PARAMETER" });
});

test.skipIf(onEmbedded)("API and indexer run apart on one database", async () => {
  const { start } = await testInstallation();
  await (await start()).close();
  const api = await start({}, roles.api);
  const indexer = await start({}, roles.indexer);
  expect(await getStatus(`${api.url}/readyz`)).toBe(200);
  expect([indexer.url, indexer.printed]).toEqual(["", []]);
});

test.skipIf(onEmbedded)(
  "the API alone honours the admin token of the environment, and makes none of its own",
  async () => {
    const { start } = await testInstallation();
    await (await start()).close();
    const token = createToken().token;
    const api = await start({ PAKS_ADMIN_TOKEN: token }, roles.api);
    expect(await getStatus(`${api.url}/api/auth/me`, token)).toBe(200);
    expect(tokenIn(api.printed)).toBeUndefined();
  },
);

test.skipIf(onEmbedded)(
  "a database that lacks a migration is refused at the start, not at the first request",
  async () => {
    const { start } = await testInstallation({ migrated: false });
    for (const role of [roles.api, roles.indexer])
      await expect(start({}, role)).rejects.toMatchObject({ code: "DB_INCOMPATIBLE" });
  },
);

test("SIGTERM drains and ends with 0", async () => {
  const { start } = await testInstallation();
  const registry = await start();
  const exit = runUntilSignal(registry, () => undefined);
  process.emit("SIGTERM", "SIGTERM");
  expect(await exit).toBe(0);
  await expect(fetch(registry.url)).rejects.toThrow("fetch failed");
  process.removeAllListeners("SIGINT");
});
