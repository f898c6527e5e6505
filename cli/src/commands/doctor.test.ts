import { execFileSync } from "node:child_process";
import { chmod, mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import { checkNode, checkRuntime } from "../diagnose-here.ts";
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
    "node",
    "config file",
    "git",
    "git hooks",
    "proxy",
    "project",
    "registry",
    "keychain",
    "login",
    "agents",
    "store",
    "project skills",
    "global skills",
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

test("a machine without git is a warning: installs go without it", async () => {
  const { run } = await open();
  const { exit, json } = await run(["--json"], { environment: { PATH: "/nowhere" } });
  expect(exit).toBe(0);
  expect(checkOf(json(), "git")).toMatchObject({ state: "warn", hint: expect.stringContaining("publish") as string });
});

test("a git that the user named and that is missing fails with GIT_MISSING: exit 10", async () => {
  const { run } = await open();
  const { exit, json } = await run(["--json"], { environment: { PAKS_GIT: "/nowhere/git" } });
  expect(exit).toBe(10);
  expect(checkOf(json(), "git")).toMatchObject({ state: "fail", code: "GIT_MISSING", hint: expect.any(String) });
  expect((json() as Report).checks.filter(({ state }) => state === "fail").length).toBe(1);
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

test("what is found is said: agents, the remembered ones, hooks that publish runs, the proxy, the configuration", async () => {
  const { run, home } = await open();
  await mkdir(join(home, ".claude"));
  await mkdir(join(home, ".config/paks"), { recursive: true });
  const config = 'default_agent = "goose"\nproxy = "http://me:secret@proxy.example:3128"\n';
  await writeFile(join(home, ".config/paks/config.toml"), config);
  execFileSync("git", ["init", "-q", home], { stdio: "ignore" });
  await writeFile(join(home, ".git/hooks/pre-push"), "#!/bin/sh\n", { mode: 0o755 });
  await writeFile(join(home, ".git/hooks/commit-msg"), "not executable", { mode: 0o644 });
  const { json, stdout } = await run(["--json", "--offline", "--registry", "https://registry.example"]);
  expect(checkOf(json(), "agents")).toMatchObject({ state: "ok", detail: "claude-code; install uses goose" });
  expect(checkOf(json(), "git hooks")?.detail).toMatch(/^publish runs pre-push of .*hooks$/);
  expect(checkOf(json(), "proxy")?.detail).toBe("http://proxy.example:3128");
  expect(checkOf(json(), "config file")?.detail).toContain("config.toml");
  expect(checkOf(json(), "store")?.detail).toMatch(/^0 releases, 0.0 of \d+ MB/);
  expect(checkOf(json(), "node")?.detail).toContain(process.versions.node);
  expect(stdout).not.toContain("secret");
});

test.each([
  ["a default agent that nobody knows", 'default_agent = "nobody"\n', "fail", 5],
  ["a token in plain text", '[registries.x]\nurl = "https://x.example"\ntoken = "stk_1"\n', "warn", 0],
])("%s in the configuration is told with its fix", async (_, config, state, exit) => {
  const { run, home } = await open();
  await mkdir(join(home, ".config/paks"), { recursive: true });
  await writeFile(join(home, ".config/paks/config.toml"), config);
  const result = await run(["--json"]);
  expect(result.exit).toBe(exit);
  expect(checkOf(result.json(), "config file")).toMatchObject({ state, hint: expect.any(String) });
  expect(result.stdout).not.toContain("stk_1");
});

test.each([
  ["is no TOML", "[", "config.toml:1:"],
  ["names a registry that is no address", 'default_registry = "ftp://x"\n', "default_registry of the configuration"],
])(
  "a configuration that %s is one row that fails; everything else is looked at",
  async (_, config, detail) => {
    const { run, home } = await open();
    await mkdir(join(home, ".config/paks"), { recursive: true });
    await writeFile(join(home, ".config/paks/config.toml"), config);
    const { exit, json } = await run(["--json", "--offline"], { environment: { PAKS_REGISTRY: "" } });
    const report = json() as Report;
    expect(checkOf(report, "config file")).toMatchObject({ state: "fail", detail: expect.stringContaining(detail) });
    expect([exit === 0, report.ok]).toEqual([false, false]);
    expect(checkOf(report, "git")).toMatchObject({ state: "ok" });
  },
  20_000,
);

test.runIf(process.platform !== "win32")("folders that everybody may write to are told", async () => {
  const { run, home } = await open();
  await mkdir(join(home, ".agents/skills"), { recursive: true });
  await chmod(join(home, ".agents/skills"), 0o777);
  const { exit, json } = await run(["--json"]);
  expect(exit).toBe(0);
  expect(checkOf(json(), "global skills")).toMatchObject({ state: "warn", hint: expect.stringContaining("chmod o-w") });
});

test.each([
  ["18.20.0", "fail"],
  ["20.18.9", "fail"],
  ["20.19.0", "ok"],
  ["22.0.0", "ok"],
])("Node %s: %s", (version, state) => {
  expect(checkNode(version).state).toBe(state);
});

test("the standalone executable names itself and its own runtime, and no Node that nobody installed", () => {
  expect(checkRuntime(true)).toMatchObject({ name: "program", state: "ok" });
  expect(checkRuntime(true).detail).toMatch(/^standalone, Bun /);
  expect(checkRuntime(true).detail).not.toContain(process.versions.node);
  expect(checkRuntime(false)).toMatchObject({ name: "node", detail: expect.stringContaining(process.versions.node) });
});

test("certificates that cannot be read are a failure of their row", async () => {
  const { run, home } = await open();
  await mkdir(join(home, ".config/paks"), { recursive: true });
  await writeFile(join(home, ".config/paks/config.toml"), 'ca_file = "none.pem"\n');
  const { json } = await run(["--json", "--offline"]);
  expect(checkOf(json(), "proxy")).toMatchObject({
    state: "fail",
    code: "INVALID_PARAMETER",
    detail: expect.stringContaining("none.pem cannot be read"),
  });
});

test("NODE_EXTRA_CA_CERTS that is of no use is a warning, whatever runs paks", async () => {
  const { run, home } = await open();
  const file = join(home, "extra.pem");
  const says = async (problem: string) => {
    const { json } = await run(["--json", "--offline"], { environment: { NODE_EXTRA_CA_CERTS: file } });
    const detail = `none; NODE_EXTRA_CA_CERTS names ${file}, which ${problem}`;
    expect(checkOf(json(), "proxy")).toMatchObject({ state: "warn", detail });
  };
  await says("cannot be read (ENOENT)");
  await writeFile(file, "no certificate");
  await says("holds no certificate");
});

test.each([
  ["ofline = true\n", "ofline", "Did you mean offline?"],
  ['[agents.mine]\nskils_dir = "/x"\n', "agents.mine.skils_dir", "Did you mean agents.mine.skills_dir?"],
  ["[other]\nthing = 1\n", "other.thing", "See `paks config list --all`."],
])("a key that nobody reads is told: %j", async (config, key, hint) => {
  const { run, home } = await open();
  await mkdir(join(home, ".config/paks"), { recursive: true });
  await writeFile(join(home, ".config/paks/config.toml"), config);
  const { json } = await run(["--json", "--offline"]);
  expect(checkOf(json(), "config file")).toMatchObject({ state: "warn", detail: expect.stringContaining(key), hint });
});

test("the project's files are looked at: broken ones fail, and ones that do not fit each other are a warning", async () => {
  const { run, home } = await open();
  const projectOf = async (text: string) => {
    await writeFile(join(home, "paks.jsonc"), text);
    const { exit, json } = await run(["--json"]);
    return { exit, ...checkOf(json(), "project") };
  };
  expect(await projectOf("{}")).toMatchObject({ exit: 0, state: "ok" });
  expect(await projectOf('{ "paks": ["acme/pdf"] }')).toMatchObject({
    state: "warn",
    hint: expect.any(String) as string,
  });
  expect(await projectOf('{ "paks": [\n<<<<<<< HEAD\n] }')).toMatchObject({
    exit: 5,
    state: "fail",
    detail: expect.stringContaining("merge conflict") as string,
    hint: expect.stringContaining("both sides") as string,
  });
  await writeFile(join(home, "paks.lock"), "{");
  expect(await projectOf("{}")).toMatchObject({ exit: 7, state: "fail", code: "LOCKFILE_MISMATCH" });
});

test("a project's registry is the one that is looked at; one of the user's own that is away is a warning then", async () => {
  const { run, home, stub } = await open();
  const dead = "http://127.0.0.1:9";
  await mkdir(join(home, ".config/paks"), { recursive: true });
  await writeFile(join(home, ".config/paks/config.toml"), `default_registry = "${dead}"\n`);
  await writeFile(join(home, "paks.jsonc"), JSON.stringify({ registry: stub.url }));
  const { exit, json } = await run(["--json"], { environment: { PAKS_REGISTRY: "" } });
  expect(exit).toBe(0);
  expect(checkOf(json(), "registry")).toMatchObject({
    state: "ok",
    detail: `${stub.url} (paks.jsonc), version 9.8.7, ok`,
  });
  const own = checkOf(json(), "own registry");
  expect(own).toMatchObject({
    state: "warn",
    detail: expect.stringMatching(/It is named by your configuration\.$/) as string,
  });
  // It is the one that says so.
  expect(own?.hint).not.toContain("paks doctor");
}, 20_000);
