import { commitFiles, createTag, readHeadCommit } from "@paks/git/work-tree";
import { findReleaseTrailer, isPaksError, PaksError } from "@paks/schema";
import type { Context } from "../context.ts";
import type { Fault } from "./options.ts";
import { pushRelease } from "./push.ts";
import { pathInRepository, type ReleasePlan } from "./release-plan.ts";
import { type Made, takeBack } from "./take-back.ts";
import { replaceManifest } from "./write-manifest.ts";

/** What this run has done, as opposed to one before. */
export interface Applied {
  /** The commit that the tag leads to. */
  readonly commit: string;
  readonly made: Made;
}

/**
 * Carries out a plan: edit, commit, tag, push, the irreversible step last. Until the push every failure takes back
 * what this run did; a process that dies leaves a state from which the same command goes on.
 * @throws PaksError HOOK_REFUSED, WORKTREE_CHANGED, PUSH_REJECTED, GIT_HOST_UNAVAILABLE …
 */
export async function applyRelease(context: Context, plan: ReleasePlan, fault: Fault): Promise<Applied> {
  fault("planned");
  const made: { -readonly [K in keyof Made]: Made[K] } = { edit: false, commit: undefined, tag: false };
  try {
    if (plan.steps.edit === "todo") {
      await replaceManifest(plan, plan.edit!.workTree.after);
      made.edit = true;
    }
    fault("edited");
    if (plan.steps.commit === "todo") made.commit = await commitVersion(plan, fault);
    const commit = made.commit ?? plan.head;
    if (plan.steps.tag === "todo") {
      await createTag(plan.tree, { ...plan.tag, commit });
      made.tag = true;
    }
    fault("tagged");
  } catch (error) {
    throw await takeBackAfter(plan, made, error);
  }
  const commit = made.commit ?? plan.head;
  if (plan.steps.push === "todo") {
    const label = `Pushing ${plan.tag.name} to ${plan.remote.name}`;
    await context.progress(label, async () => await pushRelease(plan, { commit, made }));
  }
  fault("pushed");
  return { commit, made };
}

/** The commit's id, once HEAD is known to be what was planned. */
async function commitVersion(plan: ReleasePlan, fault: Fault): Promise<string> {
  await commitFiles(plan.tree, [plan.edit!.file], plan.commitMessage);
  fault("committed");
  const commit = await requirePlannedCommit(plan);
  fault("verified");
  return commit;
}

/**
 * Reads the commit again: a hook may have changed the file, added others or committed once more. Its parent is the
 * commit that was planned on and the manifest its only change, with the id that git gives the planned bytes: so its
 * tree is the planned one, and the digest made from the planned bytes is the committed tree's.
 */
async function requirePlannedCommit(plan: ReleasePlan): Promise<string> {
  const edit = plan.edit!;
  const { commit, parents, changes, message } = await readHeadCommit(plan.tree);
  const path = pathInRepository(plan, edit.file);
  const [change] = changes;
  const asPlanned =
    parents.length === 1 &&
    parents[0] === plan.head &&
    changes.length === 1 &&
    change?.path === path &&
    change.oid === edit.committed.after &&
    change.mode === edit.mode &&
    findReleaseTrailer(message)?.version === plan.version;
  if (asPlanned) return commit;
  const others = changes.map((each) => each.path).filter((each) => each !== path);
  const what =
    others.length > 0 ? `it also changes ${others.slice(0, 5).join(", ")}` : `${path} or the message was changed`;
  throw new PaksError("WORKTREE_CHANGED", `The version commit is not the one that was checked: ${what}.`, {
    hint: "A commit hook of this repository does this. Let it do so in a commit of your own, then run the same command again.",
    details: { commit, paths: changes.map((each) => each.path) },
  });
}

/** The failure to report: with what was taken back said, or with what had to stay. */
async function takeBackAfter(plan: ReleasePlan, made: Made, error: unknown): Promise<unknown> {
  if (!isPaksError(error) || error.code === "CANCELLED" || error.code === "GIT_HOST_TIMEOUT") return error;
  return await takeBack(plan, made, error);
}
