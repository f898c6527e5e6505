import { readFile } from "node:fs/promises";
import { PaksError, isPaksError, systemErrorCode } from "@paks/schema";
import { parseConfigToml } from "./config-file.ts";

/** What stands in the configuration file, without anything that the environment or a default adds. */
export async function readConfigTable(file: string | undefined): Promise<Record<string, unknown>> {
  if (file === undefined) return {};
  try {
    return parseConfigToml(await readFile(file, "utf8"), file);
  } catch (error) {
    // Read once already when the command began.
    if (systemErrorCode(error) === "ENOENT") return {};
    if (isPaksError(error)) throw error;
    throw new PaksError("INVALID_PARAMETER", `The config file ${file} cannot be read.`, { cause: error });
  }
}

/** Keys and values, tables as `a.b`; passwords and tokens that an older program left there are not shown. */
export function listValues(table: Record<string, unknown>, above = ""): [key: string, value: unknown][] {
  return Object.entries(table).flatMap(([name, value]): [string, unknown][] => {
    const key = above === "" ? name : `${above}.${name}`;
    if (isTable(value)) return listValues(value, key);
    return [[key, /token|password|secret/i.test(name) ? "(hidden)" : hidePassword(key, value)]];
  });
}

/** Of an address; a proxy's may stand there without its protocol. */
export function hidePassword(key: string, value: unknown): unknown {
  if (typeof value !== "string") return value;
  return value.replace(key === "proxy" ? /^([a-z]+:\/\/)?[^/]*@/i : /^([a-z]+:\/\/)[^/]*@/i, "$1(hidden)@");
}

const isTable = (value: unknown): value is Record<string, unknown> =>
  typeof value === "object" && value !== null && !Array.isArray(value) && !(value instanceof Date);

export const formatConfigValue = (value: unknown): string =>
  Array.isArray(value) ? value.map(String).join(",") : String(value);
