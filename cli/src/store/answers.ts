import { createHash } from "node:crypto";
import { join } from "node:path";
import { removeFile } from "@paks/locks";
import { isPaksError, sha256Hex, systemErrorCode } from "@paks/schema";
import { readOwnFile } from "../install/read-own-file.ts";
import { writeEntry } from "./write-entry.ts";

/** An answer of a registry as it was kept. */
export interface KeptAnswer {
  readonly etag: string;
  readonly body: Buffer;
  readonly storedAt: Date;
}

/** Public documents of one registry with their ETags. What cannot be kept or read is as if it were not there. */
export interface AnswerCache {
  find(url: string): Promise<KeptAnswer | undefined>;
  put(url: string, answer: KeptAnswer): Promise<void>;
  forget(url: string): Promise<void>;
  /** Something was changed at the registry: what was kept until now is there for who cannot ask, and asked for again. */
  outdate(now: Date): Promise<void>;
  /** False for what was kept before the last change. */
  isCurrent(answer: KeptAnswer): Promise<boolean>;
}

export interface AnswerCacheOptions {
  /** The cache's folder. */
  readonly folder: string;
  /** Base URL of the registry. */
  readonly registry: string;
  readonly debug: (text: string) => void;
}

/** The folder below the cache's that holds all answers of all registries. */
export const answersFolder = (cache: string): string => join(cache, "answers");

export function openAnswerCache({ folder, registry, debug }: AnswerCacheOptions): AnswerCache {
  const base = answersFolder(folder);
  const own = join(base, keyOf(registry));
  const change = join(own, "changed");
  const pathOf = (url: string) => join(own, `${keyOf(url)}.json`);
  const orNothing = async <T>(work: () => Promise<T>): Promise<T | undefined> => {
    try {
      return await work();
    } catch (error) {
      if (systemErrorCode(error) === undefined && !isPaksError(error)) throw error;
      debug(`The cache ${own} cannot be used: ${(error as Error).message}`);
      return undefined;
    }
  };
  return {
    find: async (url) =>
      await orNothing(async () => {
        const text = await readOwnFile(pathOf(url));
        return text === undefined ? undefined : parse(text, url);
      }),
    put: async (url, answer) => await orNothing(() => writeEntry(base, pathOf(url), format(url, answer))),
    forget: async (url) => await orNothing(() => removeFile(pathOf(url))),
    outdate: async (now) => await orNothing(() => writeEntry(base, change, now.toISOString())),
    isCurrent: async ({ storedAt }) => {
      const changedAt = Date.parse((await orNothing(() => readOwnFile(change))) ?? "");
      return Number.isNaN(changedAt) || storedAt.getTime() > changedAt;
    },
  };
}

const keyOf = (text: string): string => createHash("sha256").update(text).digest("hex").slice(0, 40);

/** One line about the answer, then the answer. */
const format = (url: string, { etag, body, storedAt }: KeptAnswer): string =>
  `${JSON.stringify({ url, etag, stored_at: storedAt.toISOString(), sha256: sha256Hex(body) })}\n${body.toString("utf8")}`;

/** Undefined for what was damaged, or was written for another address. */
function parse(text: string, url: string): KeptAnswer | undefined {
  const end = text.indexOf("\n");
  const head = parseHead(text.slice(0, Math.max(0, end)));
  const body = Buffer.from(text.slice(end + 1));
  if (head?.["url"] !== url || head["sha256"] !== sha256Hex(body)) return undefined;
  const { etag, stored_at: storedAt } = head;
  if (typeof etag !== "string" || typeof storedAt !== "string" || Number.isNaN(Date.parse(storedAt))) return undefined;
  return { etag, body, storedAt: new Date(storedAt) };
}

function parseHead(line: string): Record<string, unknown> | undefined {
  try {
    return (JSON.parse(line) ?? undefined) as Record<string, unknown> | undefined;
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
}
