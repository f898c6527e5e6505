import { prepareChanges } from "@paks/git/work-tree";
import type { Result } from "../../command.ts";
import type { Context } from "../../context.ts";
import type { PublishOptions } from "../options.ts";
import type { PublishMode } from "../publish.ts";
import type { Selection } from "./select.ts";
import { startBatch } from "../start.ts";

/** Releases several paks of one repository. @throws PaksError what stands in the way of all of them */
export async function publishSeveral(
  context: Context,
  { options, selection }: { readonly options: PublishOptions; readonly selection: Selection },
  mode: PublishMode,
): Promise<Result> {
  const started = await startBatch(context, options);
  // Only now, and not above: git and the remote answer while it is being loaded.
  const [{ publishBatch }, { resultOf }] = await Promise.all([
    import("./publish-batch.ts"),
    import("./result-batch.ts"),
    mode.dryRun ? undefined : prepareChanges(),
  ]);
  return resultOf(await publishBatch(context, { started, selection }, mode));
}
