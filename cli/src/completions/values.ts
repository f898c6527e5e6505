import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { systemErrorCode } from "@paks/schema";
import type { KnownFlag } from "./flags.ts";
import type { Outside } from "./outside.ts";

export interface Suggestion {
  readonly value: string;
  readonly describe: string;
}

export interface Values {
  readonly suggestions: readonly Suggestion[];
  readonly files: boolean;
}

const none: Values = { suggestions: [], files: false };
const files: Values = { suggestions: [], files: true };
const named = (values: readonly string[]): Values => ({
  suggestions: values.map((value) => ({ value, describe: "" })),
  files: false,
});

/** Flags whose values are files or folders. */
const fileFlags = new Set(["--dir", "--path", "--output", "-o", "--skills-dir", "--ca-file"]);

export async function valuesOfFlag(flag: KnownFlag, current: string, outside: Outside): Promise<Values> {
  if (flag.choices.length > 0) return named(flag.choices);
  if (flag.names.includes("--agent")) return await listedAgents(current, outside);
  if (flag.names.includes("--for")) return listed(current, await consumers());
  if (flag.names.includes("--registry")) return named(Object.keys((await outside.config())?.registries ?? {}));
  return flag.names.some((name) => fileFlags.has(name)) ? files : none;
}

interface Position {
  readonly current: string;
  /** The words that stand before it. */
  readonly before: readonly string[];
}

type Source = (position: Position, outside: Outside) => Promise<Values>;

const fromRegistry: Source = async ({ current }, outside) => {
  if (/^(?:[./~\\]|[a-z]+:|[A-Z]:)/.test(current)) return files;
  const { findNames } = await import("./registry-names.ts");
  return { suggestions: await findNames(current, outside), files: true };
};
const fromInstalled: Source = async ({ before }, outside) =>
  named((await listInstalledNames(outside)).filter((name) => !before.includes(name)));
const fromAgents: Source = async (_position, outside) => await agents(outside);
const fromConfigKeys: Source = async ({ before }, outside) => {
  if (before.length > 0) return before[0] === "default_agent" ? await agents(outside) : none;
  const { configKeys } = await import("../config-keys.ts");
  const config = await outside.config();
  const suggestions = configKeys.flatMap(({ key, describe }) => {
    const [table, last] = key.split(/\.<\w+>\./);
    if (last === undefined) return [{ value: key, describe }];
    const names = Object.keys((table === "agents" ? config?.agents : config?.registries) ?? {});
    return names.map((name) => ({ value: `${table}.${name}.${last}`, describe }));
  });
  return { suggestions, files: false };
};
const fromRegistries: Source = async (_position, outside) =>
  named(Object.keys((await outside.config())?.registries ?? {}));

/** Where the words of a command come from; commands that are not here take files. */
const sources: Readonly<Record<string, Source>> = {
  install: fromRegistry,
  info: fromRegistry,
  diff: async (position, outside) => {
    const [installed, registry] = [await fromInstalled(position, outside), await fromRegistry(position, outside)];
    return { ...registry, suggestions: [...installed.suggestions, ...registry.suggestions] };
  },
  search: async () => await Promise.resolve(none),
  remove: fromInstalled,
  update: fromInstalled,
  outdated: fromInstalled,
  rollback: fromInstalled,
  pin: fromInstalled,
  unpin: fromInstalled,
  verify: fromInstalled,
  why: fromInstalled,
  "agent show": fromAgents,
  "agent default": fromAgents,
  "agent add": fromAgents,
  "agent remove": async (_position, outside) => named(Object.keys((await outside.config())?.agents ?? {})),
  "config get": fromConfigKeys,
  "config set": fromConfigKeys,
  "config unset": fromConfigKeys,
  "registry remove": fromRegistries,
  "registry default": fromRegistries,
};

export async function positionalValues(command: string, position: Position, outside: Outside): Promise<Values> {
  return Object.hasOwn(sources, command) ? await sources[command]!(position, outside) : files;
}

async function agents(outside: Outside): Promise<Values> {
  const { listTargets } = await import("@paks/targets");
  const config = await outside.config();
  const shown = listTargets(config?.agents).filter(({ unlisted }) => !unlisted);
  return { suggestions: shown.map(({ id, name }) => ({ value: id, describe: name })), files: false };
}

/** `claude-code,cur` completes its last part and names none twice. */
const listedAgents = async (current: string, outside: Outside): Promise<Values> =>
  listed(current, (await agents(outside)).suggestions);

async function consumers(): Promise<Suggestion[]> {
  const { consumerIds } = await import("../validate/consumer-ids.ts");
  return Object.entries(consumerIds).map(([value, describe]) => ({ value, describe }));
}

function listed(current: string, suggestions: readonly Suggestion[]): Values {
  const typed = current.slice(0, current.lastIndexOf(",") + 1);
  const left = suggestions.filter(({ value }) => !typed.split(",").includes(value));
  return { suggestions: left.map((one) => ({ ...one, value: `${typed}${one.value}` })), files: false };
}

/** From the names of the records alone: what is in them is for the command to check. */
async function listInstalledNames({ cwd, home }: Outside): Promise<string[]> {
  const folders = [cwd, home].map((base) => join(base, ".agents", "skills", ".paks"));
  const lists = await Promise.all(folders.map(listRecords));
  return [...new Set(lists.flat())].sort();
}

async function listRecords(folder: string): Promise<string[]> {
  try {
    const names = await readdir(folder);
    return names.flatMap((name) => /^([a-z0-9][a-z0-9-]*)\.json$/.exec(name)?.[1]?.replace("--", "/") ?? []);
  } catch (error) {
    if (systemErrorCode(error) === undefined) throw error;
    return [];
  }
}
