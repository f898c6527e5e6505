import { escapeText } from "@paks/schema";
import yargs, { type ArgumentsCamelCase, type Argv, type Options } from "yargs";
import type { Command, CommonArgs } from "./command.ts";
import { addFacts, formatAliases, formatExamples, optionsOf } from "./command-help.ts";
import {
  type Choices,
  type Read,
  explain,
  explainChoice,
  kebabCase,
  namesOfFlag,
  noSuchFlag,
  requireTwoHyphens,
} from "./command-line-errors.ts";
import { commonFlags } from "./common-flags.ts";
import { usageError } from "./usage-error.ts";

export type Parsed =
  | { readonly type: "help"; readonly text: string }
  | { readonly type: "run"; readonly args: ArgumentsCamelCase<CommonArgs> };

/**
 * Reads the command line of one command: flags are checked, unknown ones refused.
 * @param words without the command's own name
 * @throws PaksError USAGE
 */
export async function parseCommandLine(command: Command, words: readonly string[], columns: number): Promise<Parsed> {
  const { name, positionals } = splitUsage(command.command);
  requireOwnNames(words, name);
  let args: ArgumentsCamelCase<CommonArgs> | undefined;
  let problem: string | undefined;
  let lists: readonly string[] = [];
  let flags: readonly string[] = [];
  let valued: readonly string[] = [];
  let choices: Choices = {};
  // The only command that this parser has is its default one: yargs would render the help of any other on every run.
  const parser = configure(yargs([]), columns)
    .scriptName(`paks ${name}`)
    .command({
      command: ["$0", ...positionals].join(" "),
      describe: command.describe,
      builder: (builder: Argv) => {
        const built = command.builder(withCommonFlags(builder));
        // Only then, because it is work at every start.
        if (words.some((word) => word === "--help" || word === "-h")) addFacts(built);
        lists = [...listFlags(built), ...variadic(positionals)];
        flags = flagNames(built);
        valued = valuedFlags(built);
        ({ choices } = optionsOf(built));
        return built;
      },
      handler: (parsed: ArgumentsCamelCase) => {
        args = parsed as ArgumentsCamelCase<CommonArgs>;
      },
    })
    .fail((message: string | null, error: Error | undefined) => {
      problem ??= message ?? error?.message ?? "";
    });
  // The callback keeps yargs from printing; what it would have printed arrives there.
  const { read, help } = await new Promise<{ read: Read; help: string }>((resolve) => {
    void parser.parse(withoutSeparator(words), {}, (_error, read, help) => resolve({ read, help }));
  });
  if (problem === undefined && args === undefined && help !== "")
    return { type: "help", text: `${help}\n\n${formatAliases(command)}${formatExamples(command)}` };
  requireTwoHyphens(words, flags, name);
  const bare = findBareFlag(words, valued);
  if (bare !== undefined) throw usageError(`${bare} needs a value.`, name);
  requireSwitches(
    words,
    flags.filter((one) => !valued.includes(one)),
    name,
  );
  if (problem?.startsWith("Invalid values:") === true) {
    requireSingleValues(read, lists, name);
    throw explainChoice(read, { choices, positionals, name });
  }
  if (problem !== undefined || args === undefined) throw explain(problem ?? "", { command, name, words, flags });
  requireSingleValues(args, lists, name);
  return { type: "run", args };
}

/** `agent add <id>` → `agent add` and `<id>`. */
function splitUsage(usage: string): { readonly name: string; readonly positionals: readonly string[] } {
  const words = usage.split(" ");
  const first = words.findIndex((word) => /^[<[]/.test(word));
  const end = first < 0 ? words.length : first;
  return { name: words.slice(0, end).join(" "), positionals: words.slice(end) };
}

/**
 * yargs gives a default command none of the words behind `--`. They are positionals, so they may as well stand without
 * it; one that begins with a hyphen can only be a path.
 */
function withoutSeparator(words: readonly string[]): string[] {
  const at = words.indexOf("--");
  if (at < 0) return [...words];
  return [...words.slice(0, at), ...words.slice(at + 1).map((word) => (word.startsWith("-") ? `./${word}` : word))];
}

function configure(parser: Argv, columns: number): Argv {
  return parser
    .parserConfiguration({
      // `1.10` is a version and not 1.1; `a.b` is a name and not a path into an object.
      "parse-numbers": false,
      "parse-positional-numbers": false,
      "dot-notation": false,
      // `--no-push` is a flag of that name, so that every flag that exists is one that was declared.
      "boolean-negation": false,
      // `--agent a acme/pdf` must not swallow what follows the value.
      "greedy-arrays": false,
    })
    .detectLocale(false)
    .exitProcess(false)
    .showHelpOnFail(false)
    .strict()
    .version(false)
    .help("help", "Show this help")
    .alias("help", "h")
    .wrap(Math.min(columns, 100));
}

const withCommonFlags = (builder: Argv): Argv<CommonArgs> => {
  const flags: Record<string, Options> = Object.fromEntries(
    Object.entries(commonFlags).map(([name, flag]) => {
      const { placeholder: _, describe, ...options } = flag;
      return [name, { ...options, description: describe, group: "Common options:" }];
    }),
  );
  // Named first, these two groups stand above the common ones.
  return builder.group([], "Positionals:").group([], "Options:").options(flags) as unknown as Argv<CommonArgs>;
};

/** Flags declared as lists, by every name they have. */
const listFlags = (built: Argv<unknown>): readonly string[] => optionsOf(built).array;

/** Every flag and positional. */
const flagNames = (built: Argv<unknown>): readonly string[] => Object.keys(optionsOf(built).key);

/** Those that take a value, by every name they have. */
function valuedFlags(built: Argv<unknown>): readonly string[] {
  const { boolean, alias, key } = optionsOf(built);
  const names = Object.keys(key).filter((name) => !boolean.includes(name));
  return names.flatMap((name) => [name, ...(alias[name] ?? [])]);
}

/** `<source..>` → `source`. */
const variadic = (positionals: readonly string[]): string[] =>
  positionals.filter((one) => /\.\.[>\]]$/.test(one)).map((one) => one.slice(1, -3));

