import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import { type RunOptions, runPaks, serveStub, tempFolder } from "./testing/index.ts";
import { isNewerRelease } from "./update-notice.ts";

test.each([
  ["1.2.4", "1.2.3", true],
  ["1.10.0", "1.9.9", true],
  ["1.2.3", "1.2.3", false],
  ["1.2.2", "1.2.3", false],
  ["2.0.0-beta.1", "1.0.0", false],
  ["9.9.9\u001b[2J", "1.0.0", false],
  ["9".repeat(40), "1.0.0", false],
  ["1.0.0", "1.0.0-beta.1", false],
])("a registry of %j is newer than %s: %s", (there, own, newer) => {
  expect(isNewerRelease(there, own)).toBe(newer);
});

async function open(registryVersion = "99.0.0") {
  const home = await tempFolder();
  const meta = { total: 0, page: 1, per_page: 10, next_cursor: null };
  const stub = await serveStub(() => ({ headers: { "paks-version": registryVersion }, body: { data: [], meta } }));
  const run = async (argv: readonly string[] = [], options: Partial<RunOptions> = {}) => {
    const environment = { PAKS_REGISTRY: stub.url, ...options.environment };
    const { exit, stderr } = await runPaks(["search", "x", ...argv], {
      cwd: home,
      home,
      terminal: true,
      ...options,
      environment,
    });
    expect(exit).toBe(0);
    return stderr.includes("99.0.0");
  };
  return { home, stub, run };
}

test("a newer paks is mentioned once a day, without a request of its own", async () => {
  const { run, stub } = await open();
  expect(await run()).toBe(true);
  expect(await run()).toBe(false);
  expect(await run([], { clock: () => new Date(Date.now() + 25 * 3_600_000) })).toBe(true);
  expect(stub.requests.map(({ path }) => path.split("?")[0])).toEqual(["/api/paks", "/api/paks", "/api/paks"]);
});

test.each<[string, readonly string[], Partial<RunOptions>]>([
  ["in CI", [], { environment: { CI: "true" } }],
  ["when a coding agent runs it", [], { environment: { CLAUDECODE: "1" } }],
  ["with --json", ["--json"], {}],
  ["with --quiet", ["--quiet"], {}],
  ["where nobody sits", [], { terminal: false }],
  ["when told not to", [], { environment: { PAKS_NO_UPDATE_NOTICE: "1" } }],
])("it is not mentioned %s, nor taken for mentioned", async (_, argv, options) => {
  const { run } = await open();
  expect(await run(argv, options)).toBe(false);
  expect(await run()).toBe(true);
});

test("it is not mentioned when the configuration says so, nor for an older registry", async () => {
  const { home, run } = await open();
  await mkdir(join(home, ".config/paks"), { recursive: true });
  await writeFile(join(home, ".config/paks/config.toml"), "update_notice = false\n");
  expect(await run()).toBe(false);
  expect(await (await open("0.0.1")).run()).toBe(false);
});

test("a state folder that cannot be written costs the notice and nothing else", async () => {
  const { home, run } = await open();
  await writeFile(join(home, "state"), "in the way");
  expect(await run([], { environment: { XDG_STATE_HOME: join(home, "state") } })).toBe(false);
});
