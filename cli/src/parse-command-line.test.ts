import { expect, test } from "vitest";
import type { Argv } from "yargs";
import { isPaksError } from "@paks/schema";
import type { Command, CommonArgs } from "./command.ts";
import { commonFlags } from "./common-flags.ts";
import { commandTable } from "./commands/table.ts";
import { parseCommandLine } from "./parse-command-line.ts";
import { runPaks, tempFolder } from "./testing/index.ts";

/** Every flag that takes a value, as the command itself declares it. */
async function listValuedFlags(command: Command): Promise<string[]> {
  const declared: string[] = [];
  const recorder: Argv<CommonArgs> = new Proxy({} as Argv<CommonArgs>, {
    get: (_target, method) => (first: unknown, second: unknown) => {
      const rows = typeof first === "object" && first !== null ? Object.entries(first) : [[first, second] as const];
      if (method === "option" || method === "options")
        for (const [name, { type, alias }] of rows as [string, { type?: string; alias?: string }][])
          if (type !== "boolean")
            declared.push(...[name, alias].flatMap((one) => (one === undefined ? [] : [typed(one)])));
      return recorder;
    },
  });
  command.builder(recorder);
  const common = Object.entries(commonFlags).flatMap(([name, { type }]) => (type === "string" ? [`--${name}`] : []));
  return [...declared, ...common];
}

const typed = (flag: string): string => (flag.length === 1 ? `-${flag}` : `--${flag}`);

const commands = await Promise.all(commandTable.map(async (row) => [row.name, await row.load()] as const));

test.each(commands)("%s: an option without its value is refused by its name", async (_name, command) => {
  const needed = (command.command.match(/<[^>]+>/g) ?? []).map(() => "x");
  const taken: string[] = [];
  for (const flag of await listValuedFlags(command)) {
    const bare = [
      [...needed, flag],
      [flag, "--json", ...needed],
      [...needed, flag, "-q"],
      [...needed, flag, "--", "x"],
    ];
    const joined = flag.startsWith("--") && flag !== "--tag-prefix" ? [[...needed, `${flag}=`]] : [];
    for (const words of [...bare, ...joined]) {
      const said = await parseCommandLine(command, words, 80).catch((error: unknown) => error);
      if (!(isPaksError(said, "USAGE") && said.message === `${flag} needs a value.`)) taken.push(words.join(" "));
    }
  }
  expect(taken).toEqual([]);
});

test("a value may begin with a hyphen where it is joined to its option, be a number, or stand for stdin", async () => {
  const command = commands.find(([name]) => name === "install")![1];
  for (const words of [["--dir=-x"], ["--dir", "-"], ["--dir", "-1"], ["-a", "x"], ["-ga", "x"], ["--as=-a"]])
    expect(await parseCommandLine(command, ["x", ...words], 80), words.join(" ")).toMatchObject({ type: "run" });
});

test("what was meant as a value does not become the command's", async () => {
  const [cwd, home] = [await tempFolder(), await tempFolder()];
  const run = await runPaks(["install", "./x", "--agent", "--json"], { cwd, home });
  expect(run.json()).toMatchObject({ error: { code: "USAGE", message: "--agent needs a value." } });
  expect(run.exit).toBe(2);
});

const parse = async (name: string, words: readonly string[]) =>
  await parseCommandLine(commands.find(([one]) => one === name)![1], words, 80).catch((error: unknown) => error);

test.each([
  ["publish", ["--bump", "ptach"], '--bump cannot be "ptach". Did you mean "patch"?'],
  ["search", ["x", "--format", "ymal"], '--format cannot be "ymal". Did you mean "yaml"?'],
  ["install", ["a/b", "--from=gti"], '--from cannot be "gti". Did you mean "git"?'],
  ["list", ["--color", "purple"], '--color cannot be "purple".'],
  ["completions", ["bsh"], '<shell> cannot be "bsh". Did you mean "bash"?'],
  ["search", ["--kind", "skil", "--sort", "dwnloads"], '--kind cannot be "skil". Did you mean "skill"?'],
  ["search", ["--format", "\u001B[31m\nx"], '--format cannot be "\\u{1b}[31m\\u{a}x".'],
  ["publish", ["--bump", "a", "--bump", "b"], "--bump is given more than once."],
])("%s %j: a value that is no choice is told in our words", async (name, words, message) => {
  expect(await parse(name, words)).toMatchObject({ code: "USAGE", message });
});

test("what can be chosen is in the hint", async () => {
  expect(await parse("publish", ["--bump", "ptach"])).toMatchObject({
    hint: "It is one of: major, minor, patch, prerelease. See `paks publish --help`.",
  });
});

test.each(["--dry-run=yes", "--dryRun=1", "--dry-run=", "--yes=no"])(
  "%s does not count as no, and nothing is published",
  async (word) => {
    const said = await parse("publish", [word]);
    expect(said).toMatchObject({ code: "USAGE", message: expect.stringContaining(" takes no value, and ") });
  },
);

test("true and false can stand behind a switch", async () => {
  for (const words of [["--dry-run=true"], ["--dry-run=false"], ["--dry-run", "true"]])
    expect(await parse("publish", words), words.join(" ")).toMatchObject({ type: "run" });
});

test.each(["--constructor", "--toString", "--to-string", "--valueOf=1", "--__proto__"])(
  "%s is an option that there is not",
  async (word) => {
    expect(await parse("list", [word])).toMatchObject({
      code: "USAGE",
      message: `There is no option ${word.split("=")[0]!}.`,
    });
  },
);
