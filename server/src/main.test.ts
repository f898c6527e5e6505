import { stat } from "node:fs/promises";
import { join } from "node:path";
import { createToken } from "@paks/db";
import { expect, onTestFinished, test, vi } from "vitest";
import { onEmbedded, testInstallation } from "./testing/test-registry.ts";

test("operators make accounts and tokens before the first start; webhook secrets wait for a release", async () => {
  const { run, start } = await testInstallation();
  expect(await run(["admin", "accounts", "add", "acme"])).toMatchObject({
    exitCode: 0,
    stdout: "Made the account acme.",
  });
  const made = await run([
    "admin",
    "tokens",
    "create",
    "--account",
    "acme",
    "--scope",
    "publish:acme/*",
    "--expires-in-days",
    "7",
    "--json",
  ]);
  const { token, scopes } = JSON.parse(made.stdout) as { token: string; scopes: string[] };
  expect(scopes).toEqual(["publish:acme/*"]);
  const hook = await run([
    "admin",
    "hooks",
    "secret",
    "--account",
    "acme",
    "--repository",
    "https://github.com/acme/x",
    "--json",
  ]);
  // A secret is for a repository that releases a pak of the account already.
  expect(JSON.parse(hook.stdout)).toMatchObject({
    error: { code: "NAMESPACE_FORBIDDEN", hint: expect.stringContaining("paks publish") },
  });
  const { url, printed } = await start();
  expect((await fetch(`${url}/api/auth/me`, { headers: { authorization: `Bearer ${token}` } })).status).toBe(200);
  // Somebody has been here before: whoever starts it now need not be the operator.
  expect(printed.join("\n")).not.toContain("paks_");
});

test("the help names the operator's commands in one place only", async () => {
  const { run } = await testInstallation();
  const print = vi.spyOn(console, "log").mockImplementation(() => undefined);
  onTestFinished(() => print.mockRestore());
  await run(["--help"]);
  const help = print.mock.calls.join("\n");
  expect(help).toMatch(/paks-registry admin /);
  expect(help).not.toMatch(/paks-registry accounts/);
});

test.each([
  ["publich", "Did you mean publish?"],
  ["yank:acme", "Did you mean yank:acme/*?"],
  ["root", undefined],
])("a scope %s that there is not is answered with those that there are", async (scope, hint) => {
  const { run } = await testInstallation();
  const { exitCode, stdout } = await run(["admin", "tokens", "create", "--scope", scope, "--json"]);
  const { error } = JSON.parse(stdout) as { error: { code: string; message: string; hint?: string } };
  expect([exitCode, error.code, error.hint]).toEqual([5, "INVALID_PARAMETER", hint]);
  expect(error.message).toContain(`There is no scope "${scope}": it must be publish, yank or review, `);
});

test("`accounts add` is the same without `admin`", async () => {
  const { run } = await testInstallation();
  const made = await run(["accounts", "add", "acme", "--json"]);
  expect(JSON.parse(made.stdout)).toMatchObject({ name: "acme", kind: "user" });
});

test.runIf(onEmbedded)(
  "while a registry holds the embedded database, the commands go through it with an admin token",
  async () => {
    const { run, start } = await testInstallation();
    const admin = createToken().token;
    await start({ PAKS_ADMIN_TOKEN: admin });
    const refused = await run(["admin", "accounts", "add", "acme"]);
    expect(refused).toMatchObject({ exitCode: 4, stdout: "" });
    expect(refused.stderr).toContain("error[AUTH_REQUIRED]");
    const made = await run(["admin", "accounts", "add", "acme", "--json"], { PAKS_ADMIN_TOKEN: admin });
    expect(JSON.parse(made.stdout)).toMatchObject({ name: "acme" });
    const token = await run(["admin", "tokens", "create", "--account", "acme", "--token", admin, "--json"]);
    expect(JSON.parse(token.stdout)).toMatchObject({ scopes: ["publish"], token: expect.stringMatching(/^paks_/) });
    const again = await run(["admin", "accounts", "add", "acme", "--json", "--token", admin]);
    expect(again.exitCode).toBe(6);
    expect(JSON.parse(again.stdout)).toMatchObject({ error: { code: "NAME_TAKEN" } });
    const wrong = await run(["admin", "accounts", "add", "b", "--token", createToken().token]);
    expect(wrong.stderr).toContain("error[INVALID_TOKEN]");
    expect(await run(["migrate"])).toMatchObject({ exitCode: 10 });
  },
);

const failures: readonly (readonly [readonly string[], number, string])[] = [
  [["admin", "accounts", "add", "Admin"], 5, "INVALID_PARAMETER"],
  [["admin", "accounts", "add", "admin"], 5, "NAME_RESERVED"],
  [["admin", "tokens", "create", "--account", "nobody"], 3, "ACCOUNT_NOT_FOUND"],
  [["admin", "tokens", "create", "--scope", "root"], 5, "INVALID_PARAMETER"],
  [["admin", "tokens", "create"], 5, "INVALID_PARAMETER"],
  [["admin", "tokens", "create", "--expires-in-days", "x"], 2, "USAGE"],
  [["admin", "tokens", "create", "--expires-in-days", "400", "--scope", "admin"], 5, "INVALID_PARAMETER"],
  [["admin", "hooks", "secret", "--account", "acme", "--repository", "file:///etc"], 5, "PROTOCOL_NOT_ALLOWED"],
];

test("a failure has its exit code and its code, for people on stderr and for machines on stdout", async () => {
  const { run } = await testInstallation();
  for (const [argv, exitCode, code] of failures) {
    const text = await run(argv);
    expect([argv, text.exitCode, text.stdout]).toEqual([argv, exitCode, ""]);
    expect(text.stderr).toContain(`error[${code}]: `);
    const json = await run([...argv, "--json"]);
    expect([argv, json.exitCode, json.stderr]).toEqual([argv, exitCode, ""]);
    expect(JSON.parse(json.stdout)).toMatchObject({ error: { code } });
  }
});

test.each([
  [[]],
  [["serve"]],
  [["admin"]],
  [["admin", "accounts"]],
  [["admin", "hooks", "secret"]],
  [["all", "--port", "1"]],
  [["admin", "accounts", "add"]],
])("%j is a usage error with exit 2", async (argv: string[]) => {
  const { run } = await testInstallation();
  const { exitCode, stdout, stderr } = await run(argv);
  expect([exitCode, stdout]).toEqual([2, ""]);
  expect(stderr).toMatch(/^error\[USAGE\]: /);
});

test("settings that are wrong are told before anything is opened", async () => {
  const { run } = await testInstallation();
  const { exitCode, stderr } = await run(["all"], { PORT: "x", HOST: "a b" });
  expect(exitCode).toBe(5);
  expect(stderr).toMatch(/PORT .*; HOST /);
});

test("migrate says what it applied, and nothing the second time", async () => {
  const { run } = await testInstallation();
  await run(["migrate"]);
  expect(await run(["migrate", "--json"])).toMatchObject({ exitCode: 0, stdout: '{"applied":[]}' });
});

test.runIf(onEmbedded)("in a folder without a registry the operator's commands make none", async () => {
  const { dataDir, run } = await testInstallation();
  const elsewhere = join(dataDir, "elsewhere");
  const { exitCode, stderr } = await run(["admin", "accounts", "add", "acme"], { PAKS_DATA_DIR: elsewhere });
  expect(exitCode).toBe(3);
  expect(stderr).toContain("PAKS_DATA_DIR");
  await expect(stat(elsewhere)).rejects.toThrow("ENOENT");
});
