import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import { type RunOptions, runPaks, serveStub, tempFolder } from "../testing/index.ts";

async function open() {
  const home = await tempFolder();
  const run = async (argv: readonly string[], options: Partial<RunOptions> = {}) =>
    await runPaks(argv, { cwd: home, home, ...options });
  return { home, file: join(home, ".config/paks/config.toml"), run };
}

test("a registry is added with its accounts, shown, made the default one, and removed without a trace", async () => {
  const { file, run } = await open();
  const added = await run(["registry", "add", "work", "https://work.example/", "--account", "acme,beta", "--json"]);
  expect(added.json()).toEqual({
    name: "work",
    url: "https://work.example",
    accounts: ["acme", "beta"],
    default: false,
    file,
  });
  expect((await run(["registry", "default", "work"])).exit).toBe(0);
  expect((await run(["registry", "default"])).stdout).toBe("work\n");
  expect((await run(["registry", "list", "--json"])).json()).toEqual({
    registries: [{ name: "work", url: "https://work.example", accounts: ["acme", "beta"], default: true }],
    used: { url: "https://work.example", from: "config" },
  });
  expect((await run(["registry", "remove", "work", "--json"])).json()).toMatchObject({ was_default: true });
  expect(await readFile(file, "utf8")).not.toContain("work");
  expect((await run(["registry", "list"])).stdout).toContain("https://paks.stakpak.dev");
});

test("what is in the file stays as it is, comments included", async () => {
  const { file, run } = await open();
  await run(["registry", "add", "one", "https://one.example"]);
  const text = `# mine\noffline = false # really\n\n${await readFile(file, "utf8")}`;
  await writeFile(file, text);
  await run(["registry", "add", "two", "https://two.example"]);
  await run(["registry", "remove", "two"]);
  expect((await readFile(file, "utf8")).trimEnd()).toBe(text.trimEnd());
});

test.each([
  ["an account that another registry has", ["two", "https://two.example", "--account", "ac-me"], "INVALID_PARAMETER"],
  ["a name that is another registry", ["one", "https://two.example"], "ALREADY_EXISTS"],
  ["a name that could be a URL", ["https://x", "https://two.example"], "INVALID_NAME"],
  ["plain http", ["two", "http://two.example"], "PROTOCOL_NOT_ALLOWED"],
  ["a password", ["two", "https://u:p@two.example"], "CREDENTIALS_IN_URL"],
  ["no account's name", ["two", "https://two.example", "--account", "A b"], "INVALID_NAME"],
])("%s is refused and nothing is written", async (_, argv, code) => {
  const { file, run } = await open();
  await run(["registry", "add", "one", "https://one.example", "--account", "acme"]);
  const before = await readFile(file, "utf8");
  const refused = await run(["registry", "add", ...argv, "--json"]);
  expect(refused.json()).toMatchObject({ error: { code } });
  expect(await readFile(file, "utf8")).toBe(before);
});

test("an unknown name is told with the known ones", async () => {
  const { run } = await open();
  await run(["registry", "add", "one", "https://one.example"]);
  for (const argv of [
    ["remove", "two"],
    ["default", "two"],
  ]) {
    const { exit, stderr } = await run(["registry", ...argv]);
    expect([exit, stderr]).toEqual([3, expect.stringContaining("There are one.")]);
  }
});

test("a name of a mapped account is asked for in its registry and nowhere else, whatever --registry says", async () => {
  const { run } = await open();
  const own = await serveStub(() => ({ status: 404, body: { error: { code: "PAK_NOT_FOUND", message: "No." } } }));
  const other = await serveStub(() => ({ status: 404, body: { error: { code: "PAK_NOT_FOUND", message: "No." } } }));
  await run(["registry", "add", "work", own.url, "--account", "acme"]);
  const environment = { PAKS_REGISTRY: other.url, PAKS_TOKEN: "paks_secret" };
  const cwd = await tempFolder();
  for (const argv of [
    ["info", "acme/pdf"],
    ["install", "acme/pdf"],
    ["install", "ac-me/pdf"],
    ["info", "acme/pdf", "--registry", other.url],
  ])
    expect((await run(argv, { environment, cwd })).exit).toBe(3);
  expect(other.requests).toEqual([]);
  expect(own.requests.length).toBeGreaterThan(3);
  expect(own.requests.every((one) => one.headers.authorization === undefined)).toBe(true);
  // The other way round too: nothing that is not mapped goes there.
  const before = own.requests.length;
  await run(["info", "beta/pdf"], { environment });
  expect([own.requests.length, other.requests.length > 0]).toEqual([before, true]);
});

test("a token goes to its own registry: to none that --registry, a project or a lock names, stored or of the environment", async () => {
  const { home, run } = await open();
  const me = {
    account: "acme",
    kind: "user",
    token: { name: "t", prefix: "p", scopes: [], created_at: time, expires_at: null },
  };
  const [own, other] = [
    await serveStub(() => ({ body: { data: me } })),
    await serveStub(() => ({ body: { data: me } })),
  ];
  const environment = { PAKS_REGISTRY: own.url };
  await run(["login", "--token-stdin"], { environment, stdin: "paks_stored\n" });
  expect((await run(["whoami"], { environment })).exit).toBe(0);
  expect(own.requests.at(-1)?.headers.authorization).toBe("Bearer paks_stored");

  // Named on the command line, by its own name, as the account's, and by the project.
  await run(["registry", "add", "other", other.url, "--account", "beta"]);
  await writeFile(join(home, "paks.jsonc"), JSON.stringify({ paks: ["gamma/pdf"], registry: other.url }));
  for (const argv of [
    ["whoami", "--registry", other.url],
    ["whoami", "--registry", "other"],
    ["info", "beta/pdf"],
    ["install"],
    ["status", "beta/pdf", "--registry", "other"],
  ])
    for (const token of [{}, { PAKS_TOKEN: "paks_environment" }])
      await run(argv, { environment: { ...environment, ...token } });
  expect(other.requests.filter((one) => one.headers.authorization !== undefined)).toEqual([]);
});
const time = "2026-11-20T00:00:00Z";
