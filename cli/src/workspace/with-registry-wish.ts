import type { Context } from "../context.ts";
import { findRegistryWish } from "./open-workspace.ts";

/**
 * The same context with names looked up as `install` does here: where the project wishes, unless the user has said
 * otherwise. @throws PaksError MANIFEST_INVALID
 */
export async function withRegistryWish(context: Context): Promise<Context> {
  const { from } = context.config.registry;
  // What was said for this run goes before it anyway.
  const wish = from === "flag" || from === "environment" ? undefined : await findRegistryWish(context);
  return { ...context, registryFor: (account, own = wish) => context.registryFor(account, own) };
}
