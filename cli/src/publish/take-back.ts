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
import { join } from "node:path";
import { isPaksError, listReleaseTrailers, PaksError, systemErrorCode } from "@paks/schema";
import { expectPaksError, settle } from "./problems.ts";
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
  plan.tag.standsAt ?? (plan.steps.commit === "todo" ? (commit ?? plan.head) : plan.head);

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
    const index = commit ? await settle(takeBackIndexEntries(tree, listIndexUndos(plans, commit))) : {};
    const left = await restoreManifests(made.edited);
    if (index.error || left.length > 0) return withLeftovers(cause, index.error, left);
  } catch (error) {
    if (!isPaksError(error)) throw error;
    return withState(cause, `Not everything could be taken back: ${sentence(error)}`, false);
  }
  return withState(cause, "Nothing was left behind: the repository is as it was before", true);
}

interface Leftover {
  /** In full: the author may stand in any folder. */
  readonly path: string;
  readonly message: string;
}

/** All that can be put back, whatever has become of the others. @returns those that cannot */
async function restoreManifests(edited: readonly ReleasePlan[]): Promise<Leftover[]> {
  const left: Leftover[] = [];
  for (const plan of edited) {
    try {
      await replaceManifest(plan, plan.edit!.workTree.before);
    } catch (error) {
      const path = join(plan.tree.dir, plan.edit!.file);
      if (systemErrorCode(error) === "ENOENT") left.push({ path, message: "it is not there any more" });
      else left.push({ path, message: sentence(expectPaksError(error)) });
    }
  }
  return left;
}

function withLeftovers(cause: PaksError, index: PaksError | undefined, left: readonly Leftover[]): PaksError {
  const reasons = [...left.map(({ path, message }) => `${path} (${message})`), ...(index ? [sentence(index)] : [])];
  const state = withState(cause, `Not everything could be taken back: ${reasons.join(", ")}`, false);
  if (left.length === 0) return state;
  const hint = "Look at these files with git diff, and put back what is not yours with git restore.";
  const paths = left.map(({ path }) => path);
  return new PaksError(state.code, state.message, {
    hint: cause.hint === undefined ? hint : `${cause.hint} ${hint}`,
    cause,
    details: { ...state.details, left: paths },
  });
}

const sentence = ({ message }: PaksError): string => message.replace(/\.$/, "");

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

function withState(cause: PaksError, state: string, takenBack: boolean): PaksError {
  return new PaksError(cause.code, `${cause.message} ${state}.`, {
    hint: cause.hint,
    cause,
    details: { ...cause.details, taken_back: takenBack },
  });
}
