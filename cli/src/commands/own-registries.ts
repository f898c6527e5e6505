import { listLocalRefs, type RefFact } from "@paks/git/work-tree";
import { parsePakId } from "@paks/schema";
import type { Context } from "../context.ts";
import { readAllTrailers } from "../publish/account.ts";
import { readPlaceOf } from "../publish/repository-facts.ts";
import { ownerOfAddress } from "../publish/which-registry.ts";
import { isMapped, mapsAccounts } from "../registry-choice.ts";
import type { Registry } from "../registry.ts";

/**
 * The registries that may know of a repository: the ones of the accounts that its release tags name, of the owner in its
 * address, or the one in use. Nobody else is told that there is such a repository.
 * @param address as the registry knows it
 * @param own the repository is the one of this folder
 * @param tag the one that is asked about
 */
export async function listRegistriesOf(
  context: Context,
  address: string,
  { own, tag }: { readonly own: boolean; readonly tag?: string },
): Promise<readonly Registry[]> {
  const { config } = context;
  if (!mapsAccounts(config) || config.registry.from === "flag") return [context.registry()];
  const accounts = own ? await listTagAccounts(context, tag) : [];
  const owner = ownerOfAddress(context, address);
  if (accounts.length === 0 && owner !== undefined) accounts.push(owner);
  const registries = accounts.map((account) =>
    isMapped(config, account) ? context.registryFor(account) : context.registry(),
  );
  return registries.length === 0 ? [context.registry()] : [...new Set(registries)];
}

/** Accounts under which the repository's tags release something; that of the one tag, when it names any. */
async function listTagAccounts(context: Context, tag: string | undefined): Promise<string[]> {
  const { tree } = await readPlaceOf(context, context.cwd);
  const tags = (await listLocalRefs(tree)).filter(({ name }) => name.startsWith("refs/tags/"));
  const read = await readAllTrailers(tree, tags);
  const accountsOf = (refs: readonly RefFact[]): string[] =>
    refs.flatMap(({ object }) => {
      const trailers = read.get(object);
      return trailers ? [parsePakId(trailers.package).account] : [];
    });
  const named = accountsOf(tags.filter(({ name }) => name === `refs/tags/${tag}`));
  return [...new Set(named.length > 0 ? named : accountsOf(tags))];
}
