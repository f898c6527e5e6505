import { type CommitFacts, readHeadCommit, takeBackIndexEntries, takeBackRefs } from "@paks/git/work-tree";
import { findReleaseTrailer, isPaksError, PaksError } from "@paks/schema";
import { pathInRepository, type ReleasePlan } from "./release-plan.ts";
import { replaceManifest } from "./write-manifest.ts";

/** What this run has made so far; only that is ever taken back. */
export interface Made {
  readonly edit: boolean;
  readonly commit: string | undefined;
  readonly tag: boolean;
}

/**
 * Puts the repository back to what it was before this run: refs in one transaction from their expected values, the
 * manifest's index entry, and its own bytes when they are still ours. Nothing of anybody else's is touched.
 * @returns `cause`, with what happened said in its message
 */
export async function takeBack(plan: ReleasePlan, made: Made, cause: PaksError): Promise<PaksError> {
  try {
    const commit = await findOurCommit(plan, made);
    const tags = made.tag ? [{ ...plan.tag, commit: commit?.commit ?? plan.head }] : [];
    const undo = commit && { branch: plan.branch, made: commit.commit, before: plan.head };
    await takeBackRefs(plan.tree, { tags, commit: undo });
    if (commit) await restoreIndexEntry(plan, commit);
    if (made.edit) await replaceManifest(plan, plan.edit!.workTree.before);
  } catch (error) {
    if (!isPaksError(error)) throw error;
    return withState(cause, "Not everything could be taken back", error);
  }
  return withState(cause, "Nothing was left behind: the repository is as it was before");
}

/** HEAD, when it is the commit that this run has made on the planned one. */
async function findOurCommit(plan: ReleasePlan, made: Made): Promise<CommitFacts | undefined> {
  if (plan.steps.commit !== "todo") return undefined;
  const head = await readHeadCommit(plan.tree);
  if (head.commit === plan.head) return undefined;
  const isNext = head.parents.length === 1 && head.parents[0] === plan.head;
  const isOurs = head.commit === made.commit || findReleaseTrailer(head.message)?.version === plan.version;
  if (isNext && isOurs) return head;
  throw new PaksError("WORKTREE_CHANGED", `the branch ${plan.branch} has moved on to ${head.commit.slice(0, 7)}`);
}

async function restoreIndexEntry(plan: ReleasePlan, commit: CommitFacts): Promise<void> {
  const edit = plan.edit!;
  const path = pathInRepository(plan, edit.file);
  const made = commit.changes.find((change) => change.path === path);
  if (!made) return;
  const before = { mode: edit.mode, oid: edit.committed.before };
  await takeBackIndexEntries(plan.tree, [{ path, before, made: made.oid }]);
}

function withState(cause: PaksError, state: string, failure?: PaksError): PaksError {
  const because = failure === undefined ? "" : `: ${failure.message.replace(/\.$/, "")}`;
  return new PaksError(cause.code, `${cause.message} ${state}${because}.`, {
    hint: cause.hint,
    cause,
    details: { ...cause.details, taken_back: failure === undefined },
  });
}
