import { commitFiles, createTag, readHeadCommit } from "@paks/git/work-tree";
import { formatReleaseTrailer, listReleaseTrailers, PaksError } from "@paks/schema";
import type { Context } from "../context.ts";
import { toPaksError } from "../output/errors.ts";
import { inParallel } from "./batch/in-parallel.ts";
import { EndedHere, type Fault } from "./options.ts";
import { pushReleases } from "./push.ts";
import { hasGitWork, pathInRepository, type ReleasePlan, topTree } from "./release-plan.ts";
import { type Made, takeBack, targetOf } from "./take-back.ts";
import { replaceManifest } from "./write-manifest.ts";

/** What this run has done, as opposed to one before. */
export interface Applied {
  /** The commit that the tag leads to. */
  readonly commit: string;
  readonly made: Made;
}

/**
 * Carries out a plan: edit, commit, tag, push, the irreversible step last. Until the push every failure, and
 * Ctrl-C too, takes back what this run did; from then on everything stays. A process that dies leaves a state from which the same command goes on.
 * @throws PaksError HOOK_REFUSED, WORKTREE_CHANGED, PUSH_REJECTED, GIT_HOST_UNAVAILABLE …
 */
export async function applyRelease(context: Context, plan: ReleasePlan, fault: Fault): Promise<Applied> {
  const made = await makeReleases([plan], fault);
  const commit = targetOf(plan, made.commit);
  if (plan.steps.push === "todo") {
    const label = `Pushing ${plan.tag.name} to ${plan.remote.name}`;
    const failures = await context.progress(label, async () => await pushReleases([plan], { made }));
    const failure = failures.get(plan);
    if (failure) throw failure;
  }
  fault("pushed");
  return { commit, made };
}

/**
 * Everything before the push, for releases of one repository: all manifests, one commit, then the tags.
 * @param plans of the run, also those of which nothing is left to be done
 * @throws PaksError HOOK_REFUSED, WORKTREE_CHANGED, CANCELLED …; then everything of this run is taken back
 */
export async function makeReleases(plans: readonly ReleasePlan[], fault: Fault): Promise<Made> {
  const edited: ReleasePlan[] = [];
  const tags: ReleasePlan[] = [];
  let commit: string | undefined;
  const tagging: ReleasePlan[] = [];
  fault("planned");
  try {
    for (const plan of plans.filter(({ steps }) => steps.edit === "todo")) {
      await replaceManifest(plan, plan.edit!.workTree.after);
      edited.push(plan);
      fault("manifest-edited");
    }
    fault("edited");
    if (plans.some(({ steps }) => steps.commit === "todo")) commit = await commitVersions(plans, fault);
    const makeTag = async (plan: ReleasePlan): Promise<void> => {
      tagging.push(plan);
      await createTag(plan.tree, { ...plan.tag, commit: targetOf(plan, commit) });
      tags.push(plan);
      fault("tag-made");
    };
    const untagged = plans.filter(({ steps }) => steps.tag === "todo");
    // Signing may ask for a passphrase: one question at a time.
    const width = untagged.some(({ tag }) => tag.form === "signed") ? 1 : tagsAtOnce;
    await inParallel(
      untagged.map((plan) => async () => await makeTag(plan)),
      width,
    );
    fault("tagged");
    // The last moment at which it is known that nothing is out.
    plans[0]?.tree.signal?.throwIfAborted();
  } catch (error) {
    if (error instanceof EndedHere) throw error;
    throw await takeBack(plans, { edited, commit, tags, tagging }, toPaksError(error));
  }
  return { edited, commit, tags };
}

/** Each takes a process of its own, most of whose time is its start. */
const tagsAtOnce = 4;

/**
 * The message of the one version commit. It names every release that the run makes, and those that HEAD's commit names
 * already: HEAD's message is where a rerun looks, and what it does not find there it would bump once more.
 */
export function formatCommitMessage(plans: readonly ReleasePlan[]): { subject: string; trailers: string } {
  const named = listNamed(plans);
  return { subject: subjectOf(named), trailers: named.map(trailerOf).join("\n") };
}

const listNamed = (plans: readonly ReleasePlan[]): ReleasePlan[] =>
  plans.filter((plan) => plan.prepared || (plan.tag.standsAt === undefined && hasGitWork(plan)));

function subjectOf(named: readonly ReleasePlan[]): string {
  const bumped = named.filter(({ edit }) => edit);
  const [first] = bumped;
  if (bumped.length !== 1) return `chore: bump versions of ${bumped.length} paks`;
  return named.length === 1
    ? `chore: bump version to ${first!.version}`
    : `chore: bump version of ${first!.id.name} to ${first!.version}`;
}

const trailerOf = ({ id, version }: ReleasePlan): string => formatReleaseTrailer(id, version);

/** The commit's id, once HEAD is known to be what was planned. */
async function commitVersions(plans: readonly ReleasePlan[], fault: Fault): Promise<string> {
  const bumped = plans.filter(({ edit }) => edit);
  const { subject, trailers } = formatCommitMessage(plans);
  const files = bumped.map((plan) => pathInRepository(plan, plan.edit!.file));
  await commitFiles(topTree(bumped[0]!), files, `${subject}\n\n${trailers}\n`);
  fault("committed");
  const commit = await requirePlannedCommit(plans, bumped);
  fault("verified");
  return commit;
}

/**
 * Reads the commit again: a hook may have changed files, added others or committed once more. Its parent is the
 * commit that was planned on and the manifests its only changes, with the ids that git gives the planned bytes: so its
 * tree is the planned one, and the digests made from the planned bytes are those of the committed tree.
 */
async function requirePlannedCommit(plans: readonly ReleasePlan[], bumped: readonly ReleasePlan[]): Promise<string> {
  const { commit, parents, changes, message } = await readHeadCommit(topTree(bumped[0]!));
  const planned = new Map(bumped.map((plan) => [pathInRepository(plan, plan.edit!.file), plan.edit!]));
  const prepared = new Set(listReleaseTrailers(message).map((each) => formatReleaseTrailer(each, each.version)));
  const asPlanned =
    parents.length === 1 &&
    parents[0] === bumped[0]!.head &&
    changes.length === planned.size &&
    changes.every(({ path, oid, mode }) => {
      const edit = planned.get(path);
      return edit?.committed.after === oid && edit.mode === mode;
    }) &&
    listNamed(plans).every((plan) => prepared.has(trailerOf(plan)));
  if (asPlanned) return commit;
  const others = changes.map((each) => each.path).filter((each) => !planned.has(each));
  const ours = [...planned.keys()].slice(0, 5).join(", ");
  const what =
    others.length > 0 ? `it also changes ${others.slice(0, 5).join(", ")}` : `${ours} or the message was changed`;
  throw new PaksError("WORKTREE_CHANGED", `The version commit is not the one that was checked: ${what}.`, {
    hint: "A commit hook of this repository does this. Let it do so in a commit of your own, then run the same command again.",
    details: { commit, paths: changes.map((each) => each.path) },
  });
}
