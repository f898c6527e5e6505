import { PaksError, type RegistryOrigin, formatPakId, lockFileName, workspaceFileNames } from "@paks/schema";
import type { Context } from "../context.ts";
import { canonicalAccount } from "../config-settings.ts";
import { isConfigured } from "../registry-choice.ts";
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
): { readonly registry: R } | { readonly instead: string } {
  const own = context.registryFor(origin.account, wish);
  if (own.url === origin.registry) return { registry: own };
  const { config } = context;
  const isMapped = Object.hasOwn(config.accounts, canonicalAccount(origin.account));
  if (!isMapped && isConfigured(config, origin.registry)) return { registry: context.registryAt(origin.registry) };
  return { instead: own.url };
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
 * A name of one registry is another pak in the next: nothing moves there by itself.
 * @param isLocked false: only the record of its install says where it is from
 */
export const otherRegistry = (origin: RegistryOrigin, instead: string, isLocked = true): PaksError =>
  new PaksError(
    "LOCKFILE_MISMATCH",
    `${formatPakId(origin)} is recorded as a release of ${origin.registry}, and ${origin.account} is looked up in ${instead}.`,
    {
      hint: `If that registry is right, name it: for everybody with "registry": "${origin.registry}" in ${workspaceFileNames[0]}, or for you with paks registry add <name> ${origin.registry} --account ${origin.account}. To move the pak to ${instead} on purpose: ${
        isLocked ? `delete its entry from ${lockFileName}, then paks install` : "remove it and install it again"
      }.`,
      details: { recorded: origin.registry, found: instead },
    },
  );
