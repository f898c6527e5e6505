import { existsSync } from "node:fs";
import { isPaksError, PaksError, nearest } from "@paks/schema";
import type { CommonArgs } from "./command.ts";
import { commonFlags } from "./common-flags.ts";
import type { Context } from "./context.ts";
import { type CommandRow, commandGroups, commandTable } from "./commands/table.ts";
import { readColor } from "./config.ts";
import { formatGroupHelp, formatRootHelp } from "./help.ts";
import type { Machine } from "./machine.ts";
import { type ContextFlags, openContext } from "./open-context.ts";
import { exitOf, toPaksError } from "./output/errors.ts";
import { type Printer, openPrinter } from "./output/printer.ts";
import { usageError } from "./usage-error.ts";
import { version } from "./version.ts";

export { readEnvironment } from "./config.ts";

/** What Ctrl-C means. */
export const stopped = (): PaksError => new PaksError("CANCELLED", "Stopped.");

/** What it means when nothing is left that could go on with a command that has not ended. */
export const stranded = (): PaksError =>
  new PaksError("INTERNAL", "The command waits for something that cannot come any more.", {
    hint: "Look what it has done, run it again with --verbose, and report what it prints.",
  });

/**
 * The whole program: words in, exit code out.
 * @param argv without the program's own name
 */
export async function main(argv: readonly string[], machine: Machine): Promise<number> {
  // Before the command line is read, so that its own errors are printed as it asks.
  const printer = openPrinterOf(machine, readPrintFlags(argv));
  try {
    const { words, row, group } = findCommand(argv);
    if (row !== undefined) return await runCommand(row, words, { machine, printer });
    if (group !== undefined) printHelp(printer, formatGroupHelp(group, commandTable), inGroup(group));
    else if (argv.some((word) => word === "--version" || word === "-V")) {
      printer.result({ data: { version }, text: version });
    } else {
      requireNoSwallowedCommand(argv);
      printHelp(printer, formatRootHelp(commandTable), commandTable);
    }
    return 0;
  } catch (error) {
    // A command that was stopped and says what it left says more than the signal.
    const told = isPaksError(error) && error.code === "CANCELLED";
    const failure = toPaksError(machine.signal.aborted && !told ? machine.signal.reason : error);
    printer.error(failure);
    return exitOf(failure);
  }
}

async function runCommand(
  row: CommandRow,
  words: readonly string[],
  { machine, printer }: { machine: Machine; printer: Printer },
): Promise<number> {
  // The reader of the command line asks for it too, where it is loaded.
  requireWorkingFolder(machine);
  const [command, { parseCommandLine }] = await Promise.all([row.load(), import("./parse-command-line.ts")]);
  const parsed = await parseCommandLine(command, words, machine.stdout.columns ?? 80);
  if (parsed.type === "help") {
    printHelp(printer, parsed.text, [row]);
    return 0;
  }
  const context = await openContextFor(row, parsed.args, { machine, printer });
  try {
    const result = await command.run(parsed.args, context);
    printer.result(result);
    await context.end();
    return result.exit ?? 0;
  } finally {
    await context.repositories.close();
  }
}

/**
 * A folder that was deleted under the shell has no path, of one that lies too deep the system does not tell it, and one
 * whose name is not UTF-8 has a path that leads nowhere.
 * @throws PaksError NO_WORKING_FOLDER
 */
function requireWorkingFolder({ cwd, cwdFailure = "ENOENT" }: Machine): void {
  if (cwd === "") {
    const why = pathless[cwdFailure] ?? `The system does not say which folder you are in (${cwdFailure}).`;
    throw new PaksError("NO_WORKING_FOLDER", why, {
      hint: "Go to another one: cd ~",
      details: { system: cwdFailure },
    });
  }
  // Node puts this character where the bytes of a name are not UTF-8.
  if (cwd.includes("\uFFFD") && !existsSync(cwd))
    throw new PaksError("NO_WORKING_FOLDER", `The name of the folder that you are in is not valid UTF-8: ${cwd}`, {
      hint: "Rename it, or run paks in another folder.",
      details: { path: cwd },
    });
}

const tooDeep = "The folder that you are in lies too deep: its path is longer than the system allows.";
const pathless: Readonly<Record<string, string>> = {
  ENOENT: "The folder that you are in was deleted.",
  // The one comes from the C library, where it has found out the path itself and there is no room for it.
  ERANGE: tooDeep,
  ENAMETOOLONG: tooDeep,
};

const inGroup = (group: string): readonly CommandRow[] =>
  commandTable.filter(({ name }) => name.startsWith(`${group} `));

/** For programs, which commands it is about; of one, the text as well. */
function printHelp(printer: Printer, text: string, rows: readonly CommandRow[]): void {
  const commands = rows.map(({ name, usage, aliases, describe }) => ({
    name,
    usage: usage ?? "",
    aliases: aliases ?? [],
    describe,
    ...(rows.length === 1 ? { help: text } : {}),
  }));
  printer.result({ data: { commands }, text });
}

/** A command that mends the configuration cannot ask for one that is whole. */
async function openContextFor(
  { mendsConfig }: CommandRow,
  flags: ContextFlags,
  { machine, printer }: { machine: Machine; printer: Printer },
): Promise<Context> {
  try {
    return await openContext(machine, flags, printer);
  } catch (error) {
    if (mendsConfig !== true || !isPaksError(error)) throw error;
    return await openContext(machine, { ...flags, brokenFile: error }, printer);
  }
}

type PrintFlags = Pick<CommonArgs, "json" | "quiet" | "verbose" | "color">;

