import { type PakId, formatPakId, isPaksError, isTaken, nearest, parseSource, withHint } from "@paks/schema";
import type { Context } from "./context.ts";
import type { Registry } from "./registry.ts";
import { withRegistryWish } from "./workspace/with-registry-wish.ts";

/** What to do about a name that its registry does not know: take the one like it that the account has, else `otherwise`. */
export async function hintForUnknown(registry: Registry, pak: PakId, otherwise: string): Promise<string> {
  const name = await findNearName(registry, pak);
  return name === undefined ? otherwise : `Did you mean ${formatPakId({ account: pak.account, name })}?`;
}

/** What an install failed with; where a name that was typed is unknown, with the one that may be meant. */
export async function namingNear(context: Context, error: unknown, texts: readonly string[]): Promise<unknown> {
  const id = isPaksError(error, "PAK_NOT_FOUND") ? error.details?.["pak"] : undefined;
  const sources = texts.filter((text) => isTaken(parseSource, text)).map((text) => parseSource(text));
  const typed = sources.find((one) => one.type === "registry" && formatPakId(one) === id);
  if (!isPaksError(error) || typed?.type !== "registry") return error;
  const registry = await findOnlyRegistry(context, typed.account);
  if (registry === undefined) return error;
  const hint = await hintForUnknown(registry, typed, error.hint ?? "");
  return withHint(error, hint);
}

/** Where a project wishes for another registry, whether that one was asked depends on the options. */
async function findOnlyRegistry(context: Context, account: string): Promise<Registry | undefined> {
  try {
    const registry = context.registryFor(account);
    const wished = (await withRegistryWish(context)).registryFor(account);
    return registry.url === wished.url ? registry : undefined;
  } catch (error) {
    // A project's file that cannot be read: whom it has to do with has been told.
    if (!isPaksError(error)) throw error;
    return undefined;
  }
}

async function findNearName(registry: Registry, { account, name }: PakId): Promise<string | undefined> {
  try {
    const { items } = await registry.search({ account, limit: 100 });
    return nearest(
      name,
      items.filter((item) => item.account === account).map((item) => item.name),
    );
  } catch (error) {
    // That the pak is not there is what is told; a registry that now fails has no more to say about it.
    if (!isPaksError(error)) throw error;
    return undefined;
  }
}
