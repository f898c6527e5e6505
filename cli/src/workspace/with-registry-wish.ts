import { isPaksError } from "@paks/schema";
import type { Config } from "../config.ts";
import type { Context } from "../context.ts";
import { chooseRegistryFor } from "../registry-choice.ts";
import { findRegistryWish } from "./open-workspace.ts";

/**
 * The same context with names looked up as `install` does here: where the project wishes, unless the user has said
 * otherwise. @throws PaksError MANIFEST_INVALID
 */
export async function withRegistryWish(context: Context): Promise<Context> {
  const wish = await findHeededWish(context);
  return { ...context, registryFor: (account, own = wish) => context.registryFor(account, own) };
}

/** What was said for this run goes before the project anyway. */
async function findHeededWish(context: Context): Promise<string | undefined> {
  const { from } = context.config.registry;
  return from === "flag" || from === "environment" ? undefined : await findRegistryWish(context);
}

export interface UsedRegistry {
  readonly url: string;
  /** Who chose it. */
  readonly from: Config["registry"]["from"] | "project";
}

/**
 * Where the names of all accounts are looked up here that are not mapped, for those who tell it: a file of the project
 * that cannot be read is for others to refuse.
 */
export async function findUsedRegistry(context: Context): Promise<UsedRegistry> {
  const own = context.config.registry;
  try {
    const wish = await findHeededWish(context);
    if (wish === undefined) return own;
    return { url: chooseRegistryFor(context.config, undefined, wish).url, from: "project" };
  } catch (error) {
    if (!isPaksError(error) || error.code === "CANCELLED") throw error;
    return own;
  }
}

/** Where a command goes to the registry that is published to, and the project has its names from another one. */
export async function noteOtherRegistry(context: Context): Promise<void> {
  const { url, from } = await findUsedRegistry(context);
  if (from !== "project" || url === context.config.registry.url) return;
  context.note(
    `This is about ${context.config.registry.url}, where you publish. The project has its names from ${url}: --registry ${url} asks there.`,
  );
}
