import { mkdir, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { expect, test } from "vitest";
import { type ConfigInputs, defaultRegistryUrl, readColor, readConfig } from "./config.ts";
import { parseRegistryUrl } from "./registry-url.ts";
import { tempFolder } from "./testing/index.ts";

const read = async (inputs: Partial<ConfigInputs> = {}) =>
  await readConfig({ environment: {}, platform: "linux", home: await tempFolder(), ...inputs });

async function homeWith(path: string, text: string): Promise<string> {
  const home = await tempFolder();
  await mkdir(dirname(join(home, path)), { recursive: true });
  await writeFile(join(home, path), text);
  return home;
}

test("without any configuration the default registry is used and nothing is sent to it", async () => {
  const config = await read();
  expect(config.registry).toEqual({ url: defaultRegistryUrl, from: "default" });
  expect(config.environmentToken).toBeUndefined();
  expect(config.file).toBeUndefined();
});

test("the flag goes before the environment, the environment before the file, the file before the default", async () => {
  const home = await homeWith(".config/paks/config.toml", 'default_registry = "https://file.example"');
  const environment = { PAKS_REGISTRY: "https://env.example" };
  expect((await read({ home })).registry).toEqual({ url: "https://file.example", from: "config" });
  expect((await read({ home, environment })).registry).toEqual({ url: "https://env.example", from: "environment" });
  expect((await read({ home, environment, registry: "https://flag.example/" })).registry).toEqual({
    url: "https://flag.example",
    from: "flag",
  });
});

test("a registry can be named as the file names it", async () => {
  const home = await homeWith(
    ".config/paks/config.toml",
    'default_registry = "work"\n[registries.work]\nurl = "https://work.example"\nauth_required = true\n[agents.mine]\nskills_dir = "~/x"\n',
  );
  const config = await read({ home });
  expect(config.registry.url).toBe("https://work.example");
  expect(config.agents).toEqual({ mine: { skillsDir: "~/x" } });
  await expect(read({ home, registry: "toString" })).rejects.toMatchObject({ code: "INVALID_PARAMETER" });
});

test("the old file is read when there is no new one, and a token in it is not", async () => {
  const home = await homeWith(
    ".paks/config.toml",
    'default_agent = "cursor"\n[registries.stakpak]\nurl = "https://old.example"\ntoken = "stk_secret"\n',
  );
  const config = await read({ home });
  expect(config.defaultAgents).toEqual(["cursor"]);
  expect(config.file).toBe(join(home, ".paks/config.toml"));
  expect(JSON.stringify(config)).not.toContain("stk_secret");
});

test.each([
  ["broken TOML", "a = ", /config\.toml:1:\d+/],
  ["a wrong type", "default_registry = 3", /default_registry/],
])("a config file with %s is told with its place", async (_, text, message) => {
  const home = await homeWith(".config/paks/config.toml", text);
  await expect(read({ home })).rejects.toMatchObject({
    code: "INVALID_PARAMETER",
    message: expect.stringMatching(message),
  });
});

test("a token of the environment may go to the user's own registry and not to one named on the command line", async () => {
  const environment = { PAKS_TOKEN: " paks_a\n", PAKS_REGISTRY: "https://env.example/base" };
  const config = await read({ environment, registry: "https://flag.example" });
  expect(config.environmentToken).toEqual({
    token: "paks_a",
    variable: "PAKS_TOKEN",
    origins: ["https://env.example"],
  });
});

test("a registry that is no address is named with where it was given, but for what may be a password", async () => {
  const messageOf = async (inputs: Partial<ConfigInputs>) =>
    await read(inputs).then(
      () => undefined,
      (error: Error) => error.message,
    );
  const rest = "is not an http(s) URL and no configured name.";
  expect(await messageOf({ registry: "wrok" })).toBe(`--registry "wrok" ${rest}`);
  expect(await messageOf({ environment: { PAKS_REGISTRY: "wrok" } })).toBe(`PAKS_REGISTRY "wrok" ${rest}`);
  expect(await messageOf({ environment: { PAKS_REGISTRY: "me:secret@host" } })).toBe(`PAKS_REGISTRY ${rest}`);
});

test("PAKS_TOKEN goes before its older name, and an empty one counts as unset", async () => {
  expect((await read({ environment: { PAKS_TOKEN: "a", STAKPAK_TOKEN: "b" } })).environmentToken?.token).toBe("a");
  const older = (await read({ environment: { PAKS_TOKEN: "", STAKPAK_TOKEN: "b" } })).environmentToken;
  expect(older).toEqual({ token: "b", variable: "STAKPAK_TOKEN", origins: [defaultRegistryUrl] });
});

test("folders follow XDG where it is absolute, and Windows' own variables there", async () => {
  const home = await tempFolder();
  const config = await read({ home, environment: { XDG_CONFIG_HOME: "/x", XDG_STATE_HOME: "relative" } });
  expect(config.folders).toEqual({
    config: join("/x", "paks"),
    state: join(home, ".local/state/paks"),
    cache: join(home, ".cache/paks"),
  });
  const windows = await read({ home, platform: "win32", environment: { APPDATA: "/roaming" } });
  expect(windows.folders.config).toBe(join("/roaming", "paks"));
  expect(windows.folders.state).toBe(join(home, "AppData", "Local", "paks", "state"));
});

test.each([
  [{ CI: "true" }, true, undefined],
  [{ CI: "false" }, false, undefined],
  [{ CODEX_CI: "0" }, false, undefined],
  // A person in a terminal of these editors is asked as anywhere else.
  [{ CURSOR_TRACE_ID: "x", TERM_PROGRAM: "vscode" }, false, undefined],
  [{ AGENT_SESSION_ID: "x" }, false, undefined],
  ...[
    ...["AI_AGENT", "AGENT", "CLAUDECODE", "CLAUDE_CODE", "CODEX_SANDBOX", "CODEX_CI", "CODEX_THREAD_ID"],
    ...["COPILOT_CLI", "CURSOR_AGENT", "GEMINI_CLI", "GOOSE_TERMINAL", "OPENCODE", "QWEN_CODE", "ANTIGRAVITY_AGENT"],
    ...["CLINE_ACTIVE", "AUGMENT_AGENT"],
  ].map((name) => [{ [name]: "1" }, false, name] as const),
] as const)("%o is recognised", async (environment, ci, agent) => {
  const config = await read({ environment });
  expect([config.ci, config.agent]).toEqual([ci, agent]);
});

test("an unknown keychain is refused instead of ignored", async () => {
  await expect(read({ environment: { PAKS_KEYCHAIN: "gnome" } })).rejects.toMatchObject({ code: "INVALID_PARAMETER" });
});

test.each([
  [{ NO_COLOR: "1", FORCE_COLOR: "1" }, "never"],
  [{ FORCE_COLOR: "1" }, "always"],
  [{ FORCE_COLOR: "0" }, "never"],
  [{ TERM: "dumb" }, "never"],
  [{ NO_COLOR: "" }, undefined],
])("colours with %o: %s", (environment, color) => {
  expect(readColor(environment)).toBe(color);
});

test.each([
  ["https://r.example/", "https://r.example"],
  ["https://R.example:443/base//", "https://r.example/base"],
  ["http://localhost:8787", "http://localhost:8787"],
  ["http://127.0.0.1:1/", "http://127.0.0.1:1"],
  ["http://[::1]:8787", "http://[::1]:8787"],
])("the registry %s is %s", (text, url) => {
  expect(parseRegistryUrl(text)).toBe(url);
});

test.each([
  ["http://r.example", "PROTOCOL_NOT_ALLOWED"],
  ["http://127.0.0.1.evil.example", "PROTOCOL_NOT_ALLOWED"],
  ["http://localhost.evil.example", "PROTOCOL_NOT_ALLOWED"],
  ["http://0x7f.1.evil.example", "PROTOCOL_NOT_ALLOWED"],
  ["https://user:pw@r.example", "CREDENTIALS_IN_URL"],
  ["https://r.example?token=x", "INVALID_PARAMETER"],
  ["https://r.example#x", "INVALID_PARAMETER"],
  ["ftp://r.example", "INVALID_PARAMETER"],
  ["file:///etc/passwd", "INVALID_PARAMETER"],
  ["r.example", "INVALID_PARAMETER"],
  [`https://${"a".repeat(3000)}`, "INVALID_PARAMETER"],
])("the registry %s is refused: %s", (text, code) => {
  expect(() => parseRegistryUrl(text)).toThrow(expect.objectContaining({ code }));
});
