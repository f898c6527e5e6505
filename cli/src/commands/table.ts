import type { Command } from "../command.ts";

/** One row per command. The table is all that `paks --help` loads; a command's code loads when it runs. */
export interface CommandRow {
  readonly name: string;
  readonly aliases?: readonly string[];
  /** What follows the name in the help: `<ref>`. */
  readonly usage?: string;
  readonly describe: string;
  readonly load: () => Promise<Command>;
}

export const commandTable: readonly CommandRow[] = [];
