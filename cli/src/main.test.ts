import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { PaksError, errorCodes, nearest } from "@paks/schema";
import { expect, test } from "vitest";
import { commandGroups, commandTable } from "./commands/table.ts";
import { version } from "./version.ts";
import { type RunOptions, runPaks, tempFolder } from "./testing/index.ts";

async function run(argv: readonly string[], options: Partial<RunOptions> = {}) {
  const cwd = await tempFolder();
  return await runPaks(argv, { cwd, home: cwd, ...options });
}

test.each([[[]], [["--help"]], [["-h"]], [["help"]], [["--verbose"]], [["help", "--help"]]])(
  "%j shows the help with every command",
  async (argv) => {
    const { exit, stdout, stderr } = await run(argv);
    expect([exit, stderr]).toEqual([0, ""]);
    for (const { name, describe } of commandTable.filter((row) => !row.name.includes(" ")))
      expect(stdout).toMatch(new RegExp(`^  ${name}\\b.*  ${describe}$`, "m"));
    for (const [group, describe] of Object.entries(commandGroups))
      expect(stdout).toMatch(new RegExp(`^  ${group} [a-z|]+  +${describe}$`, "m"));
  },
);

test.each([
  [["--json"], commandTable.length],
  [["help", "--json"], commandTable.length],
  [["cache", "--json"], commandTable.filter(({ name }) => name.startsWith("cache ")).length],
  [["help", "install", "--json"], 1],
])("%j: help is one JSON value, too", async (argv, count) => {
  const { commands } = (await run(argv)).json() as { commands: { name: string; describe: string; help?: string }[] };
  expect(commands).toHaveLength(count);
  for (const one of commands) expect(one).toMatchObject({ name: expect.any(String), describe: expect.any(String) });
  const helps = commands.flatMap(({ help }) => help ?? []);
  expect(helps.every((help) => help.includes("--global"))).toBe(true);
  expect(helps).toHaveLength(count === 1 ? 1 : 0);
});

test.each([
  ["rollback", "x", "-g"],
  ["pin", "x", "--global"],
  ["unpin", "x", "-g"],
])("%s %s %s says why it is for projects only, and does not show the option", async (...argv) => {
  const { exit, stderr } = await run(argv);
  expect(exit).toBe(2);
  expect(stderr).toContain(`${argv[0]} is for projects: of what is installed for all of them no lock`);
  expect((await run([argv[0], "--help"])).stdout).not.toMatch(/--global|hidden/);
});

test("--quiet prints results without what to do next", async () => {
  const loud = await run(["create", "pdf"]);
  expect(loud.stdout).toContain("Next: write");
  const { stdout } = await run(["create", "pdf", "-q"]);
  expect(stdout).toContain("Created");
  expect(stdout).not.toContain("Next:");
  expect((await run(["list", "-q"])).stdout).toBe("Nothing is installed here.\n");
});

test("the version is told in words and as JSON", async () => {
  expect((await run(["--version"])).stdout).toBe(`${version}\n`);
  expect((await run(["-V", "--json"])).json()).toEqual({ version });
});

test.each(commandTable.map((row) => [row.name, row] as const))(
  "%s: the table says what the command says, and its help shows flags and examples",
  async (name, row) => {
    const command = await row.load();
    expect(command.command).toBe([name, row.usage].filter(Boolean).join(" "));
    expect(command.describe).toBe(row.describe);
    expect(command.aliases).toEqual(row.aliases ?? []);
    expect(command.examples.length).toBeGreaterThan(0);
    for (const argv of [
      [...name.split(" "), "--help"],
      ["help", ...name.split(" ")],
    ]) {
      const { exit, stdout, stderr } = await run(argv);
      expect([exit, stderr]).toEqual([0, ""]);
      expect(stdout).toContain(`paks ${command.command}`);
      expect(stdout).toContain("--no-input");
      expect(stdout).toContain(command.examples[0]![0]);
    }
  },
);

test.each(Object.entries(commandGroups))("%s alone shows its commands", async (group, describe) => {
  const rows = commandTable.filter((row) => row.name.startsWith(`${group} `));
  expect(rows.length).toBeGreaterThan(0);
  for (const argv of [[group], [group, "--help"], ["help", group]]) {
    const { exit, stdout, stderr } = await run(argv);
    expect([exit, stderr]).toEqual([0, ""]);
    expect(stdout).toContain(describe);
    for (const row of rows) expect(stdout).toContain(row.describe);
  }
});

