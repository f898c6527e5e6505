import { isPaksError } from "@paks/schema";
import { type CheckedJson, checkJsonOutput } from "../json-output/index.ts";
import { findCommand } from "../main.ts";

/** Every value that was checked in this file of tests. */
export const checkedJson: CheckedJson[] = [];

/** Whatever a run printed for programs is what the documentation says. */
export function checkJson(argv: readonly string[], run: { readonly exit: number; readonly stdout: string }): void {
  const end = argv.indexOf("--");
  const words = end < 0 ? argv : argv.slice(0, end);
  const json = words.some((word) => word === "--json" || word === "--json=true");
  // The same value as the text of a command; when it fails there is none.
  const asText = run.exit === 0 && / --format[= ]json( |$)/.test(` ${words.join(" ")}`);
  if (json || asText) checkedJson.push(checkJsonOutput({ command: commandOf(argv, words), words, ...run }));
}

/** A command that does not exist is an error, which is checked as such. */
function commandOf(argv: readonly string[], words: readonly string[]): string | undefined {
  try {
    const { row } = findCommand(argv);
    if (words.some((word) => word === "--help" || word === "-h" || word === "help")) return "--help";
    if (row !== undefined) return row.name;
    return words.some((word) => word === "--version" || word === "-V") ? "--version" : "--help";
  } catch (error) {
    if (isPaksError(error)) return undefined;
    throw error;
  }
}
