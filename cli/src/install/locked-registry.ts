import {
  PaksError,
  type RegistryOrigin,
  formatPakId,
  formatSource,
  lockFileName,
  workspaceFileNames,
} from "@paks/schema";
import type { Context } from "../context.ts";
import { canonicalAccount } from "../config-settings.ts";
import { type MadeChoice, explainChoice, isConfigured } from "../registry-choice.ts";
import type { Registry } from "../registry.ts";

/** The registries of a command, by account and by address. */
export interface Registries<R extends Registry> extends Pick<Context, "config"> {
  registryFor(account: string, wish?: string): R;
  registryAt(url: string): R;
}

/**
 * The registry that an origin names, when this machine would look the name up there; else where it would. A lock may
 * come with a clone: it does not decide that.
 */
export function findRegistryOf<R extends Registry>(
  origin: RegistryOrigin,
  context: Registries<R>,
  wish?: string,
): { readonly registry: R } | { readonly instead: MadeChoice } {
  const own = context.registryFor(origin.account, wish);
  if (own.url === origin.registry) return { registry: own };
  const { config } = context;
  const isMapped = Object.hasOwn(config.accounts, canonicalAccount(origin.account));
  if (!isMapped && isConfigured(config, origin.registry)) return { registry: context.registryAt(origin.registry) };
  return { instead: explainChoice(config, origin.account, wish) };
}

/** @throws PaksError LOCKFILE_MISMATCH when this machine looks the name up elsewhere */
export function requireRegistryOf<R extends Registry>(
  origin: RegistryOrigin,
  context: Registries<R>,
  wish?: string,
): R {
  const found = findRegistryOf(origin, context, wish);
  if ("registry" in found) return found.registry;
  throw otherRegistry(origin, found.instead);
}

/**
 * The registry that another version of it would come from. Its own one is not asked in the other's place: what it says
 * of newer versions is not what would be installed.
 * @param isLocked false: only the record of its install says where it is from
 * @throws PaksError LOCKFILE_MISMATCH when this machine looks the name up elsewhere by now
 */
export function requireUpdatingRegistry<R extends Registry>(
  origin: RegistryOrigin,
  context: Registries<R>,
  { wish, isLocked }: { readonly wish: string | undefined; readonly isLocked: boolean },
): R {
  const registry = context.registryFor(origin.account, wish);
  if (registry.url === origin.registry) return registry;
  throw otherRegistry(origin, explainChoice(context.config, origin.account, wish), isLocked);
}

/**
 * A name of one registry is another pak in the next: nothing moves there by itself.
 * @param isLocked false: only the record of its install says where it is from
 */
export const otherRegistry = (
  origin: RegistryOrigin,
  instead: Pick<MadeChoice, "url"> & Partial<MadeChoice>,
  isLocked = true,
): PaksError =>
  new PaksError(
    "LOCKFILE_MISMATCH",
    `${formatPakId(origin)} is recorded as a release of ${origin.registry}, and ${origin.account} is looked up in ${instead.url}${
      instead.by === undefined ? "" : ` (by ${choosers[instead.by]})`
    }.`,
    {
      hint: hintOf(origin, instead, isLocked),
      details: { recorded: origin.registry, found: instead.url },
    },
  );

const choosers: Readonly<Record<MadeChoice["by"], string>> = {
  account: "an account of your configuration",
  flag: "--registry",
  environment: "PAKS_REGISTRY",
  project: workspaceFileNames[0],
  config: "default_registry of your configuration",
  default: "default: nothing names another",
};

function hintOf(
  { registry, account }: RegistryOrigin,
  { url, by, otherwise }: Pick<MadeChoice, "url"> & Partial<MadeChoice>,
  isLocked: boolean,
): string {
  const first = by === "environment" ? "Unset PAKS_REGISTRY" : by === "flag" ? "Leave out --registry" : undefined;
  // All else would only make a slip of the environment last.
  if (first !== undefined && otherwise === registry) return `${first}: without it ${account} is looked up there.`;
  const move = `To move the pak to ${url} on purpose: ${
    isLocked ? `delete its entry from ${lockFileName}, then paks install` : "remove it and install it again"
  }.`;
  if (by === "account")
    return `If that registry is right, take ${account} from the accounts of ${url} in your configuration; see paks registry list. ${move}`;
  const forEverybody = isLocked
    ? `for everybody with "registry": "${registry}" in ${workspaceFileNames[0]}, or for you with `
    : "";
  const right = `If that registry is right, name it: ${forEverybody}paks registry add <name> ${registry} --account ${account}. ${move}`;
  return first === undefined ? right : `${first} first. ${right}`;
}

/**
 * Its repository, which the lock or record names, may have it all the same; a repository that is only called like it may
 * be anybody's.
 */
export const pakGone = (origin: RegistryOrigin, isLocked = true): PaksError =>
  new PaksError("PAK_NOT_FOUND", `${origin.registry} no longer knows ${formatPakId(origin)}.`, {
    hint: `What is installed stays as it is${isLocked ? `, and as ${lockFileName} has it` : ""}. It came from ${origin.repository}: look there what became of it. To have newer versions from there: paks install ${formatSource(
      { type: "git", url: origin.repository, ...(origin.path !== "" && { path: origin.path }) },
    )}`,
    details: { pak: formatPakId(origin), repository: origin.repository },
  });

export const releaseGone = (origin: RegistryOrigin): PaksError =>
  new PaksError("VERSION_NOT_FOUND", `${origin.registry} no longer knows ${formatPakId(origin)} ${origin.version}.`, {
    hint: "What is installed stays as it is; look for a version that is still there with `paks outdated`.",
  });
