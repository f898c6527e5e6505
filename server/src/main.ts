import { formatErrorBody, PaksError } from "@paks/schema";
import yargs from "yargs";
import type { CommandIo } from "./command-io.ts";
import { adminCommands } from "./commands/admin.ts";
import { serveCommands } from "./commands/serve.ts";
import { exitCodeOf, formatFailure, toPaksError } from "./failure.ts";
import { registryVersion } from "./version.ts";

/** Runs one command line and returns its exit code. Prints what it has to say; never exits. */
export async function main(argv: readonly string[], io: CommandIo): Promise<number> {
  let exitCode = 0;
  const done = (code: number) => (exitCode = code);
  const cli = yargs([...argv])
    .scriptName("paks-registry")
    .usage("$0 <role>\n\nThe registry of paks: its API, its indexer, and the operator's commands.")
    .parserConfiguration({ "parse-numbers": false, "dot-notation": false, "boolean-negation": false })
    .locale("en")
    .version(registryVersion)
    .option("json", { type: "boolean", default: false, describe: "One JSON value on stdout" })
    .strict()
    .demandCommand(1, "Name a command.")
    .exitProcess(false)
    .showHelpOnFail(false)
    .fail((message: string, error: unknown) => {
      throw error ?? new PaksError("USAGE", message, { hint: "See paks-registry --help." });
    });
  for (const command of [...serveCommands(io, done), ...adminCommands(io)]) cli.command(command);
  try {
    await cli.parseAsync();
    return exitCode;
  } catch (thrown) {
    const error = toPaksError(thrown);
    if (argv.includes("--json")) io.print(JSON.stringify(formatErrorBody(error)));
    else io.printError(formatFailure(error, thrown));
    return exitCodeOf(error);
  }
}
