import { readFile, readdir } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import { type RunOptions, type StubAnswer, runPaks, serveStub, tempFolder } from "../testing/index.ts";

const now = new Date("2026-11-20T00:00:00Z");
const secret = "paks_0123456789abcdefghijklmnopqrst123456";

const me = (expires_at: string | null = "2027-02-18T00:00:00Z") => ({
  account: "acme",
  kind: "user",
  token: { name: "laptop", prefix: "paks_012", scopes: ["publish"], created_at: "2026-11-20T00:00:00Z", expires_at },
});

const refusal: StubAnswer = {
  status: 401,
  body: { error: { code: "INVALID_TOKEN", message: "Unknown token.", hint: "Log in." } },
};

/** A registry that knows one token, and a home of its own. */
async function open({
  expires = me().token.expires_at,
  token = secret,
}: { expires?: string | null; token?: string } = {}) {
  const home = await tempFolder();
  const stub = await serveStub(({ headers, path }) => {
    if (headers.authorization !== `Bearer ${token}`) return refusal;
    return { body: { data: path === "/api/auth/revoke" ? { revoked: true } : me(expires) } };
  });
  const run = async (argv: string[], options: Partial<RunOptions> = {}) =>
    await runPaks(argv, {
      cwd: home,
      home,
      clock: () => now,
      ...options,
      environment: { PAKS_REGISTRY: stub.url, ...options.environment },
    });
  return { home, stub, run };
}

const login = ["login", "--token-stdin"];

test("a refused token is named by where it came from: another login does not help against a variable, nor in login", async () => {
  const { run, stub } = await open();
  const environment = { PAKS_TOKEN: "paks_wrong" };
  expect((await run([...login], { stdin: secret, environment })).exit).toBe(0);
  const hintOf = async (argv: string[], options: Partial<RunOptions>) =>
    ((await run([...argv, "--json"], options)).json() as { error: { hint: string } }).error.hint;
  const correct = `PAKS_TOKEN holds a token that ${stub.url} does not accept: correct or unset it.`;
  expect(await hintOf(["whoami"], { environment })).toBe(correct);
  expect(await hintOf(["whoami"], { environment: { PAKS_TOKEN: "two words" } })).toBe(correct);
  expect(await hintOf(login, { stdin: "paks_wrong", environment })).toMatch(/^Copy the token again/);
  expect((await run(["whoami"])).exit).toBe(0);
});

test("a token from stdin is checked with the registry, stored, and used by the next command", async () => {
  const { run, stub } = await open();
  const stored = await run([...login, "--json"], { stdin: `${secret}\n` });
  expect(stored.exit, stored.stderr).toBe(0);
  expect(stored.json()).toEqual({
    account: "acme",
    registry: stub.url,
    stored: expect.stringContaining("tokens.json"),
    token: { name: "laptop", prefix: "paks_012", scopes: ["publish"], expires_at: "2027-02-18T00:00:00Z" },
  });
  const who = await run(["whoami", "--json"]);
  expect(who.json()).toMatchObject({
    account: "acme",
    registry: stub.url,
    source: expect.stringContaining("tokens.json"),
  });
});

test("no command shows the token", async () => {
  const { run } = await open();
  const runs = [
    await run(login, { stdin: secret }),
    await run([...login, "--json", "--verbose"], { stdin: secret }),
    await run(["whoami", "--verbose"]),
    await run(["whoami", "--json"], { environment: { PAKS_TOKEN: secret } }),
    await run(["doctor", "--verbose"]),
    await run(["logout", "--revoke", "--verbose"]),
  ];
  for (const { stdout, stderr } of runs) expect(stdout + stderr).not.toContain(secret);
});

test("a token that the registry refuses is not stored: exit 4", async () => {
  const { run, home } = await open();
  const { exit, stderr } = await run(login, { stdin: "paks_wrong" });
  expect(exit).toBe(4);
  expect(stderr).toContain("error[INVALID_TOKEN]");
  expect(await readdir(home)).toEqual([]);
});

test("a token is not stored when the registry does not answer: exit 8", async () => {
  const { run, home } = await open();
  const fetch = async () => await Promise.reject(new TypeError("fetch failed"));
  expect((await run([...login, "--offline"], { stdin: secret })).exit).toBe(8);
  const { exit } = await run(login, { stdin: secret, fetch });
  expect(exit).toBe(8);
  expect(await readdir(home)).toEqual([]);
}, 20_000);

test("a token on the command line works and is warned about", async () => {
  const { run } = await open();
  const { exit, stderr } = await run(["login", "--token", secret]);
  expect(exit).toBe(0);
  expect(stderr).toContain("shell's history");
});

