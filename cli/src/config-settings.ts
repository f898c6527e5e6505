import { isAbsolute, join, resolve } from "node:path";
import { PaksError } from "@paks/schema";
import type { ConfigFile } from "./config-file.ts";
import type { NetworkSettings } from "./network/open-fetch.ts";
import { parseRegistryUrl } from "./registry-url.ts";

type Variable = (name: string) => string | undefined;

export interface CacheSettings {
  /** Seconds that a registry's answer is used without asking again; 0: its ETag is asked about each time. */
  readonly ttl: number;
  /** Bytes that the store may keep before what was used longest ago is deleted. */
  readonly maxBytes: number;
  /** False: what is kept is not used, and kept anew. */
  readonly read: boolean;
}

const defaultMaxBytes = 1024 ** 3;

/** @throws PaksError INVALID_PARAMETER */
export const readCacheSettings = ({ cache = {} }: ConfigFile, read: boolean): CacheSettings => ({
  ttl: cache.ttl === undefined ? 0 : parseAmount(cache.ttl, durations, "cache.ttl", '"10m"'),
  maxBytes:
    cache.max_size === undefined ? defaultMaxBytes : parseAmount(cache.max_size, sizes, "cache.max_size", '"500MB"'),
  read,
});

/** Seconds. */
const durations: Readonly<Record<string, number>> = { "": 1, s: 1, m: 60, h: 3600, d: 86_400 };
/** Bytes. */
const sizes: Readonly<Record<string, number>> = {
  "": 1,
  b: 1,
  kb: 1e3,
  mb: 1e6,
  gb: 1e9,
  kib: 1024,
  mib: 1024 ** 2,
  gib: 1024 ** 3,
};

const { "": _seconds, ...namedDurations } = durations;

/** Seconds of a text such as "10m"; without a unit it could be meant in days. @throws PaksError INVALID_PARAMETER */
export const parseDuration = (text: string, what: string): number => parseAmount(text, namedDurations, what, '"30d"');

function parseAmount(
  value: number | string,
  units: Readonly<Record<string, number>>,
  key: string,
  example: string,
): number {
  const [, digits, unit = ""] = /^(\d{1,15})\s*([a-z]*)$/.exec(String(value).trim().toLowerCase()) ?? [];
  const factor = Object.hasOwn(units, unit) ? units[unit] : undefined;
  if (digits !== undefined && factor !== undefined) return Number(digits) * factor;
  throw new PaksError("INVALID_PARAMETER", `${key} is no amount.`, {
    hint: `Write a number and a unit, such as ${example}.`,
  });
}

/** Where the cache is, when the user has put it elsewhere. */
export function readCacheFolder({ cache }: ConfigFile, variable: Variable, home: string): string | undefined {
  const dir = variable("PAKS_CACHE_DIR") ?? cache?.dir;
  if (dir === undefined) return undefined;
  const path = dir.replace(/^~(?=[/\\]|$)/, home);
  if (isAbsolute(path)) return path;
  throw new PaksError("INVALID_PARAMETER", "The cache folder of the configuration is not an absolute path.", {
    hint: `Write it in full, for example ${join(home, "paks-cache")}.`,
  });
}

/** The environment goes before the file, as with every other program. */
export const readNetworkSettings = (file: ConfigFile, variable: Variable, configFolder: string): NetworkSettings => {
  const either = (name: string) => variable(name.toLowerCase()) ?? variable(name);
  return {
    proxy: either("HTTPS_PROXY") ?? either("ALL_PROXY") ?? file.proxy,
    noProxy: either("NO_PROXY") ?? file.no_proxy,
    caFile: file.ca_file === undefined ? undefined : resolve(configFolder, file.ca_file),
    extraCaFile: variable("NODE_EXTRA_CA_CERTS"),
  };
};

/** As `canonicalName` of the schema has it, which would bring all rules of names into the start of every command. */
export const canonicalAccount = (account: string): string => account.toLowerCase().replaceAll("-", "");

/**
 * Which registry an account's names are looked up in, by canonical name: `co-rp` and `corp` are one account.
 * @throws PaksError INVALID_PARAMETER for an account that two registries claim
 */
export function readAccounts({ registries = {} }: ConfigFile): Readonly<Record<string, string>> {
  const found = new Map<string, string>();
  for (const [name, { url, accounts = [] }] of Object.entries(registries)) {
    const address = accounts.length > 0 ? parseRegistryUrl(url) : url;
    for (const account of accounts) {
      const key = canonicalAccount(account);
      if (found.has(key) && found.get(key) !== address) throw claimedTwice(account, name);
      found.set(key, address);
    }
  }
  return Object.fromEntries(found);
}

/** Base URLs of the registries that are read with a token only. */
export const readAuthRequired = ({ registries = {} }: ConfigFile): readonly string[] =>
  Object.values(registries).flatMap((one) => (one.auth_required === true ? [parseRegistryUrl(one.url)] : []));

const claimedTwice = (account: string, registry: string): PaksError =>
  new PaksError("INVALID_PARAMETER", `Two registries of the configuration claim the account "${account}".`, {
    hint: `A name is looked up in one registry only: take it out of registries.${registry}.accounts or of the other.`,
  });
