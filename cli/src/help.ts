import { type CommandRow, commandGroups } from "./commands/table.ts";
import { commonFlags } from "./common-flags.ts";

const column = (rows: readonly (readonly [string, string])[]): string => {
  const width = Math.max(...rows.map(([left]) => left.length));
  return rows.map(([left, right]) => `  ${left.padEnd(width)}  ${right}`).join("\n");
};

const rowText = (row: CommandRow): [string, string] => [[row.name, row.usage].filter(Boolean).join(" "), row.describe];

/** A group is one line, where its first command stands. */
function rootRows(rows: readonly CommandRow[]): [string, string][] {
  const shown = new Map<string, [string, string]>();
  for (const row of rows) {
    const [group = "", second] = row.name.split(" ");
    if (second === undefined) shown.set(row.name, rowText(row));
    else if (!shown.has(group)) {
      const names = rows.flatMap((one) => (one.name.startsWith(`${group} `) ? [one.name.slice(group.length + 1)] : []));
      shown.set(group, [`${group} ${names.join("|")}`, commandGroups[group] ?? ""]);
    }
  }
  return [...shown.values()];
}

/** The help of `paks agent` and its like. */
export const formatGroupHelp = (group: string, rows: readonly CommandRow[]): string =>
  [
    commandGroups[group] ?? "",
    "",
    "Usage",
    `  paks ${group} <command> [options]`,
    "",
    "Commands",
    column(rows.filter((row) => row.name.startsWith(`${group} `)).map(rowText)),
    "",
    `See \`paks help ${group} <command>\` for everything about one of them.`,
  ].join("\n");

/** The help of `paks` itself, from the tables alone: yargs is not loaded for it. */
export function formatRootHelp(rows: readonly CommandRow[]): string {
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
    column(rootRows(rows)),
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
