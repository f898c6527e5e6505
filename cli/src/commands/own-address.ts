import { readConfig, readRemoteUrl, requireRemote } from "@paks/git/work-tree";
import type { Context } from "../context.ts";
import { formatRepositoryAddress } from "../publish/repository-address.ts";
import { readPlaceOf } from "../publish/repository-facts.ts";

/** The address under which the registry knows the repository one is in. @throws PaksError NOT_A_REPOSITORY, NO_REMOTE */
export async function readOwnAddress(context: Context): Promise<string> {
  const { tree, place } = await readPlaceOf(context, context.cwd);
  const config = await readConfig(tree);
  return formatRepositoryAddress(await readRemoteUrl(tree, config, requireRemote(config, undefined)), place.root);
}