test("the first word of two-word commands is a group and no command", () => {
  const groups = commandTable.flatMap((row) => (row.name.includes(" ") ? [row.name.split(" ")[0]!] : []));
  expect(new Set(groups)).toEqual(new Set(Object.keys(commandGroups)));
  expect(commandTable.filter((row) => Object.hasOwn(commandGroups, row.name))).toEqual([]);
});

test("no two commands share a name, and none is a word the program uses itself", () => {
  const names = commandTable.flatMap((row) => [row.name, ...(row.aliases ?? [])]);
  expect(new Set(names).size).toBe(names.length);
  expect(names).not.toContain("help");
});

test.each([
  ["an unknown command", ["valdate"], /Did you mean `paks validate`/],
  ["what cannot be undone", ["unpublish"], /a release is for ever\.\n.*corrected version/],
  ["an unknown command far from any", ["xyzzyxyzzy"], /paks --help/],
  ["a name of JavaScript's own", ["constructor"], /paks --help/],
  ["an unknown command of a group", ["agent", "lst"], /Did you mean `paks agent list`/],
  ["a missing word of a group's command", ["agent", "show"], /paks agent show <id>/],
  ["an unknown flag", ["validate", "--strit"], /Did you mean --strict\?/],
  [
    "an unknown flag before the command",
    ["--frobnicate", "validate"],
    /There is no option --frobnicate of paks itself\.$/m,
  ],
  [
    "a misspelt flag before the command",
    ["--ofline=1", "list"],
    /no option --ofline of paks itself\. Did you mean --offline\?/,
  ],
  ["a command's flag before the command", ["--global", "list"], /stands behind the command's name/],
  ["a flag of JavaScript's own", ["validate", "--__proto__", "x"], /no option/],
  ["a dotted flag", ["validate", "--__proto__.polluted=1"], /no option/],
  ["the negation of a flag that has none", ["validate", "--no-strict"], /no option --no-strict/],
  ["a flag that there is not, in the place of a word", ["why", "-g", "pdf"], /There is no option -g\./],
  ["a long one", ["why", "--foo", "pdf"], /There is no option --foo\./],
  ["one with a value", ["agent", "add", "--project-dri=x"], /no option --project-dri\. Did you mean --project-dir\?/],
  ["a missing word beside flags that there are", ["why", "-q", "--noCache", "--json=false"], /missing: paks why <pak>/],
  [
    "one hyphen before a long name",
    ["install", "a/b", "-agent", "x"],
    /no option -agent\. Did you mean --agent, with two/,
  ],
  ["one hyphen before a misspelt long name", ["list", "-fromat", "json"], /no option -fromat\. Did you mean --format,/],
  ["one hyphen before the command", ["-json", "list"], /no option -json of paks itself\. Did you mean --json\?/],
  ["letters of which one is no option", ["list", "-gx"], /no option -gx\./],
  ["a negative value that is no number", ["cache", "clean", "--older-than", "-1d"], /--older-than needs a value/],
  ["the beginning of a flag", ["update", "--dry"], /no option --dry\. Did you mean --dry-run\?/],
  ["another program's -v", ["-v"], /no option -v of paks itself\. Did you mean -V for the version, or --verbose\?/],
  ["another program's version", ["version"], /Did you mean `paks --version`/],
  ["a word behind the command that help is asked for", ["help", "install", "extra"], /a word too many: extra/],
  ["a missing word", ["info"], /paks info <ref>/],
  ["a word too many", ["whoami", "me"], /a word too many: me/],
  ["a number that is none", ["search", "--limit", "many"], /--limit needs a number/],
  ["a flag given twice", ["search", "--limit", "1", "--limit", "2"], /--limit is given more than once/],
  ["a value that is no choice", ["search", "--sort", "best"], /relevance/],
  ["a value that is missing", ["login", "--token"], /token/],
  ["flags that exclude each other", ["login", "--token", "x", "--token-stdin"], /mutually exclusive/],
])("%s is a usage error: exit 2, nothing on stdout", async (_, argv, message) => {
  const { exit, stdout, stderr } = await run(argv);
  expect([exit, stdout]).toEqual([2, ""]);
  expect(stderr).toMatch(/^error\[USAGE\]: /);
  expect(stderr).toMatch(message);
  expect(({} as Record<string, unknown>)["polluted"]).toBeUndefined();
});

test("with --json a usage error is JSON, wherever the flag stands", async () => {
  for (const argv of [
    ["--json", "nope"],
    ["nope", "--json"],
    ["validate", "--nope", "--json"],
  ]) {
    const { exit, json, stderr } = await run(argv);
    expect([exit, stderr]).toEqual([2, ""]);
    expect(json()).toMatchObject({ error: { code: "USAGE" } });
  }
});

test("common flags may stand before the command", async () => {
  const { exit, json } = await run(["--registry", "https://r.example", "--json", "--no-input", "doctor", "--offline"]);
  expect(exit).toBe(0);
  expect(JSON.stringify(json())).toContain("https://r.example");
});

test("an alias is the command", async () => {
  const cwd = await tempFolder();
  const { exit, stdout } = await runPaks(["new", "pdf"], { cwd, home: cwd });
  expect([exit, stdout.includes("✓ Created pdf/SKILL.md")]).toEqual([0, true]);
});

test("words behind -- are positionals, also one that begins with a hyphen", async () => {
  for (const word of ["./nowhere", "-nowhere"]) {
    const { exit, json } = await run(["validate", "--json", "--", word]);
    expect(exit).toBe(errorCodes.NOT_FOUND.exit);
    expect(JSON.stringify(json())).toContain("nowhere");
  }
});

test("words that look like numbers stay words", async () => {
  const { stderr, exit } = await run(["info", "1.10"]);
  expect(stderr).toContain("1.10");
  expect(exit).toBe(errorCodes.INVALID_NAME.exit);
});

test("Ctrl-C is told as such: exit 130", async () => {
  const stop = new AbortController();
  const fetch = async () => {
    stop.abort(new PaksError("CANCELLED", "Stopped."));
    return await Promise.reject(new Error("aborted"));
  };
  const { exit, stderr } = await run(["search", "x"], { fetch, signal: stop.signal });
  expect(exit).toBe(130);
  expect(stderr).toContain("error[CANCELLED]");
});

test("a broken configuration is told with its file and exit 5", async () => {
  const home = await tempFolder();
  await mkdir(join(home, ".config/paks"), { recursive: true });
  await writeFile(join(home, ".config/paks/config.toml"), "[");
  const { exit, stderr } = await run(["list"], { home });
  expect(exit).toBe(5);
  expect(stderr).toContain("config.toml:1:");
});

test("a fault of ours is INTERNAL, with a trace only when asked for", async () => {
  const fetch = (() => {
    throw new RangeError("unexpected");
  }) as unknown as typeof globalThis.fetch;
  const clock = () => {
    throw new RangeError("no clock");
  };
  const quiet = await run(["search", "x", "--offline"], { fetch, clock });
  expect(quiet.exit).toBe(8);
  const me = {
    account: null,
    kind: null,
    token: {
      name: "x",
      prefix: "p",
      scopes: [],
      created_at: "2026-01-01T00:00:00Z",
      expires_at: "2026-01-01T00:00:00Z",
    },
  };
  const answer = async () => await Promise.resolve(Response.json({ data: me }));
  const loud = await run(["whoami", "--verbose"], { fetch: answer, clock, environment: { PAKS_TOKEN: "paks_x" } });
  expect(loud.exit).toBe(1);
  expect(loud.stderr).toContain("error[INTERNAL]");
  expect(loud.stderr).toContain("main.test.ts");
  expect(loud.stderr).not.toContain("paks_x");
});

test.each([
  ["validat", "validate"],
  ["isntall", "install"],
  ["LIST", "list"],
  ["qqqqqqq", undefined],
  ["", undefined],
  ["x".repeat(10_000), undefined],
])("the nearest command to %.20s is %s", (word, guess) => {
  expect(nearest(word, ["validate", "install", "list"])).toBe(guess);
});

test.each([
  [["--registry", "ci"], '"ci" was taken as the value of --registry', "leave it out: paks ci"],
  [["--json", "--color", "list"], '"list" was taken as the value of --color', "leave it out: paks list"],
  [["--registry", "https://r.example"], '"https://r.example" was taken', "paks --registry https://r.example list"],
  [["--registry"], "--registry has no value", "paks --registry <value> list"],
])("%j: a command that a flag has taken is not a wish for help", async (argv, message, hint) => {
  const { exit, json } = await run([...argv, "--json"]);
  expect(exit).toBe(2);
  expect(json()).toMatchObject({
    error: { code: "USAGE", message: expect.stringContaining(message), hint: expect.stringContaining(hint) },
  });
});

test.each([["--color", "never"], ["--color=never"], ["--registry", "ci", "--help"], ["help", "--registry", "ci"]])(
  "%s %s: help where help is what is asked for",
  async (...argv) => {
    expect(await run(argv)).toMatchObject({ exit: 0, stdout: expect.stringContaining("paks <command>") });
  },
);
