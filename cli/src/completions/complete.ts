import { type CommandRow, commandGroups, commandTable } from "../commands/table.ts";
import { type KnownFlag, type KnownWords, commonWords, readWords } from "./flags.ts";
import type { Outside } from "./outside.ts";
import { type Suggestion, type Values, positionalValues, valuesOfFlag } from "./values.ts";

export interface Completions {
  readonly suggestions: readonly Suggestion[];
  /** The shell's own names of files are also meant. */
  readonly files: boolean;
}

const nothing: Completions = { suggestions: [], files: false };

/**
 * What may stand where the cursor is.
 * @param words those behind `paks`, up to the one that is being typed, which may be empty
 */
export async function complete(words: readonly string[], outside: Outside): Promise<Completions> {
  const current = words.at(-1) ?? "";
  const before = words.slice(0, -1);
  const { row, group, rest } = findRow(before);
  if (row === undefined) {
    const value = await completeFlagValue(commonWords, { rest: before, current }, outside);
    return value ?? startingWith(current, group === undefined ? firstWords(current) : secondWords(group));
  }
  const known = readWords(await row.load());
  return await completeCommand({ row, known, rest, current }, outside);
}

interface Typed {
  readonly row: CommandRow;
  readonly known: KnownWords;
  /** The words behind the command's name, without the one that is being typed. */
  readonly rest: readonly string[];
  readonly current: string;
}

async function completeCommand({ row, known, rest, current }: Typed, outside: Outside): Promise<Completions> {
  const value = await completeFlagValue(known.flags, { rest, current }, outside);
  if (value !== undefined) return value;
  if (current.startsWith("-") && !rest.includes("--")) return startingWith(current, flagWords(known.flags));
  const positionals = positionalsOf(rest, flagsByName(known.flags));
  const name =
    (row.usage ?? "").split(" ")[positionals.length] ?? (/\.\.[\]>]$/.test(row.usage ?? "") ? row.usage! : "");
  const choices = known.choices[name.replaceAll(/[<>[\].]/g, "")] ?? [];
  if (choices.length > 0)
    return startingWith(
      current,
      choices.map((value) => ({ value, describe: "" })),
    );
  return await withValues(current, await positionalValues(row.name, { current, before: positionals }, outside));
}

/** Of `--flag ` and of `--flag=`; `undefined` where the cursor is at no value of a flag. */
async function completeFlagValue(
  flags: readonly KnownFlag[],
  { rest, current }: Pick<Typed, "rest" | "current">,
  outside: Outside,
): Promise<Completions | undefined> {
  if (rest.includes("--")) return undefined;
  const byName = flagsByName(flags);
  const waiting = byName.get(rest.at(-1) ?? "");
  if (waiting?.takesValue === true) return await withValues(current, await valuesOfFlag(waiting, current, outside));
  const [, flagName = "", value = ""] = /^(--[\w-]+)=(.*)$/s.exec(current) ?? [];
  const given = byName.get(flagName);
  if (given?.takesValue !== true) return undefined;
  const { suggestions } = await withValues(value, await valuesOfFlag(given, value, outside));
  return { files: false, suggestions: suggestions.map((one) => ({ ...one, value: `${flagName}=${one.value}` })) };
}

const flagsByName = (flags: readonly KnownFlag[]): ReadonlyMap<string, KnownFlag> =>
  new Map(flags.flatMap((flag) => flag.names.map((name) => [name, flag] as const)));

interface FoundRow {
  readonly row?: CommandRow;
  readonly group?: string;
  readonly rest: readonly string[];
}

/** As `main` finds it; `help` says nothing of its own. */
function findRow(words: readonly string[]): FoundRow {
  const byName = flagsByName(commonWords);
  let first: string | undefined;
  for (let index = 0; index < words.length; index += 1) {
    const word = words[index]!;
    if (word.startsWith("-")) {
      if (byName.get(word)?.takesValue === true) index += 1;
      continue;
    }
    if (first === undefined && word === "help") continue;
    const name = first === undefined ? word : `${first} ${word}`;
    if (first === undefined && Object.hasOwn(commandGroups, word)) {
      first = word;
      continue;
    }
    const row = commandTable.find((one) => one.name === name || one.aliases?.includes(name) === true);
    return row === undefined ? { group: "", rest: [] } : { row, rest: words.slice(index + 1) };
  }
  return first === undefined ? { rest: [] } : { group: first, rest: [] };
}

const firstWords = (current: string): Suggestion[] => {
  if (current.startsWith("-")) return flagWords(commonWords);
  const groups = new Map(Object.entries(commandGroups));
  const commands = commandTable.filter(({ name }) => !name.includes(" "));
  return [
    ...commands.map(({ name, describe }) => ({ value: name, describe })),
    ...[...groups].map(([value, describe]) => ({ value, describe })),
    { value: "help", describe: "Everything about one command" },
  ];
};

const secondWords = (group: string): Suggestion[] =>
  commandTable.flatMap(({ name, describe }) =>
    name.startsWith(`${group} `) ? [{ value: name.slice(group.length + 1), describe }] : [],
  );

/** The long names; a short one is quicker typed than chosen. */
const flagWords = (flags: readonly KnownFlag[]): Suggestion[] =>
  flags.flatMap(({ names, describe }) => {
    const value = names.find((name) => name.startsWith("--")) ?? names[0];
    return value === undefined ? [] : [{ value, describe }];
  });

function positionalsOf(rest: readonly string[], flags: ReadonlyMap<string, KnownFlag>): string[] {
  const found: string[] = [];
  for (let index = 0; index < rest.length; index += 1) {
    const word = rest[index]!;
    if (!word.startsWith("-")) found.push(word);
    else if (flags.get(word)?.takesValue === true) index += 1;
  }
  return found;
}

const startingWith = (current: string, suggestions: readonly Suggestion[]): Completions => ({
  ...nothing,
  suggestions: suggestions.filter(({ value }) => value.startsWith(current)),
});

const withValues = async (current: string, { suggestions, files }: Values): Promise<Completions> => ({
  ...startingWith(current, suggestions),
  files,
});
