import type { Context } from "../../context.ts";
import { type PublishOptions, requireConsistent } from "../options.ts";
import { askOutside, type Outside } from "../outside.ts";
import { openFolder, startReadingWhole, type WholeRepository } from "../repository-facts.ts";

/** A batch whose questions to git and the remote are on their way. */
export interface StartedBatch {
  readonly options: PublishOptions;
  readonly facts: Promise<WholeRepository>;
  readonly outside: Promise<Outside>;
}

/**
 * Asks git and the remote everything that does not depend on which paks are meant. It ends when all is asked: what
 * judges the answers is loaded while they are awaited, and takes about as long.
 * @throws PaksError USAGE, INVALID_PARAMETER, MANIFEST_MISSING (no such folder)
 */
export async function startBatch(context: Context, options: PublishOptions): Promise<StartedBatch> {
  requireConsistent(options);
  const { facts, basics } = startReadingWhole(await openFolder(context, options.dir));
  const outside = basics.then(async (known) => await askOutside(context, known, options));
  // Whoever awaits them later hears of a failure; until then it is no unhandled one.
  void Promise.allSettled([facts, outside]);
  await Promise.allSettled([basics]);
  return { options, facts, outside };
}
