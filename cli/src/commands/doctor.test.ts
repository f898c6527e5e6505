import { chmod, mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import { type RunOptions, runPaks, serveStub, tempFolder } from "../testing/index.ts";

async function open() {
  const home = await tempFolder();
  const stub = await serveStub(() => ({ body: { data: { status: "ok", version: "9.8.7" } } }));
  const run = async (argv: string[] = [], options: Partial<RunOptions> = {}) =>
    await runPaks(["doctor", ...argv], {
      cwd: home,
      home,
      ...options,
      environment: { PAKS_REGISTRY: stub.url, ...options.environment },
    });
  return { home, stub, run };
}

interface Report {
  ok: boolean;
  checks: { name: string; state: string; detail: string; code?: string; hint?: string }[];
}

const checkOf = (report: unknown, name: string) => (report as Report).checks.find((one) => one.name === name);

test("on a healthy machine nothing fails, and the keychain was really written to", async () => {
  const { run } = await open();
  const { exit, json, stdout } = await run(["--json"]);
  expect(exit, stdout).toBe(0);
  expect((json() as Report).checks.map((one) => one.name)).toEqual([
    "paks",
    "git",
    "registry",
    "keychain",
    "login",
    "config folder",
    "state folder",
    "cache folder",
  ]);
  expect(checkOf(json(), "registry")?.detail).toContain("version 9.8.7");
  expect(checkOf(json(), "git")?.detail).toMatch(/^\d+\.\d+/);
  expect(checkOf(json(), "keychain")).toMatchObject({ state: "ok", detail: expect.stringContaining("tokens.json") });
  expect(checkOf(json(), "login")).toMatchObject({ state: "warn", hint: expect.stringContaining("paks login") });
});

test("every row has a mark", async () => {
  const { run } = await open();
  const { stdout } = await run();
  expect(stdout).toMatch(/^✓ {2}git/m);
  expect(stdout).toMatch(/^⚠ {2}login/m);
});

test("a missing git fails with GIT_MISSING: exit 10", async () => {
  const { run } = await open();
  const { exit, json } = await run(["--json"], { environment: { PAKS_GIT: "/nowhere/git" } });
  expect(exit).toBe(10);
  expect(checkOf(json(), "git")).toMatchObject({ state: "fail", code: "GIT_MISSING", hint: expect.any(String) });
});

test("an unreachable registry fails with exit 8; offline it is only not asked", async () => {
  const { run } = await open();
  const fetch = async () => await Promise.reject(new TypeError("fetch failed"));
  const { exit, json } = await run(["--json"], { fetch });
  expect(exit).toBe(8);
  expect(checkOf(json(), "registry")).toMatchObject({ state: "fail", code: "REGISTRY_UNAVAILABLE" });
  expect((await run(["--offline"], { fetch })).exit).toBe(0);
}, 20_000);

test.runIf(process.platform !== "win32")("a token file that others may read fails", async () => {
  const { run, home } = await open();
  await run();
  await chmod(join(home, ".config/paks/credentials/tokens.json"), 0o644);
  const { exit, json } = await run(["--json"]);
  expect(exit).toBe(10);
  expect(checkOf(json(), "keychain")).toMatchObject({ state: "fail", code: "KEYCHAIN_UNAVAILABLE" });
});

test("a file where a folder should be fails", async () => {
  const { run, home } = await open();
  await mkdir(join(home, ".cache"));
  await writeFile(join(home, ".cache/paks"), "");
  const { exit, json } = await run(["--json"]);
  expect(exit).toBe(10);
  expect(checkOf(json(), "cache folder")).toMatchObject({ state: "fail", code: "READ_ONLY_TARGET" });
});
