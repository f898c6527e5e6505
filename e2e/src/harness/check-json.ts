import { checkJsonOutput, jsonOutputs } from "@paks/cli/json-output";
import type { Finished } from "./run.ts";

/** Whatever the built program printed for programs is what the documentation says. What was killed printed nothing. */
export function checkJson(args: readonly string[], { exitCode, stdout }: Finished): void {
  if (!args.includes("--json") || exitCode === null) return;
  const command = [args[0]!, args.slice(0, 2).join(" ")].find((name) => Object.hasOwn(jsonOutputs, name));
  checkJsonOutput({ command, words: args, exit: exitCode, stdout });
}
