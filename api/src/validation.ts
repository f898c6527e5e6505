import { PaksError } from "@paks/schema";
import { validator as openApiValidator } from "hono-openapi";
import type * as z from "zod/mini";

/** A zod issue or a standard-schema issue. */
interface Issue {
  readonly message: string;
  readonly path?: readonly (PropertyKey | { readonly key: PropertyKey })[] | undefined;
}

const formatPath = (path: Issue["path"] = []): string =>
  path.map((part) => String(typeof part === "object" ? part.key : part)).join(".");

/** What is wrong with a request's shape, as one error: the first problem in the message, all of them in the details. */
export function invalidInput(where: string, issues: readonly Issue[]): PaksError {
  const problems = issues.slice(0, 20).map(({ path, message }) => ({ field: formatPath(path), message }));
  const first = problems[0] ?? { field: "", message: "Not of the right shape." };
  const place = first.field === "" ? `The ${where}` : `${where} "${first.field}"`;
  return new PaksError("INVALID_PARAMETER", `${place} is not usable: ${first.message}`, {
    details: { in: where, field: first.field, problems },
  });
}

/** Validates and documents parameters; a wrong one is our error, never the library's own answer. */
export const validator = <T extends z.ZodMiniType, Target extends "param" | "query" | "header">(
  target: Target,
  schema: T,
) =>
  openApiValidator(target, schema, (result) => {
    if (!result.success) throw invalidInput(target, result.error);
  });
