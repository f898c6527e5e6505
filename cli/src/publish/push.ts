import { fetchRemoteRefs, type PushOutcome, type PushRequest, pushRefs } from "@paks/git/work-tree";
import { isPaksError, PaksError } from "@paks/schema";
import { settle } from "./problems.ts";
import type { ReleasePlan } from "./release-plan.ts";
import { type Made, takeBack } from "./take-back.ts";

interface Release {
  readonly commit: string;
  readonly made: Made;
}

/**
 * The one push: branch and tag together. It is taken back only when git reports every ref refused and the remote
 * shows none of them; where nobody knows, everything stays and the same command goes on.
 * @throws PaksError PUSH_REJECTED, BEHIND_UPSTREAM (taken back); GIT_HOST_UNAVAILABLE, CANCELLED (stays)
 */
export async function pushRelease(plan: ReleasePlan, release: Release): Promise<void> {
  // A tag of an earlier run may be on an older commit than the branch.
  const branch = `${release.made.commit ?? plan.head}:refs/heads/${plan.remote.branch}`;
  const tag = `refs/tags/${plan.tag.name}`;
  const push = async (refspecs: readonly string[], atomic: boolean): Promise<PushOutcome> =>
    await pushRefs(plan.tree, { remote: plan.remote.name, refspecs, atomic, leases: leasesOf(plan, refspecs) });
  const outcome = await push([branch, tag], true);
  if (outcome.type !== "no-atomic") return await settlePush(plan, release, outcome);
  // One after the other: the commit first, since a tag without its branch would be the stranger half.
  const first = await push([branch], false);
  if (first.type !== "pushed") return await settlePush(plan, release, first);
  const second = await push([tag], false);
  if (second.type === "rejected" || second.type === "not-sent") throw halfPushed(plan, second.error);
  return await settlePush(plan, release, second);
}

/** Only the tag may be overwritten, and only while it is the one that the author has been shown. */
export function leasesOf(plan: ReleasePlan, refspecs: readonly string[]): PushRequest["leases"] {
  const ref = `refs/tags/${plan.tag.name}`;
  const expected = plan.overwrites.remote?.object;
  return expected === undefined || !refspecs.includes(ref) ? [] : [{ ref, expected }];
}

async function settlePush(plan: ReleasePlan, release: Release, outcome: PushOutcome): Promise<void> {
  if (outcome.type === "pushed") return;
  if (outcome.type === "no-atomic") throw new TypeError("a push of one ref cannot lack atomicity");
  // Whoever stops it does not want to wait for the remote's answer.
  if (isCancelled(outcome.error)) throw stayed(plan, outcome.error);
  const shown = await lookAtRemote(plan, release);
  // The answer was lost, the push was not.
  if (shown === "all") return;
  if (outcome.type !== "unknown" && shown === "none") throw await takeBack([plan], release.made, outcome.error);
  throw stayed(plan, outcome.error);
}

/** What of this release the remote has; `unknown` when it does not say. */
async function lookAtRemote(
  plan: ReleasePlan,
  { commit, made }: Release,
): Promise<"all" | "some" | "none" | "unknown"> {
  const { value: refs } = await settle(fetchRemoteRefs(plan.tree, plan.remote.name)).catch((error: unknown) => {
    throw isCancelled(error) ? stayed(plan, error) : error;
  });
  // A push moments ago and no ref at all: this is rather a login page than a repository.
  if (!refs) return "unknown";
  const has = (name: string) => refs.some((ref) => ref.name === name && ref.commit === commit);
  const tag = has(`refs/tags/${plan.tag.name}`);
  // A commit that was there before says nothing about this push.
  const branch = made.commit === undefined ? tag : has(`refs/heads/${plan.remote.branch}`);
  if (tag && branch) return "all";
  return tag || branch ? "some" : "none";
}

export const isCancelled = (error: unknown): error is PaksError => isPaksError(error) && error.code === "CANCELLED";

export const goOn = "Run the same command again: it goes on where this one stopped.";

/** Of a push of which nobody knows whether it arrived: nothing is taken back. */
export function stayed(plan: ReleasePlan, cause: PaksError): PaksError {
  const message = `It is not known whether the remote took ${plan.tag.name}. Commit and tag stay as they are. ${cause.message}`;
  const code = codeOfUnknown(cause);
  const hint = cause.code === "PUSH_FORBIDDEN" && cause.hint !== undefined ? `${cause.hint} ${goOn}` : goOn;
  return new PaksError(code, message, { hint, cause, details: { ...cause.details, taken_back: false } });
}

const codeOfUnknown = ({ code }: PaksError): PaksError["code"] =>
  code === "GIT_HOST_TIMEOUT" || code === "CANCELLED" ? code : "GIT_HOST_UNAVAILABLE";

function halfPushed(plan: ReleasePlan, cause: PaksError): PaksError {
  const message = `${cause.message} The remote takes one ref at a time, and the version commit is there already.`;
  return new PaksError(cause.code, message, {
    hint: `${cause.hint ?? "Ask who runs the git host."} Then run the same command again: only ${plan.tag.name} is left.`,
    cause,
    details: { ...cause.details, taken_back: false },
  });
}
