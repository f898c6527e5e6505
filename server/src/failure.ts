import { databaseError } from "@paks/db";
import { errorCodes, PaksError } from "@paks/schema";

/** Everything that is thrown as one of our errors; what is not becomes INTERNAL. */
export function toPaksError(thrown: unknown): PaksError {
  if (thrown instanceof PaksError) return thrown;
  const unavailable = databaseError(thrown);
  if (unavailable) return unavailable;
  // yargs has a class of its own for a wrong command line.
  if (thrown instanceof Error && thrown.name === "YError")
    return new PaksError("USAGE", thrown.message, { cause: thrown });
  const message = thrown instanceof Error ? thrown.message : String(thrown);
  return new PaksError("INTERNAL", message, { cause: thrown });
}

export const exitCodeOf = (error: PaksError): number => errorCodes[error.code].exit;

const onOneLine = (text: string): string => text.replaceAll(/[\u0000-\u001f\u007f-\u009f\u2028\u2029]+/g, " ");

/** For people: code, message, hint; the stack only when it is a fault of ours. */
export function formatFailure(error: PaksError, thrown: unknown): string {
  const lines = [`error[${error.code}]: ${onOneLine(error.message)}`];
  if (error.hint !== undefined) lines.push(`hint: ${onOneLine(error.hint)}`);
  if (error.code === "INTERNAL" && thrown instanceof Error && thrown.stack !== undefined) lines.push(thrown.stack);
  return lines.join("\n");
}