/**
 * What the parser does with a flag that has no value depends on the flag's type, and a list or a choice is then as if it
 * had not been given.
 * @param valued the flags that take one
 */
function findBareFlag(words: readonly string[], valued: readonly string[]): string | undefined {
  const end = words.indexOf("--");
  const own = end < 0 ? words : words.slice(0, end);
  for (let at = 0; at < own.length; at += 1) {
    const word = own[at]!;
    // Of several letters the last one takes the value.
    const [, long, letters] = /^(?:--([^=]+)|-([a-z]+))(?==|$)/i.exec(word) ?? [];
    const flag = long ?? letters?.at(-1) ?? "";
    if (!valued.includes(flag) && !valued.includes(kebabCase(flag))) continue;
    const isJoined = word.includes("=");
    const value = isJoined ? word.slice(word.indexOf("=") + 1) : own[at + 1];
    const isNone = value === undefined || (!isJoined && /^-(?!$|[\d.]+$)/.test(value));
    if (isNone || (value === "" && !mayBeEmpty.has(flag))) return long === undefined ? `-${flag}` : `--${flag}`;
    if (!isJoined) at += 1;
  }
  return undefined;
}

/**
 * yargs takes any value but `true` for no, so that `--dry-run=yes` would do what nobody wanted done.
 * @param switches the flags that take no value
 */
function requireSwitches(words: readonly string[], switches: readonly string[], name: string): void {
  const end = words.indexOf("--");
  for (const word of end < 0 ? words : words.slice(0, end)) {
    const [, given, long, letters, value = ""] = /^(--([^=]+)|-([a-z]+))=(.*)$/is.exec(word) ?? [];
    const flag = long ?? letters?.at(-1);
    if (flag === undefined || /^(?:true|false)$/.test(value)) continue;
    if (!switches.includes(flag) && !switches.includes(kebabCase(flag))) continue;
    throw usageError(
      `${given} takes no value, and "${escapeText(value, 60)}" was given.`,
      name,
      `Write ${given}, or leave it out.`,
    );
  }
}

/** The parser takes what every object inherits for a flag of its own, and fails over it. */
function requireOwnNames(words: readonly string[], name: string): void {
  const end = words.indexOf("--");
  const flags = (end < 0 ? words : words.slice(0, end)).flatMap(namesOfFlag);
  const flag = flags.find((one) => one in Object.prototype || camelCase(one) in Object.prototype);
  if (flag !== undefined) throw noSuchFlag(flag, [], name);
}

/** Tags without anything before the version. */
const mayBeEmpty = new Set(["tag-prefix", "tagPrefix"]);

/** yargs makes a list of any flag that is given twice, and NaN of a number that is none. */
function requireSingleValues(args: Read, lists: readonly string[], name: string): void {
  for (const [flag, value] of Object.entries(args)) {
    if (flag === "_" || lists.some((list) => list === flag || camelCase(list) === flag)) continue;
    if (typeof value === "number" && Number.isNaN(value)) throw usageError(`--${flag} needs a number.`, name);
    if (Array.isArray(value)) throw usageError(`--${flag} is given more than once.`, name);
  }
}

/** The second name that yargs gives a flag: `allow-secret` is also `allowSecret`. */
const camelCase = (flag: string): string =>
  flag.replaceAll(/-([a-z])/g, (_all, letter: string) => letter.toUpperCase());
