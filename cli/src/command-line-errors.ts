import { type PaksError, escapeText, nearest } from "@paks/schema";
import type { Command } from "./command.ts";
import { usageError } from "./usage-error.ts";

/** What the parser made of the words. */
export type Read = Readonly<Record<string, unknown>>;
export type Choices = Readonly<Record<string, readonly string[]>>;

interface Choosing {
  readonly choices: Choices;
  readonly positionals: readonly string[];
  /** The command's. */
  readonly name: string;
}

/** The first value that is none of those that there are. */
export function explainChoice(read: Read, { choices, positionals, name }: Choosing): PaksError {
  const wrong = Object.entries(read).flatMap(([key, value]) => {
    const among = Object.hasOwn(choices, key) ? choices[key]! : [];
    return among.length > 0 && typeof value === "string" && !among.includes(value)
      ? [{ key, given: value, among }]
      : [];
  });
  const { key, given, among } = wrong[0] ?? { key: "", given: "", among: [] };
  const guess = nearest(given, among);
  const said = positionals.find((one) => one.slice(1, -1) === key) ?? `--${key}`;
  return usageError(
    `${said} cannot be "${escapeText(given, 60)}".${guess === undefined ? "" : ` Did you mean "${guess}"?`}`,
    name,
    `It is one of: ${among.join(", ")}.`,
  );
}

interface Explained {
  readonly command: Command;
  readonly name: string;
  readonly words: readonly string[];
  readonly flags: readonly string[];
}

/** yargs' complaint in words that say what to type. */
export function explain(problem: string, { command, name, words, flags }: Explained): PaksError {
  if (problem.startsWith("Not enough non-option arguments")) {
    // An option that there is not has taken the word behind it.
    const flag = words.flatMap(namesOfFlag).find((one) => !flags.includes(one) && !flags.includes(kebabCase(one)));
    if (flag !== undefined) return noSuchFlag(flag, flags, name);
    return usageError(`Something is missing: paks ${command.command}`, name);
  }
  const unknown = /^Unknown (?:arguments?|commands?): (.*)$/s
    .exec(problem)?.[1]
    // What the parser makes of it, so that nothing is assigned to an object's prototype.
    ?.replaceAll("___proto___", "__proto__")
    .split(", ");
  if (unknown === undefined) return usageError(problem === "" ? "The command line is wrong." : problem, name);
  const flag = unknown.find((one) =>
    words.some((word) => word.split("=", 1)[0]?.replace(/^--?/, "") === one && word.startsWith("-")),
  );
  if (flag !== undefined) return noSuchFlag(flag, flags, name);
  const letters = words.find((word) => unknown.some((one) => one.length === 1 && isOneHyphen(word, one)));
  if (letters !== undefined) return noSuchLetters(letters, flags, name);
  return usageError(`The command line has a word too many: ${unknown[0]}`, name);
}

export function noSuchFlag(flag: string, flags: readonly string[], name: string): PaksError {
  const guess = flag.length < 3 ? undefined : nearFlag(flag, flags);
  const given = `${flag.length === 1 ? "-" : "--"}${flag}`;
  return usageError(`There is no option ${given}.${guess === undefined ? "" : ` Did you mean --${guess}?`}`, name);
}

/** Also the one that begins so: `--dry`. */
function nearFlag(flag: string, flags: readonly string[]): string | undefined {
  const longer = new Set(flags.filter((one) => one.startsWith(flag)).map(kebabCase));
  return longer.size === 1 ? [...longer][0] : nearest(flag, flags);
}

const isOneHyphen = (word: string, letter: string): boolean => /^-[^-]/.test(word) && word.includes(letter, 1);

/** `-agent`: the parser reads five options of one letter each. */
function noSuchLetters(word: string, flags: readonly string[], name: string): PaksError {
  const [given = word] = word.split("=", 1);
  const guess = given.length < 4 ? undefined : nearFlag(given.slice(1), flags);
  if (guess === undefined) return usageError(`There is no option ${escapeText(given, 60)}.`, name);
  return usageError(`There is no option ${given}. Did you mean --${guess}, with two hyphens?`, name);
}

/**
 * A long name behind one hyphen would be read letter by letter, some of which may be options.
 * @throws PaksError USAGE
 */
export function requireTwoHyphens(words: readonly string[], flags: readonly string[], name: string): void {
  const end = words.indexOf("--");
  const wrong = (end < 0 ? words : words.slice(0, end)).find(
    (word) => /^-[^-]{2,}/.test(word) && flags.includes(word.slice(1).split("=", 1)[0]!),
  );
  if (wrong !== undefined) throw noSuchLetters(wrong, flags, name);
}

/** `--foo=1` → `foo`, `-gx` → `g`; none of a word that is no flag. */
export function namesOfFlag(word: string): string[] {
  const [, long, short] = /^(?:--([^=]+)|-([a-z]))/i.exec(word) ?? [];
  return [long ?? short].filter((one) => one !== undefined);
}

/** As a flag is declared that somebody writes `dryRun`. */
export const kebabCase = (flag: string): string => flag.replaceAll(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
