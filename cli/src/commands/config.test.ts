import { mkdir, readFile, readdir, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { expect, test } from "vitest";
import { configDefaults, configKeys } from "../config-keys.ts";
import { paksCommand, runPaks, runProcess, tempFolder } from "../testing/index.ts";

async function open(config?: string) {
  const home = await tempFolder();
  const file = join(home, ".config/paks/config.toml");
  await mkdir(join(home, ".config/paks"), { recursive: true });
  if (config !== undefined) await writeFile(file, config);
  const run = async (...argv: string[]) => await runPaks(["config", ...argv], { cwd: home, home });
  return { run, file, text: () => readFile(file, "utf8") };
}

test("what is set can be read back, alone and in the list, and is removed again", async () => {
  const { run, file, text } = await open("# mine\n[unknown]\nkey = 1 # kept\n");
  for (const [key, value] of [
    ["default_agents", "claude-code, goose"],
    ["offline", "yes"],
    ["cache.ttl", "10m"],
    ["registries.a.example.url", "https://paks.a.example"],
    ["default_registry", "a.example"],
  ] as const)
    expect((await run("set", key, value)).exit, key).toBe(0);
  expect((await run("get", "default_agents")).stdout).toBe("claude-code,goose\n");
  expect((await run("get", "offline", "--json")).json()).toEqual({ key: "offline", value: true });
  expect((await run("list", "--json")).json()).toMatchObject({
    file,
    values: {
      default_registry: "a.example",
      "unknown.key": 1,
      "cache.ttl": "10m",
      "registries.a.example.url": "https://paks.a.example",
    },
  });
  for (const key of ["default_agents", "offline", "cache.ttl", "default_registry", "registries.a.example.url"])
    expect((await run("unset", key)).stdout).toContain("removed");
  expect((await text()).replaceAll(/\n+/g, "\n")).toBe("# mine\n[unknown]\nkey = 1 # kept\n");
});

test.each([
  ["an unknown key", ["set", "default_agnt", "x"], 2, /Did you mean default_agent/],
  ["a key of JavaScript's own", ["set", "__proto__.x.url", "x"], 2, /no key/],
  ["an agent that nobody knows", ["set", "default_agent", "nobody"], 2, /no agent "nobody"/],
  ["a value that is neither yes nor no", ["set", "offline", "perhaps"], 2, /true or false/],
  ["a registry that is no address", ["set", "default_registry", "ftp://x"], 5, /./],
  ["an amount that is none", ["set", "cache.max_size", "much"], 5, /amount/],
  ["a layout that is none", ["set", "agents.x.layout", "flat"], 5, /layout/],
  ["a value that is not set", ["get", "proxy"], 3, /is not set/],
])("%s is refused, and the file stays", async (_, argv, exit, message) => {
  const { run, text } = await open("# mine\n");
  const result = await run(...argv);
  expect([result.exit, result.stdout]).toEqual([exit, ""]);
  expect(result.stderr).toMatch(message);
  expect(await text()).toBe("# mine\n");
});

test("what is not set is said to be so, with what holds then, and a list of nothing says that it is one", async () => {
  const { run, file } = await open("# mine\n");
  const { exit, stderr } = await run("get", "offline");
  expect([exit, stderr]).toEqual([3, expect.stringContaining("offline is not set; default: false.")]);
  expect((await run("get", "registries.x.auth_required")).stderr).toContain("not set; default: false.");
  expect((await run("get", "proxy")).stderr).toContain("proxy is not set.\n");
  for (const [key, preset] of [
    ["cache.max_size", "1GiB"],
    ["proxy", null],
  ] as const)
    expect((await run("get", key, "--json")).json()).toMatchObject({
      error: { code: "NOT_FOUND", details: { key, default: preset } },
    });
  expect((await run("list")).stdout).toBe(
    `In ${file}:\nnothing is set; every key that there is: paks config list --all\n`,
  );
  expect([...configDefaults.keys()].filter((key) => !configKeys.some((one) => one.key === key))).toEqual([]);
});

test("tokens that an older program left in the file and passwords of proxies are not shown", async () => {
  const { run } = await open(
    'proxy = "http://me:pw@proxy:1"\n[registries.old]\nurl = "https://a.example"\ntoken = "stk_secret"\n',
  );
  const { stdout } = await run("list");
  expect(stdout).toContain("http://(hidden)@proxy:1");
  expect(stdout).toMatch(/registries\.old\.token +\(hidden\)/);
  expect(stdout).not.toMatch(/stk_secret|pw@/);
});

test("a value that every other command refuses can be mended", async () => {
  const { run, text } = await open('default_registry = "ftp://x" # oops\n');
  expect((await run("list")).stdout).toContain("ftp://x");
  expect((await run("set", "default_registry", "https://x.example")).exit).toBe(0);
  expect(await text()).toBe('default_registry = "https://x.example" # oops\n');
});

test("a value of the wrong type can be taken away or set, also one of two, and the error says how", async () => {
  const { run, text } = await open('offline = "x"\ndefault_agent = 1\n');
  expect((await run("set", "offline", "true")).stderr).toContain("paks config unset default_agent");
  for (const key of ["offline", "default_agent"]) expect((await run("unset", key)).exit).toBe(0);
  expect(await text()).toBe("");
  const other = await open('offline = "x"\n');
  expect((await other.run("set", "offline", "true")).exit).toBe(0);
  expect(await other.text()).toBe("offline = true\n");
});

test.each([
  ["agents.x.skills_dir", "rel", 'agents.x.skills_dir cannot be "rel": it is a path that begins with ~/ or /.'],
  ["agents.x.project_dir", "../up", 'cannot be "../up": it is a path below a project\'s folder, without .. in it.'],
  ["agents.x.layout", "flat", 'agents.x.layout cannot be "flat": it is "name" or "account/name".'],
])("a wrong value of %s is what the error is about, not the file, which stays as it was", async (key, value, said) => {
  for (const before of ["offline = true\n", "default_agent = 1\n"]) {
    const { run, text } = await open(before);
    const { exit, stderr } = await run("set", key, value);
    expect(exit).toBe(5);
    expect(stderr).toContain(said);
    expect(stderr).not.toContain("config file");
    expect(await text()).toBe(before);
  }
});

test("a file that is no TOML is told with the line by the commands that show it", async () => {
  const { file, run } = await open("offline = true\nx = = 1\n");
  for (const argv of [["list"], ["get", "offline"], ["unset", "offline"]]) {
    const { exit, stderr } = await run(...(argv as [string]));
    expect(exit).not.toBe(0);
    expect(stderr).toContain(`${file}:2:`);
    expect(stderr).toContain("hint:");
  }
});

test("every key that the list explains can be set", async () => {
  const { run, file } = await open("[registries.x]\nurl = 'https://x.example'\n");
  await writeFile(join(dirname(file), "own.pem"), "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n");
  const values: Record<string, string> = {
    default_agent: "codex",
    default_agents: "codex",
    default_registry: "x",
    ca_file: "own.pem",
    "cache.dir": "/var/cache/paks",
    "cache.ttl": "1h",
    "cache.max_size": "1GB",
    "agents.x.skills_dir": "~/x",
    "agents.x.project_dir": ".x",
    "agents.x.layout": "name",
    "registries.x.url": "https://y.example",
  };
  for (const { key, type } of configKeys) {
    const name = key.replace(/<\w+>/, "x");
    const { exit, stderr } = await run("set", name, values[name] ?? (type === "yes or no" ? "true" : "text"));
    expect([name, exit, stderr]).toEqual([name, 0, ""]);
  }
});

test("eight processes that set different keys at once lose none of them and no comment", async () => {
  const { file, text } = await open("# mine\n");
  const home = join(file, "../../..");
  const environment = { HOME: home, PAKS_KEYCHAIN: "file" };
  const ids = Array.from({ length: 8 }, (_, index) => `tool-${index}`);
  const set = (id: string) =>
    runProcess(paksCommand("agent", "add", id, "--project-dir", `.${id}`), {
      cwd: home,
      environment,
    });
  expect((await Promise.all(ids.map(set))).map(({ exit, stderr }) => [exit, stderr])).toEqual(ids.map(() => [0, ""]));
  const after = await text();
  expect(after.startsWith("# mine\n")).toBe(true);
  for (const id of ids) expect(after).toContain(`[agents.${id}]\nproject_dir = ".${id}"\n`);
  expect(await readdir(join(file, ".."))).toEqual(["config.toml"]);
});

test.each([
  ["proxy", "not a url", "The proxy is not an http(s) URL."],
  ["proxy", "socks5://p:1", "The proxy is not an http(s) URL."],
  ["ca_file", "nonexist.pem", "nonexist.pem cannot be read (ENOENT)."],
  ["registries.x.accounts", "acme", 'The configuration knows no registry "x".'],
  ["registries.x.auth_required", "true", 'The configuration knows no registry "x".'],
])("set %s %s is refused in words about the value, and nothing is written", async (key, value, message) => {
  const { run, text } = await open("# mine\n");
  const { exit, stderr } = await run("set", key, value);
  expect([exit, stderr]).toEqual([5, expect.stringContaining(message)]);
  expect(stderr).not.toContain("config unset");
  expect(await text()).toBe("# mine\n");
});

test.each(["http://u:secret@p:1", "u:secret@p:1", "http://u:se@cret@p:1"])(
  "a password in %s is shown by no command",
  async (proxy) => {
    const { run, text } = await open();
    for (const argv of [["set", "proxy", proxy], ["get", "proxy"], ["list"]]) {
      const [plain, json] = [await run(...argv), await run(...argv, "--json")];
      expect(plain.exit, plain.stderr).toBe(0);
      expect(plain.stdout).toContain("(hidden)@p:1");
      expect(plain.stdout + plain.stderr + json.stdout).not.toMatch(/secret|cret@/);
    }
    expect(await text()).toContain(proxy);
  },
);