test("without a terminal and without a token on stdin, login says how: exit 2", async () => {
  const { run } = await open();
  const { exit, stderr } = await run(["login"]);
  expect(exit).toBe(2);
  expect(stderr).toContain("--token-stdin");
  expect((await run(["login"], { terminal: true, environment: { CI: "1" } })).exit).toBe(2);
  expect((await run(["login", "--no-input"], { terminal: true })).exit).toBe(2);
  expect((await run(login, { stdin: "  \n" })).exit).toBe(2);
});

test.each([
  ["of another service", { token: "stk_abc", expires: null }, /does not begin with "paks_"/],
  ["that ends tomorrow", { token: secret, expires: "2026-11-21T12:00:00Z" }, /expires in 1 day/],
  ["that ends in seven days", { token: secret, expires: "2026-11-27T00:00:00Z" }, /expires in 7 days/],
  ["that ends today", { token: secret, expires: "2026-11-20T01:00:00Z" }, /less than a day/],
])("a token %s is warned about, at login and by whoami", async (_, options, warning) => {
  const { run } = await open(options);
  const stored = await run(login, { stdin: options.token });
  expect([stored.exit, stored.stderr]).toEqual([0, expect.stringMatching(warning)]);
  expect((await run(["whoami"])).stderr).toMatch(warning);
});

test.each([null, "2026-11-27T00:00:01Z"])("a token that ends at %s is not warned about", async (expires) => {
  const { run } = await open({ expires });
  expect((await run(login, { stdin: secret })).stderr).not.toContain("expires");
});

test("PAKS_TOKEN goes before the stored token, and login and logout say so", async () => {
  const { run } = await open();
  const environment = { PAKS_TOKEN: secret };
  expect((await run(login, { stdin: secret, environment })).stderr).toContain("PAKS_TOKEN is set and goes before");
  expect((await run(["whoami", "--json"], { environment })).json()).toMatchObject({
    source: "the environment variable PAKS_TOKEN",
  });
  expect((await run(["logout"], { environment })).stderr).toContain("PAKS_TOKEN is still set");
});

test("PAKS_TOKEN is not sent to a registry named on the command line", async () => {
  const { run } = await open();
  const other = await serveStub(() => refusal);
  const { exit } = await run(["whoami", "--registry", other.url], { environment: { PAKS_TOKEN: secret } });
  expect(exit).toBe(4);
  expect(other.requests).toEqual([]);
});

test("a stored token is not sent to another registry", async () => {
  const { run } = await open();
  await run(login, { stdin: secret });
  const other = await serveStub(() => refusal);
  const { exit, stderr } = await run(["whoami"], { environment: { PAKS_REGISTRY: other.url } });
  expect([exit, other.requests]).toEqual([4, []]);
  expect(stderr).toContain("error[AUTH_REQUIRED]");
});

test("logout forgets the token; once more is no failure", async () => {
  const { run, home } = await open();
  await run(login, { stdin: secret });
  expect((await run(["logout", "--json"])).json()).toMatchObject({ removed: true, revoked: false });
  expect((await run(["logout", "--json"])).json()).toMatchObject({ removed: false });
  expect((await run(["whoami"])).exit).toBe(4);
  const sealed = await readFile(join(home, ".config/paks/credentials/tokens.json"), "utf8");
  expect(sealed).not.toContain(secret);
});

test("logout --revoke makes the token worthless first, and goes on when it already was", async () => {
  const { run, stub } = await open();
  await run(login, { stdin: secret });
  expect((await run(["logout", "--revoke", "--json"])).json()).toMatchObject({ removed: true, revoked: true });
  expect(stub.requests.at(-1)).toMatchObject({ method: "POST", path: "/api/auth/revoke" });

  const gone = await open();
  await gone.run(login, { stdin: secret });
  const environment = { PAKS_TOKEN: "paks_other" };
  expect((await gone.run(["logout", "--revoke", "--json"], { environment })).json()).toMatchObject({
    removed: true,
    revoked: false,
  });
});

test("the file is announced when it is given a token, and not at each use", async () => {
  const { run } = await open();
  const environment = { PAKS_KEYCHAIN: "auto", XDG_RUNTIME_DIR: "/nonexistent" };
  const announced = /tokens are kept in .*tokens\.json/;
  if (process.platform !== "linux") return;
  expect((await run(login, { stdin: secret, environment })).stderr).toMatch(announced);
  expect((await run(["whoami"], { environment })).stderr).not.toMatch(announced);
  expect((await run(["whoami", "--verbose"], { environment })).stderr).toMatch(announced);
});
