import { PaksError } from "@paks/schema";
import type { Context } from "hono";
import * as z from "zod/mini";
import type { AppEnv } from "./deps.ts";
import { invalidInput } from "./validation.ts";

export const bodyLimits = { json: 64 * 1024, dryRun: 1024 * 1024, webhook: 1024 * 1024 } as const;

/** @throws PaksError UNSUPPORTED_MEDIA_TYPE */
export function requireJsonType(c: Context<AppEnv>): void {
  const type = c.req.header("content-type")?.split(";", 1)[0]?.trim().toLowerCase();
  if (type !== undefined && /^application\/(?:[\w.-]+\+)?json$/.test(type)) return;
  throw new PaksError("UNSUPPORTED_MEDIA_TYPE", "The request body must be JSON.", {
    hint: "Send Content-Type: application/json.",
  });
}

/**
 * The body's bytes, read no further than the limit: a length that the client states is not believed.
 * @throws PaksError BODY_TOO_LARGE
 */
export async function readBody(c: Context<AppEnv>, maxBytes: number): Promise<Buffer> {
  const tooLarge = () => new PaksError("BODY_TOO_LARGE", `The request body is larger than ${maxBytes} bytes.`);
  if (Number(c.req.header("content-length") ?? 0) > maxBytes) throw tooLarge();
  const stream = c.req.raw.body;
  if (!stream) return Buffer.alloc(0);
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of stream as ReadableStream<Uint8Array>) {
    size += chunk.length;
    if (size > maxBytes) throw tooLarge();
    chunks.push(chunk);
  }
  return Buffer.concat(chunks, size);
}

/** @throws PaksError INVALID_PARAMETER: not UTF-8, or not JSON */
export function parseJson(bytes: Uint8Array): unknown {
  try {
    return JSON.parse(new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes));
  } catch (error) {
    if (!(error instanceof SyntaxError || error instanceof TypeError)) throw error;
    throw new PaksError("INVALID_PARAMETER", "The request body is not valid JSON.", { cause: error });
  }
}

/**
 * Type, size, syntax, then shape.
 * @throws PaksError UNSUPPORTED_MEDIA_TYPE, BODY_TOO_LARGE, INVALID_PARAMETER
 */
export async function parseBody<T extends z.ZodMiniType>(
  c: Context<AppEnv>,
  schema: T,
  maxBytes: number = bodyLimits.json,
): Promise<z.output<T>> {
  return parseValue(schema, await readValue(c, maxBytes));
}

/** As `parseBody`, without the shape: for a body that can have one of several. */
export async function readValue(c: Context<AppEnv>, maxBytes: number = bodyLimits.json): Promise<unknown> {
  requireJsonType(c);
  const value = parseJson(await readBody(c, maxBytes));
  requireStorableText(value);
  return value;
}

/** @throws PaksError INVALID_PARAMETER */
export function parseValue<T extends z.ZodMiniType>(schema: T, value: unknown): z.output<T> {
  const parsed = z.safeParse(schema, value);
  if (!parsed.success) throw invalidInput("body", parsed.error.issues);
  return parsed.data;
}

/**
 * Postgres has no NUL in text and no lone surrogates in JSON; saying so here is better than a fault there.
 * A list instead of recursion: a body may be nested as deep as it is long.
 */
function requireStorableText(root: unknown): void {
  const rest = [root];
  while (rest.length > 0) {
    const value = rest.pop();
    if (typeof value === "string") requireWholeCharacters(value);
    else if (typeof value === "object" && value !== null) {
      for (const key of Object.keys(value)) requireWholeCharacters(key);
      for (const each of Object.values(value)) rest.push(each);
    }
  }
}

function requireWholeCharacters(text: string): void {
  if (!/[\u0000\p{Surrogate}]/u.test(text)) return;
  throw new PaksError("INVALID_PARAMETER", "The request body holds NUL or half a character.");
}
