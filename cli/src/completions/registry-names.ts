import { createHash } from "node:crypto";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { isPaksError, systemErrorCode } from "@paks/schema";
import type { Config } from "../config.ts";
import { type Fetch, readBody } from "../network/fetch.ts";
import { replaceFile } from "../write-file.ts";
import type { Outside } from "./outside.ts";
import type { Suggestion } from "./values.ts";

/** Whoever presses the tabulator waits no longer than this for the registry. */
const patience = 300;
const keptMilliseconds = 10 * 60_000;
const maxBytes = 256 * 1024;

/**
 * Paks of the default registry whose names begin as typed: from the cache, else from the registry when it answers at
 * once, else from an older answer. Without a token, never offline, and nothing that goes wrong is told.
 */
export async function findNames(typed: string, outside: Outside): Promise<readonly Suggestion[]> {
  const [, account, name = ""] = /^([a-z0-9][a-z0-9-]*)\/?([a-z0-9-]*)$/.exec(typed) ?? [];
  if (account === undefined || typed.length < 2) return [];
  const config = await outside.config();
  if (config === undefined) return [];
  const query = new URLSearchParams({ ...(typed.includes("/") ? below(account, name) : { q: typed }), limit: "100" });
  const url = `${config.registry.url}/api/paks?${query.toString()}`;
  const file = join(config.folders.cache, "completions", `${createHash("sha256").update(url).digest("hex")}.json`);
  const kept = await readKept(file);
  const fresh = kept !== undefined && outside.clock().getTime() - kept.at < keptMilliseconds;
  if (fresh || config.offline) return kept?.names ?? [];
  const names = await askRegistry(url, config, outside.fetch);
  if (names === undefined) return kept?.names ?? [];
  await keep(file, { at: outside.clock().getTime(), names });
  return names;
}

/** A registry finds nothing by a single letter; all of the account's names begin with something. */
const below = (account: string, name: string) => (name.length < 2 ? { account } : { account, q: name });

interface Kept {
  readonly at: number;
  readonly names: readonly Suggestion[];
}

async function readKept(file: string): Promise<Kept | undefined> {
  try {
    const kept = JSON.parse(await readFile(file, "utf8")) as Partial<Kept> | null;
    return typeof kept?.at === "number" ? { at: kept.at, names: readNames(kept.names) } : undefined;
  } catch (error) {
    // There is none, or a broken one: the next answer replaces it.
    if (error instanceof SyntaxError || systemErrorCode(error) !== undefined) return undefined;
    throw error;
  }
}

async function keep(file: string, kept: Kept): Promise<void> {
  try {
    await replaceFile(file, JSON.stringify(kept));
  } catch (error) {
    // A disk that is full or read-only makes the next completion slower and nothing else.
    if (!isPaksError(error) && systemErrorCode(error) === undefined) throw error;
  }
}

async function askRegistry(url: string, config: Config, fetch: Fetch | undefined): Promise<Suggestion[] | undefined> {
  const ask = fetch ?? (await import("../network/open-fetch.ts")).openFetch(config.network);
  const signal = AbortSignal.timeout(patience);
  try {
    const answer = await ask(url, { signal, headers: { accept: "application/json" }, redirect: "manual" });
    if (answer.status !== 200) return undefined;
    const { data } = JSON.parse((await readBody(answer, maxBytes)).toString("utf8")) as { data?: unknown };
    return readNames(data, true);
  } catch {
    // Too slow, not reachable, no JSON: a completion has nobody to tell.
    return undefined;
  }
}

const asText = (value: unknown): string => (typeof value === "string" ? value : "");

/** Only what is a pak's name reaches a terminal. */
function readNames(found: unknown, fromRegistry = false): Suggestion[] {
  return (Array.isArray(found) ? found : []).flatMap((one: Record<string, unknown> | null) => {
    const value = asText(fromRegistry ? `${asText(one?.["account"])}/${asText(one?.["name"])}` : one?.["value"]);
    const describe = asText(fromRegistry ? one?.["description"] : one?.["describe"]);
    return /^[a-z0-9-]{1,39}\/[a-z0-9-]{1,64}$/.test(value) ? [{ value, describe: describe.slice(0, 200) }] : [];
  });
}
