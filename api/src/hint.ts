import {
  type IndexRequest,
  PaksError,
  parseRepositoryUrl,
  parseTagName,
  type RepositoryUrl,
  requirePath,
} from "@paks/schema";
import type { ApiDeps } from "./deps.ts";

/** A tag that somebody names. */
export interface Hint {
  readonly repository: RepositoryUrl;
  readonly tag: string;
  readonly path: string | undefined;
}

/** `skill_path` is the older name of `path`; "" and "." are the root. */
function readPath({ path, skill_path }: IndexRequest): string | undefined {
  if (path !== undefined && skill_path !== undefined && path !== skill_path) {
    throw new PaksError("INVALID_PARAMETER", "path and skill_path name two folders.", { hint: "Send path only." });
  }
  const given = path ?? skill_path;
  if (given === undefined) return undefined;
  const folder = given.replace(/^\.\//, "").replace(/\/+$/, "");
  return folder === "." ? "" : folder;
}

export function readHint({ gitPolicy, limits }: ApiDeps, request: IndexRequest): Hint {
  const repository = parseRepositoryUrl(request.repository, gitPolicy);
  const path = readPath(request);
  if (path !== undefined && path !== "") requirePath(path, limits);
  return { repository, tag: parseTagName(request.tag), path };
}

/** What `readHint` may refuse. */
export const hintFailures = [
  "INVALID_REPOSITORY_URL",
  "PROTOCOL_NOT_ALLOWED",
  "CREDENTIALS_IN_URL",
  "HOST_NOT_ALLOWED",
  "INVALID_TAG",
  "UNSAFE_PATH",
] as const;
