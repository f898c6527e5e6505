import { setImmediate } from "node:timers/promises";
import type { WorkTree } from "@paks/git/work-tree";
import type { Context } from "../context.ts";
import { type PublishOptions, requireConsistent } from "./options.ts";
import { askOutside, type Outside } from "./outside.ts";
import {
  openFolder,
  type Reading,
  type RepositoryFacts,
  startReading,
  startReadingWhole,
  type WholeRepository,
} from "./repository-facts.ts";

/** A publish whose questions to git and the remote are on their way. */
export interface Started<Facts> {
  readonly options: PublishOptions;
  readonly facts: Promise<Facts>;
  readonly outside: Promise<Outside>;
}

/**
 * Asks git and the remote everything that does not depend on the answers. It ends when all is asked: what judges the
 * answers is loaded while they are awaited, and takes about as long.
 * @param known what remote and registry have said before, when they need not be asked again
 * @throws PaksError USAGE, INVALID_PARAMETER, MANIFEST_MISSING (no such folder)
 */
export const startRelease = async (
  context: Context,
  options: PublishOptions,
  known?: Outside,
): Promise<Started<RepositoryFacts>> => await start(context, { options, known }, startReading);

/** As `startRelease`, of the whole repository. */
export const startBatch = async (context: Context, options: PublishOptions): Promise<Started<WholeRepository>> =>
  await start(context, { options }, startReadingWhole);

async function start<Facts>(
  context: Context,
  { options, known }: { readonly options: PublishOptions; readonly known?: Outside | undefined },
  read: (tree: WorkTree) => Reading<Facts>,
): Promise<Started<Facts>> {
  requireConsistent(options);
  const { facts, basics } = read(await openFolder(context, options.dir));
  const outside = basics.then(async (answers) => known ?? (await askOutside(context, answers, options)));
  // Whoever awaits them later hears of a failure; until then it is no unhandled one.
  void Promise.allSettled([facts, outside]);
  // The network is asked with these; where it is not, there is nothing to wait for.
  if (options.push) await Promise.allSettled([basics]);
  // What has been asked is on its way before anything is loaded, which takes as long as git itself.
  await setImmediate();
  return { options, facts, outside };
}
