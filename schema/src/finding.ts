import type { ErrorCode, PaksError } from "./errors.ts";

/** One thing that is wrong (error) or worth knowing (warning), with its place. Checks return these; they never throw. */
export interface Finding {
  readonly severity: "error" | "warning";
  /** An error's code is a row of the error table; a warning's is a short upper-case word of its own. */
  readonly code: ErrorCode | (string & {});
  readonly message: string;
  readonly hint?: string | undefined;
  /** Path relative to the pak, with `/`. */
  readonly path?: string | undefined;
  /** 1-based. */
  readonly line?: number | undefined;
  /** 1-based, in UTF-16 code units. */
  readonly column?: number | undefined;
  /** Dotted name of the manifest field, e.g. `metadata.version`. */
  readonly field?: string | undefined;
  /** Consumers that refuse this, e.g. `["claude.ai upload"]`; absent = everybody. */
  readonly consumers?: readonly string[] | undefined;
}

export const findingOf = (error: PaksError): Finding => {
  const details = error.details ?? {};
  const text = (key: string) => (typeof details[key] === "string" ? details[key] : undefined);
  const number = (key: string) => (typeof details[key] === "number" ? details[key] : undefined);
  return {
    severity: "error",
    code: error.code,
    message: error.message,
    hint: error.hint,
    path: text("path"),
    line: number("line"),
    column: number("column"),
    field: text("field"),
  };
};
