import { type ErrorCode, ErrorBodyDto, errorCodes, ListMeta } from "@paks/schema";
import { generateSpecs, resolver, type ResponsesWithResolver } from "hono-openapi";
import * as z from "zod/mini";
import type { App } from "./deps.ts";

type ResponseWithResolver = ResponsesWithResolver[string];

const json = (schema: z.ZodMiniType, description: string): ResponseWithResolver => ({
  description,
  content: { "application/json": { schema: resolver(schema) } },
});

/** `{data}` */
export const dataAnswer = (schema: z.ZodMiniType, description: string): ResponseWithResolver =>
  json(z.object({ data: schema }), description);

/** `{data: […], meta}` */
export const listAnswer = (schema: z.ZodMiniType, description: string): ResponseWithResolver =>
  json(z.object({ data: z.array(schema), meta: ListMeta }), description);

/** Bytes as they were released. */
export const contentAnswer = (type: string, description: string): ResponseWithResolver => ({
  description,
  content: { [type]: { schema: { type: "string", format: "binary" } } },
});

export const jsonRequest = (...schemas: z.ZodMiniType[]) => ({
  required: true,
  content: { "application/json": { schema: resolver(schemas.length === 1 ? schemas[0]! : z.union(schemas)) } },
});

/** Any request can meet these. */
const everywhere: readonly ErrorCode[] = ["INVALID_PARAMETER", "RATE_LIMITED", "INTERNAL", "DB_UNAVAILABLE"];
export const tokenFailures: readonly ErrorCode[] = ["AUTH_REQUIRED", "INVALID_TOKEN", "TOKEN_EXPIRED", "FORBIDDEN"];
export const bodyFailures: readonly ErrorCode[] = ["UNSUPPORTED_MEDIA_TYPE", "BODY_TOO_LARGE"];

/** The error answers of a route, one entry per status, with the codes that it can carry. */
export function failures(...codes: readonly ErrorCode[]): ResponsesWithResolver {
  const responses = [...groupByStatus(codes)].map(([status, rows]) => {
    const description = rows.map((code) => `\`${code}\`: ${errorCodes[code].meaning}`).join("\n\n");
    const content = { "application/json": { schema: { $ref: "#/components/schemas/Error" } } };
    return [String(status), { description, content }] as const;
  });
  return Object.fromEntries(responses);
}

function groupByStatus(codes: readonly ErrorCode[]): Map<number, ErrorCode[]> {
  const byStatus = new Map<number, ErrorCode[]>();
  for (const code of new Set([...everywhere, ...codes])) {
    const status = errorCodes[code].status ?? 500;
    byStatus.set(status, [...(byStatus.get(status) ?? []), code]);
  }
  return byStatus;
}

const description = `A git tag is the release: the registry reads tags, it takes no uploads.

Answers are \`{data, meta?}\`, failures \`{error: {code, message, hint?, details?}}\`. Every answer carries \`X-Request-Id\`.`;

/** The document that describes this app. */
export async function describeApp(app: App, about: { publicUrl: string; version: string }): Promise<object> {
  return generateSpecs(app, {
    // `/healthz` and friends have no dot; the document itself does.
    excludeStaticFile: false,
    defaultValidationErrorResponse: false,
    documentation: {
      info: { title: "paks registry", version: about.version, description },
      servers: [{ url: about.publicUrl }],
      components: {
        schemas: { Error: z.toJSONSchema(ErrorBodyDto) as object },
        securitySchemes: { token: { type: "http", scheme: "bearer", description: "A token of this registry." } },
      },
    },
  });
}

/** For routes that need a token. */
export const withToken = { security: [{ token: [] as string[] }] };
