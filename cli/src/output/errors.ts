import { type Finding, PaksError, errorCodes, formatErrorBody, isPaksError } from "@paks/schema";
import { formatFindings } from "./findings.ts";
import { safe } from "./safe-text.ts";
import { describeSystemError } from "../system-errors.ts";

/** What a thrown value means to the user: PaksErrors as they are, the file system's by their code, the rest is our fault. */
export function toPaksError(error: unknown): PaksError {
  if (isPaksError(error)) return error;
  const known = describeSystemError(error);
  if (known) return known;
  const message = error instanceof Error ? error.message : String(error);
  return new PaksError("INTERNAL", `Something went wrong inside paks: ${message}`, {
    cause: error,
    hint: "Run it again with --verbose and report what it prints.",
  });
}

export const exitOf = (error: PaksError): number => errorCodes[error.code].exit;

const findingsOf = (error: PaksError): readonly Finding[] => {
  const findings = error.details?.["findings"];
  return Array.isArray(findings) ? (findings as Finding[]) : [];
};

/** `error[CODE]: message`, then the findings or the place, then the hint. Multi-line, safe for a terminal. */
export function formatError(error: PaksError, options: { readonly verbose: boolean }): string {
  const findings = findingsOf(error);
  const lines = [`error[${error.code}]: ${safe(error.message, { multiline: true })}`];
  const place = placeOf(error);
  // The only error is the headline; warnings may stand beside it.
  const others = findings.filter(({ severity, message }) => severity !== "error" || message !== error.message);
  const alone = others.every(({ severity }) => severity !== "error");
  if (!alone) lines.push(formatFindings(findings));
  else if (place !== undefined && !error.message.includes(place)) lines.push(`  at ${safe(place)}`);
  const told = !alone && findings.some((finding) => finding.hint === error.hint);
  if (error.hint !== undefined && !told) lines.push(`hint: ${safe(error.hint, { multiline: true })}`);
  if (alone && others.length > 0) lines.push(formatFindings(others));
  if (options.verbose) lines.push(safe(traceOf(error), { multiline: true }));
  return lines.join("\n");
}

function placeOf(error: PaksError): string | undefined {
  const { path, line, column } = error.details ?? {};
  if (typeof path !== "string") return undefined;
  return [path, line, column].filter((part) => typeof part === "string" || typeof part === "number").join(":");
}

/** The error's stack and those of its causes. */
function traceOf(error: Error): string {
  const stacks: string[] = [];
  for (let one: unknown = error; one instanceof Error && stacks.length < 5; one = one.cause) {
    stacks.push(one.stack ?? one.message);
  }
  return stacks.join("\ncaused by: ");
}

export { formatErrorBody };
