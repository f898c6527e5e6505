import type { Argv } from "yargs";
import type { Command } from "./command.ts";

/** Not in columns as yargs has it, which breaks a command where it does not fit: a line is to be copied as it is. */
export const formatExamples = ({ examples }: Command): string =>
  ["Examples:", ...examples.flatMap(([line, what]) => [`  # ${what}`, `  ${line}`])].join("\n");

/** The other names of a command, each as it is typed; nothing where there are none. */
export const formatAliases = ({ aliases }: Command): string =>
  aliases.length === 0 ? "" : `Aliases: ${aliases.map((alias) => `paks ${alias}`).join(", ")}\n\n`;

/** What yargs puts into brackets at the right edge, most of it of no use, is said where it matters behind the words. */
export function addFacts(built: Argv<unknown>): void {
  const { choices, default: defaults, key } = optionsOf(built);
  const { usage, descriptions } = internalsOf(built);
  usage({ "hide-types": true });
  for (const name of Object.keys(key)) {
    const [among, otherwise] = [choices[name] ?? [], defaults[name]];
    const facts = [
      ...(among.length === 0 ? [] : [among.join("|")]),
      ...(isWorthSaying(otherwise) ? [`default: ${otherwise}`] : []),
    ];
    if (facts.length > 0 && descriptions[name] !== undefined)
      built.describe(name, `${descriptions[name]} (${facts.join("; ")})`);
  }
}

interface ParserOptions {
  readonly array: string[];
  readonly boolean: string[];
  readonly alias: Readonly<Record<string, readonly string[]>>;
  readonly key: Record<string, unknown>;
  readonly choices: Record<string, readonly string[]>;
  readonly default: Record<string, unknown>;
}

/** The method is public and missing in the types. */
export const optionsOf = (built: Argv<unknown>) => (built as unknown as { getOptions(): ParserOptions }).getOptions();

/** Neither is in the types. */
const internalsOf = (built: Argv<unknown>) => {
  const parser = built as unknown as {
    usageConfiguration(settings: { readonly "hide-types": boolean }): void;
    getInternalMethods(): { getUsageInstance(): { getDescriptions(): Record<string, string | undefined> } };
  };
  return {
    usage: parser.usageConfiguration.bind(parser),
    descriptions: parser.getInternalMethods().getUsageInstance().getDescriptions(),
  };
};

/** That a flag is off, or a list empty, when nobody gives it goes without saying. */
const isWorthSaying = (value: unknown): value is string | number =>
  typeof value === "number" || (typeof value === "string" && value !== "");
