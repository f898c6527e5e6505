import type { ArgumentsCamelCase, Argv } from "yargs";
import type { Context } from "./context.ts";

/** Flags that every command has. Their effects are in the context; a handler rarely reads them. */
export interface CommonArgs {
  json: boolean;
  quiet: boolean;
  verbose: boolean;
  color: "auto" | "always" | "never";
  "no-input": boolean;
  registry: string | undefined;
  offline: boolean;
  "no-cache": boolean;
}

/** What a handler returns. One place prints it: `text` for people, `data` for `--json`. */
export interface Result {
  /** One JSON value, with the field names of the documented output (snake_case, like the API). */
  readonly data: unknown;
  /**
   * Plain text without colours or a newline at the end; "" prints nothing. The printer removes
   * terminal escapes from it and colours the marks at line starts (`✓`, `⚠`, `✗`) and `hint:`.
   * Text that others wrote goes through `safe()` first, or its line breaks could imitate ours.
   */
  readonly text: string;
  /** What to do next, below the text; not printed with `--quiet`. The same rules as for `text`. */
  readonly next?: string | undefined;
  /** Exit code when the command did its work but the answer is "no" (findings, drift). Absent = 0. */
  readonly exit?: number;
}

export interface CommandDefinition<A> {
  /** yargs' own notation: `info <ref>`. Flags that begin with `no-` are declared under that very name (`no-push` → `args.noPush`). */
  readonly command: string;
  readonly describe: string;
  readonly aliases?: readonly string[];
  /** Command line and what it does, shown by `--help`. */
  readonly examples: readonly (readonly [line: string, what: string])[];
  builder(yargs: Argv<CommonArgs>): Argv<A>;
  run(args: ArgumentsCamelCase<A>, context: Context): Result | Promise<Result>;
}

/** A definition whose argument types have done their work. */
export interface Command {
  readonly command: string;
  readonly describe: string;
  readonly aliases: readonly string[];
  readonly examples: readonly (readonly [line: string, what: string])[];
  builder(yargs: Argv<CommonArgs>): Argv<unknown>;
  run(args: ArgumentsCamelCase, context: Context): Promise<Result>;
}

export const defineCommand = <A>(definition: CommandDefinition<A>): Command => ({
  command: definition.command,
  describe: definition.describe,
  aliases: definition.aliases ?? [],
  examples: definition.examples,
  builder: (yargs) => definition.builder(yargs),
  run: async (args, context) => await definition.run(args as ArgumentsCamelCase<A>, context),
});
