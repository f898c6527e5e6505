import { type ErrorBody, errorCodes, isErrorCode, isJsonObject } from "@paks/schema";
import type * as z from "zod/mini";
import type { JsonExit, JsonOutput, JsonVariant } from "./field.ts";
import { errorOutput, helpOutput, jsonOutputs, versionOutput } from "./outputs.ts";

/** A command that was run with `--json`, and how it ended. */
export interface JsonRun {
  /** A name of the table, or `--help` or `--version`; absent where the words name no command. */
  readonly command: string | undefined;
  /** The command line up to `--`. */
  readonly words: readonly string[];
  readonly exit: number;
  readonly stdout: string;
}

/** What the value turned out to be. */
export interface CheckedJson {
  readonly command: string;
  readonly variant: JsonVariant;
  readonly value: unknown;
}

/**
 * Holds what a command printed against its schema: no field more, none less, and the exit code that goes with it.
 * @throws Error that names command and field
 */
export function checkJsonOutput({ command = "", words, exit, stdout }: JsonRun): CheckedJson {
  const value = JSON.parse(stdout) as unknown;
  if (isJsonObject(value) && isFailure(value)) {
    const variant = requireVariant("error", errorOutput.variants, value);
    const { code } = (value as unknown as ErrorBody).error;
    if (errorCodes[code].exit !== exit) throw new Error(`paks ${command} --json: ${code} with exit ${exit}`);
    return { command: "error", variant, value };
  }
  const row = command === "--help" ? helpOutput : command === "--version" ? versionOutput : findOutput(command);
  if (row === undefined) throw new Error(`There is no schema of what "paks ${command} --json" prints.`);
  const asked = row.variants.filter(({ fits }) => fits(words));
  const variant = requireVariant(command, asked, value);
  if (!row.exits.some((one) => goesWith(one, exit, value)))
    throw new Error(`paks ${command} --json: ${exit} is none of its exit codes for ${stdout}`);
  return { command, variant, value };
}

const findOutput = (command: string): JsonOutput | undefined =>
  Object.hasOwn(jsonOutputs, command) ? jsonOutputs[command] : undefined;

/** Nothing else has this field at its top. */
const isFailure = (value: object): boolean => Object.hasOwn(value, "error");

function requireVariant(command: string, variants: readonly JsonVariant[], value: unknown): JsonVariant {
  const fitting = variants.filter(({ schema }) => schema.safeParse(value).success);
  const [variant, second] = fitting;
  if (variant !== undefined && second === undefined) return variant;
  const why = second
    ? `is two things at once: ${fitting.map(({ when }) => when).join(", ")}`
    : variants
        .map(({ when, schema }) => `is not what it prints${when && ` ${when}`}:\n${explain(schema, value)}`)
        .join("\n");
  throw new Error(
    `What paks ${command} --json printed ${why}\nSee cli/src/json-output.\n${JSON.stringify(value, undefined, 2)}`,
  );
}

const explain = (schema: z.ZodMiniType, value: unknown): string => {
  const { error } = schema.safeParse(value);
  return error === undefined ? "" : JSON.stringify(error.issues, undefined, 1);
};

const goesWith = ([of]: JsonExit, exit: number, value: unknown): boolean =>
  of === "code" ? exit !== 0 && listCodes(value).some((code) => errorCodes[code].exit === exit) : of === exit;

/** Every error code that stands somewhere in a value. */
function listCodes(value: unknown): (keyof typeof errorCodes)[] {
  if (Array.isArray(value)) return value.flatMap(listCodes);
  if (!isJsonObject(value)) return [];
  return Object.entries(value).flatMap(([key, one]) =>
    key === "code" && typeof one === "string" && isErrorCode(one) ? [one] : listCodes(one),
  );
}
