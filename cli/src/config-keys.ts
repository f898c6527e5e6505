import { PaksError, isTaken, nearest } from "@paks/schema";
import type { ConfigValue } from "./config-edit.ts";
import { usageError } from "./usage-error.ts";

/** One key of `config.toml` that users set by hand. */
export interface ConfigKey {
  /** `<…>` stands for a name of the user's. */
  readonly key: string;
  readonly type: "text" | "yes or no" | "list";
  readonly describe: string;
}

/** Every key that paks reads, in the order of the documentation. */
export const configKeys: readonly ConfigKey[] = [
  { key: "default_agent", type: "text", describe: "The coding tool that install uses when none is named" },
  { key: "default_agents", type: "list", describe: "The same for several" },
  { key: "default_registry", type: "text", describe: "The registry to use: a name below registries, or a URL" },
  { key: "offline", type: "yes or no", describe: "Never ask the registry" },
  { key: "update_notice", type: "yes or no", describe: "Whether a newer paks is mentioned" },
  { key: "proxy", type: "text", describe: "For https, where HTTPS_PROXY is not set" },
  { key: "no_proxy", type: "text", describe: "Hosts that are asked directly, with commas" },
  { key: "ca_file", type: "text", describe: "PEM file with certificates to trust besides the usual ones" },
  { key: "cache.dir", type: "text", describe: "Where the cache and the store are" },
  { key: "cache.ttl", type: "text", describe: 'How long an answer is used without asking again, such as "10m"' },
  { key: "cache.max_size", type: "text", describe: 'How much the store may keep, such as "500MB"' },
  { key: "agents.<id>.skills_dir", type: "text", describe: "Where this tool looks in all projects" },
  { key: "agents.<id>.project_dir", type: "text", describe: "Where it looks in a project" },
  { key: "agents.<id>.name", type: "text", describe: "What it is called" },
  { key: "agents.<id>.layout", type: "text", describe: "name or account/name: how paks lie in its folder" },
  { key: "registries.<name>.url", type: "text", describe: "Address of a registry" },
  {
    key: "registries.<name>.accounts",
    type: "list",
    describe: "Accounts whose names are looked up and published there and nowhere else",
  },
  {
    key: "registries.<name>.auth_required",
    type: "yes or no",
    describe: "Reading from it takes your token along from the start, not only when it asks for a login",
  },
];

/** What holds where a key is not set, for those keys that have something of the kind. */
export const configDefaults: ReadonlyMap<string, string> = new Map([
  ["default_agent", "those that are found"],
  ["default_agents", "those that are found"],
  ["offline", "false"],
  ["update_notice", "true"],
  ["cache.ttl", "0"],
  ["cache.max_size", "1GiB"],
  ["registries.<name>.auth_required", "false"],
]);

export interface FoundKey extends ConfigKey {
  readonly path: readonly string[];
}

/** The path of a key as typed: names may hold dots (`registries.a.example.url`). @throws PaksError USAGE */
export function parseConfigKey(text: string): FoundKey {
  for (const one of configKeys) {
    const [table = "", last = ""] = one.key.split(/\.<\w+>\./);
    if (last === "" && one.key === text) return { ...one, path: text.split(".") };
    const name = text.slice(table.length + 1, -(last.length + 1));
    if (last !== "" && name !== "" && text === `${table}.${name}.${last}`) return { ...one, path: [table, name, last] };
  }
  const guess = nearest(
    text,
    configKeys.map(({ key }) => key),
  );
  throw new PaksError("USAGE", `The configuration has no key "${text}".`, {
    hint: `${guess === undefined ? "" : `Did you mean ${guess}? `}See "paks config list --all".`,
  });
}

/** @throws PaksError USAGE */
export function parseConfigValue({ key, type }: ConfigKey, text: string): ConfigValue {
  if (type === "text") return text;
  if (type === "list") return text.split(",").flatMap((one) => one.trim() || []);
  if (/^(true|yes|on|1)$/i.test(text)) return true;
  if (/^(false|no|off|0)$/i.test(text)) return false;
  throw usageError(`${key} is true or false.`, "config set");
}

/** The first key of a file that paks does not read, and the one that may be meant. */
export function findUnknownKey(keys: readonly string[]): { readonly key: string; readonly guess?: string } | undefined {
  const key = keys.find((one) => !isTaken(parseConfigKey, one));
  if (key === undefined) return undefined;
  const name = key.split(".").slice(1, -1).join(".") || "<name>";
  const guess = nearest(
    key,
    configKeys.map((one) => one.key.replace(/<\w+>/, name)),
  );
  return { key, ...(guess === undefined ? {} : { guess }) };
}
