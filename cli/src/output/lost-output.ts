import { PaksError, fileSystemError, systemErrorCode } from "@paks/schema";
import { exitOf, formatError } from "./errors.ts";

/** What to say, on stderr alone, when stdout cannot be written. */
export function describeLostOutput(error: unknown): { readonly text: string; readonly exit: number } {
  const code = fileSystemError(error, "stdout")?.code ?? "READ_ONLY_TARGET";
  const reason = systemErrorCode(error) ?? String(error);
  const failure = new PaksError(code, `The output cannot be written (${reason}), and what is there is not all of it.`, {
    hint: "Send it to a place that has space and may be written, and look what the command has done.",
  });
  return { text: `${formatError(failure, { verbose: false })}\n`, exit: exitOf(failure) };
}
