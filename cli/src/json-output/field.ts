import * as z from "zod/mini";

/** What the documentation says of a schema; one with an id is described once and referred to. */
export const meanings = z.registry<{ readonly id?: string; readonly description?: string }>();

/** A schema at one place, and what stands there. */
export function field<S extends z.ZodMiniType>(schema: S, meaning: string): S {
  const own = z.clone(schema);
  meanings.add(own, { description: meaning });
  return own;
}

/** What several commands print. */
export function named<S extends z.ZodMiniType>(id: string, schema: S, meaning: string): S {
  meanings.add(schema, { id, description: meaning });
  return schema;
}

/** A field that is not always there; `meaning` says when it is. */
export const optional = <S extends z.ZodMiniType>(schema: S, meaning: string) => field(z.optional(schema), meaning);

/** `null` where there is no such thing; `meaning` says when. */
export const nullable = <S extends z.ZodMiniType>(schema: S, meaning: string) => field(z.nullable(schema), meaning);

export const list = <S extends z.ZodMiniType>(of: S, meaning: string) => field(z.array(of), meaning);

type Shape = Readonly<Record<string, z.ZodMiniType>>;

/**
 * What the registry's answer says, passed through. It stays as open as it is on the wire: a newer registry says more,
 * and what it says is printed.
 */
export function passedThrough<S extends Shape>(
  schema: z.ZodMiniObject<S, z.core.$loose>,
  of: { readonly [K in keyof S]: string },
): z.ZodMiniObject<S, z.core.$loose> {
  const shape = Object.fromEntries(Object.entries(schema.shape).map(([key, one]) => [key, field(one, of[key]!)]));
  return z.looseObject(shape as unknown as S);
}

export const text = z.string();
export const flag = z.boolean();
export const count = z.int().check(z.nonnegative());
/** ISO 8601, UTC. */
export const time = z.iso.datetime();

/** The words of a command line up to `--`. */
type Words = readonly string[];

/** One form of what a command prints. */
export interface JsonVariant {
  /** When it has this form: "with `--dry-run`"; "" for a command with one form. */
  readonly when: string;
  readonly schema: z.ZodMiniType;
  /** Whether a command line asks for this form; where the words cannot tell, the value's own fields have to. */
  readonly fits: (words: Words) => boolean;
}

/** An exit code, or `code`: that of an error code which the value holds. */
export type JsonExit = readonly [exit: number | "code", when: string];

/** What one command prints on stdout with `--json` when it does not fail. */
export interface JsonOutput {
  readonly variants: readonly JsonVariant[];
  readonly exits: readonly JsonExit[];
}

const done: JsonExit = [0, "it worked"];
const always = (): boolean => true;

export const output = (schema: z.ZodMiniType, exits: readonly JsonExit[] = [done]): JsonOutput => ({
  variants: [{ when: "", schema, fits: always }],
  exits,
});

/** A command that prints one of several forms. */
export const outputs = (
  variants: Readonly<Record<string, readonly [schema: z.ZodMiniType, fits?: JsonVariant["fits"]]>>,
  exits: readonly JsonExit[] = [done],
): JsonOutput => ({
  variants: Object.entries(variants).map(([when, [schema, fits = always]]) => ({ when, schema, fits })),
  exits,
});

/** Any of these flags is given. */
export const given =
  (...flags: readonly string[]): JsonVariant["fits"] =>
  (words) =>
    words.some((word) => flags.some((one) => word === one || word.startsWith(`${one}=`)));

export const not =
  (fits: JsonVariant["fits"]): JsonVariant["fits"] =>
  (words) =>
    !fits(words);

export const both =
  (one: JsonVariant["fits"], other: JsonVariant["fits"]): JsonVariant["fits"] =>
  (words) =>
    one(words) && other(words);
