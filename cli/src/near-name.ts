import { type PakId, formatPakId, isPaksError, nearest } from "@paks/schema";
import type { Registry } from "./registry.ts";

/** What to do about a name that its registry does not know: take the one like it that the account has, else `otherwise`. */
export async function hintForUnknown(registry: Registry, pak: PakId, otherwise: string): Promise<string> {
  const name = await findNearName(registry, pak);
  return name === undefined ? otherwise : `Did you mean ${formatPakId({ account: pak.account, name })}?`;
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
