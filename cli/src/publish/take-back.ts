import {
  type CommitFacts,
  type GitObject,
  objectMessage,
  readHeadCommit,
  readObjects,
  takeBackIndexEntries,
  takeBackRefs,
  type WorkTree,
} from "@paks/git/work-tree";
import { isPaksError, listReleaseTrailers, PaksError } from "@paks/schema";
import { pathInRepository, type ReleasePlan, topTree, withoutSignal } from "./release-plan.ts";
import { replaceManifest } from "./write-manifest.ts";

/** What this run has made so far; only that is ever taken back. */
export interface Made {
  /** Whose manifest was edited. */
  readonly edited: readonly ReleasePlan[];
  /** The one version commit of all of them. */
  readonly commit: string | undefined;
  /** Whose tag was made. */
  readonly tags: readonly ReleasePlan[];
  /** Whose tag was being made: a git that was stopped may have made it all the same. */
  readonly tagging?: readonly ReleasePlan[] | undefined;
}

/** The commit that the tag of a release leads to. */
export const targetOf = (plan: ReleasePlan, commit: string | undefined): string =>
  plan.steps.commit === "todo" ? (commit ?? plan.head) : plan.head;

/**
 * Puts the repository back to what it was before this run: refs in one transaction from their expected values, the
 * manifests' index entries, and their own bytes when they are still ours. Nothing of anybody else's is touched.
 * Ctrl-C does not stop it.
 * @param plans all releases of this run
 * @returns `cause`, with what happened said in its message
 */
export async function takeBack(plans: readonly ReleasePlan[], made: Made, cause: PaksError): Promise<PaksError> {
  const [first] = plans;
  if (!first) return cause;
  try {
    const tree = withoutSignal(topTree(first));
    const commit = await findOurCommit(tree, plans, made);
    const tags = (await listOurTags(tree, made, commit)).map((plan) => ({
      ...plan.tag,
      commit: targetOf(plan, commit?.commit),
    }));
    const undo = commit && { branch: first.branch, made: commit.commit, before: first.head };
    await takeBackRefs(tree, { tags, commit: undo });
    if (commit) await takeBackIndexEntries(tree, listIndexUndos(plans, commit));
    for (const plan of made.edited) await replaceManifest(plan, plan.edit!.workTree.before);
  } catch (error) {
    if (!isPaksError(error)) throw error;
    return withState(cause, "Not everything could be taken back", error);
  }
  return withState(cause, "Nothing was left behind: the repository is as it was before");
}

/** HEAD, when it is the commit that this run has made on the planned one. */
async function findOurCommit(
  tree: WorkTree,
  plans: readonly ReleasePlan[],
  made: Made,
): Promise<CommitFacts | undefined> {
  const planned = plans.find((plan) => plan.steps.commit === "todo");
  if (!planned) return undefined;
  const head = await readHeadCommit(tree);
  if (head.commit === planned.head) return undefined;
  const isNext = head.parents.length === 1 && head.parents[0] === planned.head;
  const { id, version } = planned;
  const names = listReleaseTrailers(head.message).some((each) => each.name === id.name && each.version === version);
  if (isNext && (head.commit === made.commit || names)) return head;
  throw new PaksError("WORKTREE_CHANGED", `the branch ${planned.branch} has moved on to ${head.commit.slice(0, 7)}`);
}

/** With those that were being made, as far as they are there as we would have made them. */
async function listOurTags(
  tree: WorkTree,
  { tags, tagging = [] }: Made,
  commit: CommitFacts | undefined,
): Promise<readonly ReleasePlan[]> {
  const unsure = tagging.filter((plan) => !tags.includes(plan));
  if (unsure.length === 0) return tags;
  const names = unsure.map(({ tag }) => `refs/tags/${tag.name}`);
  const found = await readObjects(tree, names, names.length * 128 * 1024);
  const isOurs = (plan: ReleasePlan): boolean => isMadeAs(plan, targetOf(plan, commit?.commit), found);
  return [...tags, ...unsure.filter(isOurs)];
}

function isMadeAs({ tag }: ReleasePlan, target: string, found: ReadonlyMap<string, GitObject>): boolean {
  const object = found.get(`refs/tags/${tag.name}`);
  if (tag.form === "lightweight") return object?.oid === target;
  return (
    object?.type === "tag" &&
    object.bytes.toString("utf8").startsWith(`object ${target}\n`) &&
    objectMessage(object).startsWith(tag.message)
  );
}

const listIndexUndos = (plans: readonly ReleasePlan[], commit: CommitFacts) =>
  plans.flatMap((plan) => {
    const { edit } = plan;
    if (!edit) return [];
    const path = pathInRepository(plan, edit.file);
    const made = commit.changes.find((change) => change.path === path);
    return made ? { path, before: { mode: edit.mode, oid: edit.committed.before }, made: made.oid } : [];
  });

function withState(cause: PaksError, state: string, failure?: PaksError): PaksError {
  const because = failure === undefined ? "" : `: ${failure.message.replace(/\.$/, "")}`;
  return new PaksError(cause.code, `${cause.message} ${state}${because}.`, {
    hint: cause.hint,
    cause,
    details: { ...cause.details, taken_back: failure === undefined },
  });
}
