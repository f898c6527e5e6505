import { PaksError } from "@paks/schema";
import { createMiddleware } from "hono/factory";
import type { AppEnv } from "./deps.ts";

const maxUrlLength = 8192;

/** Code points that no address of ours needs: C0, DEL, C1, line separators. */
const unusable = /[\u0000-\u001f\u007f-\u009f\u2028\u2029]/;

const refuse = (message: string, field?: string): never => {
  throw new PaksError("INVALID_PARAMETER", message, {
    hint: "Percent-encode names as UTF-8.",
    details: field === undefined ? undefined : { field },
  });
};

function decode(text: string, where: string): string {
  let decoded: string;
  try {
    decoded = decodeURIComponent(text);
  } catch (error) {
    if (error instanceof URIError) return refuse(`The ${where} is not valid percent-encoded UTF-8.`);
    throw error;
  }
  return unusable.test(decoded) ? refuse(`The ${where} holds a control character.`) : decoded;
}

function requireCleanPath(path: string): void {
  for (const segment of path.split("/")) {
    // A slash inside a segment would mean another resource to the router than to whoever reads the parameter.
    if (/[/\\]/.test(decode(segment, "path"))) refuse("A path segment may not hold a slash or backslash.");
  }
}

function requireCleanQuery(query: string): void {
  const seen = new Set<string>();
  for (const pair of query.split("&")) {
    if (pair === "") continue;
    const [name = "", ...rest] = pair.replaceAll("+", " ").split("=");
    const key = decode(name, "query");
    decode(rest.join("="), "query");
    // Readers differ in which of two values counts; a check by one and a use by the other would be a hole.
    if (seen.has(key)) refuse(`The query names "${key.slice(0, 64)}" more than once.`, key.slice(0, 64));
    seen.add(key);
  }
}

/** Refuses addresses that two readers could understand differently, before any route sees them. */
export const requireCleanUrl = createMiddleware<AppEnv>(async (c, next) => {
  const { url } = c.req;
  if (url.length > maxUrlLength) refuse("The address is too long.");
  const afterOrigin = url.slice(url.indexOf("/", url.indexOf("//") + 2));
  const [path = "", ...query] = afterOrigin.split("#", 1)[0]!.split("?");
  requireCleanPath(path);
  requireCleanQuery(query.join("?"));
  await next();
});
