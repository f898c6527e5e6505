import type { Argv, Options, PositionalOptions } from "yargs";
import type { Command, CommonArgs } from "../command.ts";
import { commonFlags } from "../common-flags.ts";

export interface KnownFlag {
  /** With its hyphens. */
  readonly names: readonly string[];
  readonly describe: string;
  readonly takesValue: boolean;
  readonly choices: readonly string[];
}

export interface KnownWords {
  readonly flags: readonly KnownFlag[];
  /** Of the positionals that have them, by name. */
  readonly choices: Readonly<Record<string, readonly string[]>>;
}

/**
 * What a command declares to yargs, without loading yargs: its builder is given something that writes down the flags
 * and answers itself to every call.
 */
export function readWords(command: Command): KnownWords {
  const options: Record<string, Options> = {};
  const positionals: Record<string, PositionalOptions> = {};
  const recorder: object = new Proxy(
    {},
    {
      get: (_target, method) => (first: unknown, second: object | undefined) => {
        if (method === "option") options[String(first)] = { ...second };
        else if (method === "options") Object.assign(options, first);
        else if (method === "positional") positionals[String(first)] = { ...second };
        return recorder;
      },
    },
  );
  command.builder(recorder as Argv<CommonArgs>);
  return {
    flags: [
      ...Object.entries(options)
        .filter(([, one]) => one.hidden !== true)
        .map(([name, one]) => flagOf(name, one)),
      ...commonWords,
    ],
    choices: Object.fromEntries(Object.entries(positionals).map(([name, one]) => [name, choicesOf(one)])),
  };
}

function flagOf(name: string, option: Options): KnownFlag {
  const names = [name, ...[option.alias ?? []].flat()];
  return {
    names: names.map((one) => (one.length === 1 ? `-${one}` : `--${one}`)),
    describe: option.describe ?? option.description ?? "",
    takesValue: option.type !== "boolean" && option.type !== "count",
    choices: choicesOf(option),
  };
}

const choicesOf = ({ choices }: Pick<Options, "choices">): string[] => (choices ?? []).map(String);

export const commonWords: readonly KnownFlag[] = [
  ...Object.entries(commonFlags).map(([name, { type, alias = [], choices = [], describe }]) =>
    flagOf(name, { type, alias, choices, describe }),
  ),
  { names: ["--help", "-h"], describe: "Show help", takesValue: false, choices: [] },
];
