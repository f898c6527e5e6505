import { type PakRef, type RegistryOrigin } from "@paks/schema";
import type { Context } from "../context.ts";
import { findRegistryOf } from "../install/locked-registry.ts";
import { type RememberingRegistries, prepareAll, rememberRegistries } from "../workspace/remember-answers.ts";
import type { ListRow } from "./list-paks.ts";

/** What a command works with that asks about many paks. */
export type RememberingContext = Omit<Context, keyof RememberingRegistries> & RememberingRegistries;

export interface Together {
  /** The registry that the project asks for. */
  readonly wish: string | undefined;
  /** Which release is wanted besides the versions. */
  readonly selector?: (origin: RegistryOrigin) => string;
  /** Also what is kept here and young enough: of a pak as a whole nothing is kept. */
  readonly evenKept?: boolean;
}

/**
 * Asks each registry once for all of these paks. Nothing fails here: what a registry said, and what went wrong, comes to
 * whoever asks for one of them.
 */
export async function askTogether(
  context: Context,
  rows: readonly ListRow[],
  { wish, selector, evenKept = false }: Together,
): Promise<RememberingContext> {
  const asking: RememberingContext = { ...context, ...rememberRegistries(context) };
  if (context.config.offline) return asking;
  const wanted = new Map(
    rows.flatMap((row): [PakRef, { origin: RegistryOrigin; wish: string | undefined }][] => {
      const origin = row.locked?.resolved ?? row.pak?.record.origin;
      if (origin?.type !== "registry" || row.error !== undefined) return [];
      const { account, name } = origin;
      const ref = { account, name, ...(selector && { selector: selector(origin) }) };
      return [[ref, { origin, wish: row.place.locked ? wish : undefined }]];
    }),
  );
  const registryOf = (ref: PakRef) => {
    const { origin, wish: ownWish } = wanted.get(ref)!;
    const found = findRegistryOf(origin, asking, ownWish);
    return "registry" in found ? found.registry : undefined;
  };
  await prepareAll(registryOf, [...wanted.keys()], { evenKept });
  return asking;
}
