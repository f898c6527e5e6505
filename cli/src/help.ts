import type { CommandRow } from "./commands/table.ts";
import { commonFlags } from "./common-flags.ts";

const column = (rows: readonly (readonly [string, string])[]): string => {
  const width = Math.max(...rows.map(([left]) => left.length));
  return rows.map(([left, right]) => `  ${left.padEnd(width)}  ${right}`).join("\n");
};

/** The help of `paks` itself, from the tables alone: yargs is not loaded for it. */
export function formatRootHelp(rows: readonly CommandRow[]): string {
  const commands = rows.map((row): [string, string] => [[row.name, row.usage].filter(Boolean).join(" "), row.describe]);
  const flags = Object.entries(commonFlags).map(([name, flag]): [string, string] => [
    `${flag.alias === undefined ? "    " : `-${flag.alias}, `}--${name}${flag.placeholder === undefined ? "" : ` ${flag.placeholder}`}`,
    flag.describe,
  ]);
  return [
    "paks: the package manager for AI agent skills in which a git tag is the release",
    "",
    "Usage",
    "  paks <command> [options]",
    "",
    "Commands",
    column(commands),
    "",
    "Common options",
    column([
      ...flags,
      ["-h, --help", "Show help; with a command, that command's"],
      ["-V, --version", "Show the version"],
    ]),
    "",
    "Examples",
    column([
      ["paks install acme/pdf --agent claude-code", "Install a skill"],
      ["paks publish --bump patch", "Release the skill in this folder"],
      ["paks help publish", "Everything about one command"],
    ]),
  ].join("\n");
}
