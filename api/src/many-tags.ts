import { enqueueReconciles, findAttempts, findRehearsals } from "@paks/db";
import {
  type AttemptDto,
  formatErrorBody,
  type IndexedTagDto,
  IndexRequest,
  type IndexTagsRequest,
  isPaksError,
  mostTagsAtOnce,
  PaksError,
  parseRepositoryUrl,
} from "@paks/schema";
import * as z from "zod/mini";
import type { ApiDeps } from "./deps.ts";
import { type Hint, readHint } from "./hint.ts";
import { parseValue } from "./request-body.ts";
import type { Token } from "./caller.ts";

/** A tag of a request for several: what it hints at, or why it is refused. */
export interface AskedTag {
  readonly tag: string;
  readonly path: string | null;
  readonly hint?: Hint | undefined;
  readonly error?: PaksError | undefined;
}

/** Each is judged as if it had come alone. @throws PaksError what is wrong with the repository */
export function readTags(deps: ApiDeps, { repository, tags }: IndexTagsRequest): AskedTag[] {
  parseRepositoryUrl(repository, deps.gitPolicy);
  return tags.map(({ tag, path, skill_path }) => {
    const asked = { tag, path: path ?? skill_path ?? null };
    try {
      return { ...asked, hint: readHint(deps, parseValue(IndexRequest, { repository, tag, path, skill_path })) };
    } catch (error) {
      if (!isPaksError(error)) throw error;
      return { ...asked, error };
    }
  });
}

// The folder as it was read: `a`, `a/` and `./a` are one.
const hintKey = ({ tag, path }: Hint): string => JSON.stringify([tag, path ?? null]);

/**
 * One answer for each, in their order; what is not refused has its attempt in the same transaction. What was named
 * twice is one hint.
 */
export async function enqueueTags(
  { db }: ApiDeps,
  token: Token,
  asked: readonly AskedTag[],
): Promise<readonly IndexedTagDto[]> {
  const evidence = { kind: "token", accountId: token.accountId, tokenId: token.id } as const;
  const hints = new Map(asked.flatMap(({ hint }) => (hint ? [[hintKey(hint), hint] as const] : [])));
  const attempts = await enqueueReconciles(
    db,
    [...hints.values()].map((hint) => ({ ...hint, trigger: "token" as const, evidence })),
  );
  const byKey = new Map([...hints.keys()].map((key, at) => [key, attempts[at]!]));
  return asked.map(({ tag, path, hint, error }) => ({
    tag,
    path,
    ...(error && formatErrorBody(error)),
    ...(hint && { attempt: byKey.get(hintKey(hint))! }),
  }));
}

const Ids = z.array(z.uuid());

/** Ids between commas, each once. @throws PaksError INVALID_PARAMETER */
export function parseAttemptIds(text: string): string[] {
  const ids = [...new Set(text.toLowerCase().split(","))];
  if (ids.length > mostTagsAtOnce)
    throw new PaksError("INVALID_PARAMETER", `More than ${mostTagsAtOnce} attempts are too many for one request.`, {
      details: { field: "ids", limit: mostTagsAtOnce },
    });
  if (Ids.safeParse(ids).success) return ids;
  throw new PaksError("INVALID_PARAMETER", "ids are the ids of attempts, with commas between.", {
    details: { field: "ids" },
  });
}

/** Bytes of all attempts together; clients read 5 MB at once. */
const maxBytes = 3_000_000;

/** Those that there are and that have room, in the order of the ids. However many they are: one query, or two. */
export async function describeAttempts({ db }: ApiDeps, ids: readonly string[]): Promise<AttemptDto[]> {
  const attempts = await findAttempts(db, ids);
  const rehearsals = await findRehearsals(
    db,
    ids.filter((id) => !attempts.has(id)),
  );
  let room = maxBytes;
  return ids.flatMap((id) => {
    const attempt = attempts.get(id) ?? rehearsals.get(id);
    room -= Buffer.byteLength(JSON.stringify(attempt ?? null));
    return attempt && room >= 0 ? attempt : [];
  });
}
