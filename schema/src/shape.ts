import { escapeText, findUnsafeCharacter, formatCodePoint } from "./characters.ts";
import { compareBytes } from "./digest.ts";
import type { PaksError } from "./errors.ts";

/**
 * A value of a JSON file that may have come from a stranger, and where it stands there. Written by hand, not with a
 * schema library: loading one costs more than all of a command that only looks at such a file.
 */
export interface Found {
  readonly value: unknown;
  /** `paks.pdf.resolved.commit`; "" is the whole file. */
  readonly place: string;
  /** The error of this file. `why` continues "<place> …". */
  readonly refuse: (place: string, why: string) => PaksError;
}

export type JsonObject = Readonly<Record<string, unknown>>;

export const refuseFound = ({ place, refuse }: Found, why: string): PaksError =>
  refuse(place === "" ? "the file" : escapeText(place, 120), why);

export const isJsonObject = (value: unknown): value is JsonObject =>
  typeof value === "object" && value !== null && !Array.isArray(value);

export function readObject(found: Found): JsonObject {
  if (isJsonObject(found.value)) return found.value;
  throw refuseFound(found, "is not an object");
}

/** What an object holds under a key; `undefined` also for what every JavaScript object inherits. */
export function fieldOf(found: Found, key: string): Found {
  const object = readObject(found);
  const value = Object.hasOwn(object, key) ? object[key] : undefined;
  return { ...found, value, place: found.place === "" ? key : `${found.place}.${key}` };
}

/** Every key and value, in byte order of the keys. */
export const fieldsOf = (found: Found): [key: string, value: Found][] =>
  Object.keys(readObject(found))
    .sort(compareBytes)
    .map((key) => [key, fieldOf(found, key)]);

export function readList(found: Found, max: number): Found[] {
  if (!Array.isArray(found.value)) throw refuseFound(found, "is not a list");
  if (found.value.length > max) throw refuseFound(found, `has more than ${max} entries`);
  return found.value.map((value: unknown, index) => ({ ...found, value, place: `${found.place}[${index}]` }));
}

export interface TextRule {
  /** UTF-16 units; default 4096. */
  readonly max?: number;
  readonly fits?: (text: string) => boolean;
  /** What `fits` asks for: "is not a version". */
  readonly else?: string;
  /** For paths of the user's own machine, which may hold anything. */
  readonly anyCharacter?: true;
}

/** Text; unless the rule says otherwise, one line without control, bidi and invisible characters. */
export function readText(found: Found, rule: TextRule = {}): string {
  const { value } = found;
  const { max = 4096, fits, anyCharacter } = rule;
  if (typeof value !== "string") throw refuseFound(found, value === undefined ? "is missing" : "is not a text");
  if (value.length > max) throw refuseFound(found, `is longer than ${max} characters`);
  const unsafe = anyCharacter ? undefined : findUnsafeCharacter(value);
  if (unsafe) throw refuseFound(found, `holds ${formatCodePoint(unsafe.codePoint)}`);
  if (fits && !fits(value)) throw refuseFound(found, rule.else ?? "has the wrong form");
  return value;
}

export function readCount(found: Found): number {
  if (Number.isSafeInteger(found.value) && (found.value as number) >= 0) return found.value as number;
  throw refuseFound(found, "is not a count");
}

/** An object's field that may be missing: `{ key: read(field) }` or nothing. */
export function optionalField<K extends string, T>(
  found: Found,
  key: K,
  read: (field: Found) => T,
): { readonly [P in K]?: T } {
  const field = fieldOf(found, key);
  return field.value === undefined ? {} : ({ [key]: read(field) } as { [P in K]: T });
}

/** `undefined` for what is no JSON. */
export function parseJson(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
}
