import { statSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { type GitPolicy, PaksError, isMissing, systemErrorCode } from "@paks/schema";
import { agentVariables } from "./agent-variables.ts";
import type { ConfigFile } from "./config-file.ts";
import {
  type CacheSettings,
  readAccounts,
  readAuthRequired,
  readCacheFolder,
  readCacheSettings,
  readNetworkSettings,
} from "./config-settings.ts";
import type { NetworkSettings } from "./network/open-fetch.ts";
import { parseRegistryUrl } from "./registry-url.ts";
import { cacheFolder } from "./start/cache-folder.ts";
import type { UserTarget } from "@paks/targets";

/** Where paks looks when nobody names a registry. */
export const defaultRegistryUrl = "https://paks.stakpak.dev";

/** Names to values, as the process has them. */
export type Environment = Readonly<Record<string, string | undefined>>;

/** The only place of the CLI that looks at the real environment. */
export const readEnvironment = (): Environment => ({ ...process.env });

export type KeychainChoice = "auto" | "keytar" | "file";

export interface Config {
  readonly registry: {
    /** Normalised, without a slash at the end. */
    readonly url: string;
    /** Who chose it. */
    readonly from: "flag" | "environment" | "config" | "default";
  };
  /** A token of the environment and the origins it may be sent to: the user's default registry or `PAKS_REGISTRY`. */
  readonly environmentToken:
    | { readonly token: string; readonly variable: string; readonly origins: readonly string[] }
    | undefined;
  readonly keychain: KeychainChoice;
  readonly ci: boolean;
  /** The coding agent that runs us, when one says so. */
  readonly agent: string | undefined;
  readonly offline: boolean;
  readonly folders: {
    readonly config: string;
    readonly state: string;
    readonly cache: string;
  };
  /** The config file that was read; `undefined` when there is none. */
  readonly file: string | undefined;
  /** Why nothing of that file is used, where a command goes on all the same. */
  readonly brokenFile?: PaksError | undefined;
  /** Targets that `install` uses when no `--agent` is given; empty = those that are found. */
  readonly defaultAgents: readonly string[];
  /** The user's own targets and changed ones of the table, by id. */
  readonly agents: Readonly<Record<string, UserTarget>>;
  readonly registries: Readonly<Record<string, string>>;
  /** `default_registry` of the file, a name or URL. */
  readonly defaultRegistry: string | undefined;
  /** The accounts of each configured registry, by its name. */
  readonly registryAccounts: Readonly<Record<string, readonly string[]>>;
  /** Canonical account name → URL of the one registry in which its names are looked up. */
  readonly accounts: Readonly<Record<string, string>>;
  /** URLs of the registries that answer nothing without a token. */
  readonly authRequired: readonly string[];
  readonly cache: CacheSettings;
  readonly network: NetworkSettings;
  /** Whether a newer paks may be mentioned. */
  readonly updateNotice: boolean;
  readonly git: {
    /** The binary: a name on PATH or an absolute path. */
    readonly binary: string;
    /** What `install` may fetch from. */
    readonly policy: GitPolicy;
  };
  /** An environment variable by name, e.g. the one a target's row names; "" counts as unset. */
  readonly variable: (name: string) => string | undefined;
  /** All of it, for the user's own git to see. Whoever wants to know a variable asks `variable`. */
  readonly environment: Environment;
}

export interface ConfigInputs {
  readonly environment: Environment;
  readonly platform: NodeJS.Platform;
  readonly home: string;
  /** `--registry`: a URL or the name of a configured one. */
  readonly registry?: string | undefined;
  readonly offline?: boolean | undefined;
  /** `--no-cache` */
  readonly noCache?: boolean | undefined;
  /** What was wrong with the config file at the first try: as if nothing stood in it. For the commands that mend it. */
  readonly brokenFile?: PaksError | undefined;
}

/** @throws PaksError INVALID_PARAMETER, PROTOCOL_NOT_ALLOWED, CREDENTIALS_IN_URL */
export async function readConfig(inputs: ConfigInputs): Promise<Config> {
  const variable = (name: string) => inputs.environment[name] || undefined;
  const folders = findFolders(inputs, variable);
  const { path, file } = await readConfigFile(folders.config, inputs);
  const cache = readCacheFolder(file, variable, inputs.home) ?? folders.cache;
  const registries = Object.fromEntries(Object.entries(file.registries ?? {}).map(([name, one]) => [name, one.url]));
  const registry = chooseRegistry({ flag: inputs.registry, variable, file, registries });
  return {
    registry,
    environmentToken: readEnvironmentToken(variable, { file, registries }),
    keychain: readKeychainChoice(variable("PAKS_KEYCHAIN")),
    ci: isOn(variable("CI")),
    agent: agentVariables.find((name) => isOn(variable(name))),
    offline: inputs.offline === true || isOn(variable("PAKS_OFFLINE")) || file.offline === true,
    folders: { ...folders, cache },
    file: path,
    brokenFile: inputs.brokenFile,
    defaultAgents: file.default_agents ?? (file.default_agent === undefined ? [] : [file.default_agent]),
    agents: readAgents(file),
    registries,
    defaultRegistry: file.default_registry,
    registryAccounts: Object.fromEntries(
      Object.entries(file.registries ?? {}).map(([name, one]) => [name, one.accounts ?? []]),
    ),
    accounts: readAccounts(file),
    authRequired: readAuthRequired(file),
    cache: readCacheSettings(file, inputs.noCache !== true && !isOn(variable("PAKS_NO_CACHE"))),
    network: readNetworkSettings(file, variable, folders.config),
    updateNotice: file.update_notice !== false && !isOn(variable("PAKS_NO_UPDATE_NOTICE")),
    git: { binary: variable("PAKS_GIT") ?? "git", policy: readGitPolicy(variable) },
    variable,
    environment: inputs.environment,
  };
}

const readAgents = ({ agents }: ConfigFile): Config["agents"] =>
  Object.fromEntries(
    Object.entries(agents ?? {}).map(([id, one]) => [
      id,
      { name: one.name, skillsDir: one.skills_dir, projectDir: one.project_dir, layout: one.layout },
    ]),
  );

const isOn = (value: string | undefined): boolean => value !== undefined && !/^(0|false|no|off)$/i.test(value);

type Variable = (name: string) => string | undefined;

/** XDG on Unix (macOS too: people look for dotfiles there), `%APPDATA%` and `%LOCALAPPDATA%` on Windows. */
function findFolders({ platform, home }: ConfigInputs, variable: Variable): Config["folders"] {
  const cache = cacheFolder({ platform, variable, home: () => home });
  if (platform === "win32") {
    const roaming = variable("APPDATA") ?? join(home, "AppData", "Roaming");
    const local = variable("LOCALAPPDATA") ?? join(home, "AppData", "Local");
    return { config: join(roaming, "paks"), state: join(local, "paks", "state"), cache };
  }
  // The XDG rules: a relative path in one of these is to be ignored.
  const base = (name: string, otherwise: string) => {
    const value = variable(name);
    return join(value?.startsWith("/") ? value : join(home, otherwise), "paks");
  };
  return {
    config: base("XDG_CONFIG_HOME", ".config"),
    state: base("XDG_STATE_HOME", ".local/state"),
    cache,
  };
}

/** The first of the two that exists. The second is where an older program of this name kept it. */
async function readConfigFile(
  folder: string,
  { home, brokenFile }: ConfigInputs,
): Promise<{ path: string | undefined; file: ConfigFile }> {
  for (const path of [join(folder, "config.toml"), join(home, ".paks", "config.toml")]) {
    const text = await readIfThere(path);
    if (text === undefined) continue;
    if (brokenFile) return { path, file: {} };
    const { parseConfigFile } = await import("./config-file.ts");
    return { path, file: parseConfigFile(text, path) };
  }
  return { path: undefined, file: {} };
}

async function readIfThere(path: string): Promise<string | undefined> {
  try {
    const facts = statSync(path, { throwIfNoEntry: false });
    if (facts === undefined) return undefined;
    // Opening a pipe would wait for whoever writes into it.
    if (facts.isFile() || facts.isCharacterDevice()) return await readFile(path, "utf8");
  } catch (error) {
    if (isMissing(error)) return undefined;
    const code = systemErrorCode(error);
    throw unusable(path, code === "ELOOP" ? "it is a link that leads nowhere" : `${code}`, error);
  }
  throw unusable(path, "it is not a file");
}

const unusable = (path: string, why: string, cause?: unknown): PaksError =>
  new PaksError("READ_ONLY_TARGET", `The config file ${path} cannot be read: ${why}.`, {
    hint: "Look at what it is and who may read it, or move it away.",
    details: { path },
    cause,
  });

interface RegistryChoices {
  readonly flag?: string | undefined;
  readonly variable: Variable;
  readonly file: ConfigFile;
  readonly registries: Readonly<Record<string, string>>;
}

function chooseRegistry({ flag, variable, file, registries }: RegistryChoices): Config["registry"] {
  const named = (text: string, from: string) =>
    parseRegistryUrl(Object.hasOwn(registries, text) ? registries[text]! : text, from);
  if (flag !== undefined) return { url: named(flag, "--registry"), from: "flag" };
  const environment = variable("PAKS_REGISTRY");
  if (environment !== undefined) return { url: named(environment, "PAKS_REGISTRY"), from: "environment" };
  if (file.default_registry !== undefined)
    return { url: named(file.default_registry, "default_registry of the configuration"), from: "config" };
  return { url: defaultRegistryUrl, from: "default" };
}

/** A token that is in the environment must not follow a `--registry` somewhere else. */
function readEnvironmentToken(
  variable: Variable,
  { file, registries }: Pick<RegistryChoices, "file" | "registries">,
): Config["environmentToken"] {
  const name = ["PAKS_TOKEN", "STAKPAK_TOKEN"].find((one) => variable(one) !== undefined);
  if (name === undefined) return undefined;
  const home = chooseRegistry({ variable, file, registries });
  return { token: variable(name)!.trim(), variable: name, origins: [new URL(home.url).origin] };
}

function readKeychainChoice(value: string | undefined): KeychainChoice {
  if (value === undefined || value === "auto") return "auto";
  if (value === "keytar" || value === "file") return value;
  throw new PaksError("INVALID_PARAMETER", "PAKS_KEYCHAIN is none of auto, keytar, file.", {
    hint: "Unset it, or set it to one of these.",
  });
}

/** The user names the repository, so any host will do; only the transports are limited. */
function readGitPolicy(variable: Variable): GitPolicy {
  const list = (name: string, otherwise: readonly string[]) =>
    variable(name)
      ?.split(",")
      .map((one) => one.trim().toLowerCase())
      .filter((one) => one !== "") ?? otherwise;
  return {
    hosts: list("PAKS_GIT_HOSTS", ["*"]),
    protocols: list("PAKS_GIT_PROTOCOLS", ["https", "ssh", "file"]),
    allowPrivate: true,
  };
}

/** What the environment says about colours; `undefined` = decide by the terminal. */
export function readColor(environment: Environment): "always" | "never" | undefined {
  if (environment["NO_COLOR"]) return "never";
  const force = environment["FORCE_COLOR"];
  if (force) return isOn(force) ? "always" : "never";
  return isDumbTerminal(environment) ? "never" : undefined;
}

/** One that cannot move a cursor, such as an editor's. */
export const isDumbTerminal = (environment: Environment): boolean => environment["TERM"] === "dumb";
