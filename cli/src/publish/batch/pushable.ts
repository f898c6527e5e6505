import type { Outside } from "../outside.ts";
import type { WholeRepository } from "../repository-facts.ts";
import type { BatchPlan, PlannedPak } from "./plan-batch.ts";

/**
 * What the remote's refusal of a push means for each pak. A release that is out needs no push, whatever has become of
 * the branch since. Of a run that was cut off between two pushes the remote has the commit and some of the tags: when
 * others have gone on from there, the tags that are left are pushed without the branch.
 * @throws PaksError the refusal, when it stops all of them
 */
export function requirePushable(
  paks: readonly PlannedPak[],
  { whole, outside }: { readonly whole: WholeRepository; readonly outside: Outside },
): Pick<BatchPlan, "paks" | "tagsOnly"> {
  const { error } = outside.permission;
  if (!error) return { paks, tagsOnly: false };
  const hasCommit = (outside.refs.value ?? []).some(({ commit }) => commit === whole.status.commit);
  const tagsOnly = error.code === "BEHIND_UPSTREAM" && hasCommit;
  const isStopped = ({ plan }: PlannedPak): boolean =>
    plan?.steps.push === "todo" && !(tagsOnly && plan.steps.commit !== "todo");
  if (paks.length > 0 && paks.every(isStopped)) throw error;
  return { paks: paks.map((pak) => (isStopped(pak) ? { path: pak.path, plan: pak.plan, error } : pak)), tagsOnly };
}