function readPrintFlags(argv: readonly string[]): PrintFlags {
  const end = argv.indexOf("--");
  const words = end < 0 ? argv : argv.slice(0, end);
  const has = (...names: string[]) => words.some((word) => names.includes(word));
  const at = words.lastIndexOf("--color");
  const color = at < 0 ? words.findLast((word) => word.startsWith("--color="))?.slice(8) : words[at + 1];
  return {
    json: has("--json", "--json=true"),
    quiet: has("--quiet", "-q"),
    verbose: has("--verbose"),
    color: color === "always" || color === "never" ? color : "auto",
  };
}

const openPrinterOf = (machine: Machine, flags: PrintFlags): Printer =>
  openPrinter({
    ...flags,
    stdout: machine.stdout,
    stderr: machine.stderr,
    color: flags.color === "auto" ? (readColor(machine.environment) ?? "auto") : flags.color,
  });

interface Found {
  readonly words: readonly string[];
  /** Absent when only help or the version is asked for. */
  readonly row?: CommandRow;
  /** The first of two words when the second is missing. */
  readonly group?: string;
}

/** The command's row and the words besides its name. @throws PaksError USAGE */
export function findCommand(argv: readonly string[]): Found {
  const at = commandWord(argv);
  if (at < 0) return { words: argv };
  const first = argv[at]!;
  const words = argv.toSpliced(at, 1);
  if (first === "help") {
    const found = findCommand(words);
    if (found.row === undefined) return found;
    requireOnlyFlags(found.words);
    return { ...found, words: [...found.words, "--help"] };
  }
  if (!Object.hasOwn(commandGroups, first)) return { words, row: requireRow(first) };
  const next = commandWord(words);
  if (next < 0) return { words, group: first };
  return { words: words.toSpliced(next, 1), row: requireRow(`${first} ${words[next]}`) };
}

/** @throws PaksError USAGE for `paks help install acme/pdf` */
function requireOnlyFlags(words: readonly string[]): void {
  const takesValue = (flag = "") => commonFlags[flag.slice(2)]?.type === "string";
  const extra = words.find((word, at) => !word.startsWith("-") && !takesValue(words[at - 1]));
  if (extra !== undefined) throw usageError(`The command line has a word too many: ${extra}`);
}

/** Index of the first word that is neither a common flag nor its value. */
function commandWord(argv: readonly string[]): number {
  for (let index = 0; index < argv.length; index += 1) {
    const word = argv[index]!;
    if (word === "--") return -1;
    if (!word.startsWith("-")) return index;
    if (commonFlags[word.slice(2)]?.type === "string") index += 1;
    else if (!isCommonFlag(word)) throw noCommonFlag(word);
  }
  return -1;
}

/**
 * `paks --registry $REGISTRY ci` with an empty variable must not look like an install that went well.
 * @throws PaksError USAGE for a command line without a command, one word of which went to a flag
 */
function requireNoSwallowedCommand(argv: readonly string[]): void {
  if (argv.some((word) => word === "help" || word === "--help" || word === "-h")) return;
  const at = argv.findIndex((word) => commonFlags[word.slice(2)]?.type === "string" && word.startsWith("--"));
  const [flag = "", next] = argv.slice(Math.max(at, 0));
  const value = next?.startsWith("-") === true ? undefined : next;
  if (at < 0 || (value !== undefined && commonFlags[flag.slice(2)]?.choices?.includes(value) === true)) return;
  const row =
    value === undefined
      ? undefined
      : commandTable.find(({ name, aliases }) => [name, ...(aliases ?? [])].includes(value));
  const took = value === undefined ? `${flag} has no value` : `"${value}" was taken as the value of ${flag}`;
  throw new PaksError("USAGE", `No command is named: ${took}.`, {
    hint:
      row === undefined
        ? `Name the command behind it, for example: paks ${flag} ${value ?? "<value>"} list`
        : `Give ${flag} its value (is a variable empty?), or leave it out: paks ${value}`,
  });
}

/** Before the command's name there can only be what every command has. */
function noCommonFlag(word: string): PaksError {
  const flag = word.split("=", 1)[0]!;
  const name = flag.replace(/^--?/, "");
  const near = name.length < 3 ? undefined : nearest(name, [...Object.keys(commonFlags), "help", "version"]);
  // Of other programs it is one or the other.
  const guess = flag === "-v" ? "-V for the version, or --verbose" : near === undefined ? undefined : `--${near}`;
  return usageError(
    `There is no option ${flag} of paks itself.${guess === undefined ? "" : ` Did you mean ${guess}?`}`,
    undefined,
    "An option of a command stands behind the command's name.",
  );
}

const isCommonFlag = (word: string): boolean =>
  ["--help", "-h", "--version", "-V"].includes(word) ||
  Object.entries(commonFlags).some(
    ([name, { alias }]) =>
      word === `--${name}` || word.startsWith(`--${name}=`) || (alias !== undefined && word === `-${alias}`),
  );

function requireRow(name: string): CommandRow {
  const row = commandTable.find((one) => one.name === name || one.aliases?.includes(name));
  if (row !== undefined) return row;
  if (name === "unpublish")
    throw new PaksError("USAGE", `There is no command "unpublish": a release is for ever.`, {
      hint: "Others may have it in their locks. Publish a corrected version, and revoke any secret that is in the old one.",
    });
  const near = nearest(
    name,
    commandTable.flatMap((one) => [one.name, ...(one.aliases ?? [])]),
  );
  const guess = name === "version" ? "--version" : near;
  throw new PaksError("USAGE", `There is no command "${name}".`, {
    hint: guess === undefined ? "See `paks --help`." : `Did you mean \`paks ${guess}\`?`,
  });
}
