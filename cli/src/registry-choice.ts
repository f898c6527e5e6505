import { type Config, defaultRegistryUrl } from "./config.ts";
import { canonicalAccount } from "./config-settings.ts";
import { parseRegistryUrl } from "./registry-url.ts";

export interface ChosenRegistry {
  /** Without a slash at the end. */
  readonly url: string;
  /** The user's own configuration, environment or command line names it: it may get the token that belongs to it. */
  readonly trusted: boolean;
}

type Choices = Pick<Config, "registry" | "registries" | "accounts">;

/**
 * The one registry in which a name of this account is looked up. What the user has mapped the account to goes before
 * everything, so that a private name is never asked for elsewhere; a project's own wish goes behind what the user
 * said for this run, and before the user's default.
 * @param wish `registry` of `paks.jsonc`: a URL or a configured name. It may have come with a clone.
 * @throws PaksError INVALID_PARAMETER, PROTOCOL_NOT_ALLOWED, CREDENTIALS_IN_URL
 */
export function chooseRegistryFor(config: Choices, account: string | undefined, wish?: string): ChosenRegistry {
  if (account !== undefined && isMapped(config, account))
    return { url: config.accounts[canonicalAccount(account)]!, trusted: true };
  const { url, from } = config.registry;
  if (wish === undefined || from === "flag" || from === "environment") return { url, trusted: true };
  if (Object.hasOwn(config.registries, wish)) return { url: parseRegistryUrl(config.registries[wish]!), trusted: true };
  const wished = parseRegistryUrl(wish, "registry of paks.jsonc");
  return { url: wished, trusted: isConfigured(config, wished) };
}

/** Who decided in which registry the names of an account are looked up. */
export interface MadeChoice {
  readonly url: string;
  readonly by: "account" | "flag" | "environment" | "project" | "config" | "default";
  /** Where it would be without what was said for this run only. */
  readonly otherwise: string;
}

export function explainChoice(
  config: Choices & Pick<Config, "defaultRegistry">,
  account: string,
  wish: string | undefined,
): MadeChoice {
  const { url } = chooseRegistryFor(config, account, wish);
  if (isMapped(config, account)) return { url, by: "account", otherwise: url };
  const { from } = config.registry;
  const isForThisRun = from === "flag" || from === "environment";
  if (!isForThisRun) return { url, by: wish === undefined ? from : "project", otherwise: url };
  const named = wish ?? config.defaultRegistry ?? defaultRegistryUrl;
  const otherwise = Object.hasOwn(config.registries, named) ? config.registries[named]! : named;
  return { url, by: from, otherwise: otherwise.replace(/\/+$/, "") };
}

/** Whether the user has mapped any account to a registry. */
export const mapsAccounts = ({ accounts }: Pick<Config, "accounts">): boolean => Object.keys(accounts).length > 0;

export const isMapped = ({ accounts }: Pick<Config, "accounts">, account: string): boolean =>
  Object.hasOwn(accounts, canonicalAccount(account));

/** Whether the user's own configuration, environment or command line names this registry. */
export const isConfigured = (config: Choices, url: string): boolean =>
  [config.registry.url, ...Object.values(config.accounts), ...Object.values(config.registries)].some(
    (one) => one.replace(/\/+$/, "") === url,
  );
