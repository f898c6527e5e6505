import { fetchRemoteRefs, type PushRequest, pushRefs, takeBackRefs } from "@paks/git/work-tree";
import { isPaksError, PaksError } from "@paks/schema";
import { settle } from "./problems.ts";
import { type ReleasePlan, topTree, withoutSignal } from "./release-plan.ts";
import { type Made, takeBack, targetOf } from "./take-back.ts";

/** Tags of one atomic push: GitHub sends no events when more are pushed at once. */
export const tagsPerPush = 3;

/** Why a release is not on the remote; releases without a row are. */
export type PushFailures = ReadonlyMap<ReleasePlan, PaksError>;

interface State {
  readonly head: string;
  readonly made: Made;
  readonly failures: Map<ReleasePlan, PaksError>;
  readonly queue: ReleasePlan[][];
  atomic: boolean;
  branchPushed: boolean;
  /** Nobody knows what the remote has: nothing more is sent, and nothing is taken back. */
  unknown: boolean;
}

interface PushOptions {
  readonly made: Made;
  /** Called after each group. */
  readonly onGroup?: () => void;
  /** The remote has the commit already. */
  readonly tagsOnly?: boolean;
}

/**
 * Pushes the tags in groups, each group all or nothing, the branch with the first. A tag that the remote refuses is
 * sent apart from its group, so that it stands in nobody's way. What was refused is taken back when the remote shows
 * none of it; where nobody knows, everything stays and the same command goes on.
 * @returns PUSH_REJECTED, BEHIND_UPSTREAM (taken back); GIT_HOST_UNAVAILABLE (stays)
 * @throws PaksError CANCELLED; then commit and tags stay
 */
export async function pushReleases(
  plans: readonly ReleasePlan[],
  { made, onGroup, tagsOnly = false }: PushOptions,
): Promise<PushFailures> {
  const todo = plans.filter(({ steps }) => steps.push === "todo");
  const [first] = todo;
  if (!first) return new Map();
  const queue = Array.from({ length: Math.ceil(todo.length / tagsPerPush) }, (_, at) =>
    todo.slice(at * tagsPerPush, (at + 1) * tagsPerPush),
  );
  const head = made.commit ?? first.head;
  const state: State = { head, made, failures: new Map(), queue, atomic: true, branchPushed: tagsOnly, unknown: false };
  for (let group = queue.shift(); group; group = queue.shift()) {
    await pushGroup(state, group);
    onGroup?.();
  }
  try {
    return await settleFailures(plans, state);
  } catch (error) {
    throw isCancelled(error) ? stopped(todo, error) : error;
  }
}

async function pushGroup(state: State, group: readonly ReleasePlan[]): Promise<void> {
  const [first] = group;
  if (!first) return;
  const { remote } = first;
  const branch = `refs/heads/${remote.branch}`;
  // Without atomic pushes everything goes alone, the branch before its tags.
  const tags = state.atomic || state.branchPushed ? group : [];
  const refspecs = [
    ...(state.branchPushed ? [] : [`${state.head}:${branch}`]),
    ...tags.map(({ tag }) => `refs/tags/${tag.name}`),
  ];
  const leases = tags.flatMap((plan) => leasesOf(plan, refspecs) ?? []);
  const outcome = await pushRefs(topTree(first), { remote: remote.name, refspecs, atomic: state.atomic, leases });
  switch (outcome.type) {
    case "pushed":
      state.branchPushed = true;
      if (tags.length === 0) state.queue.unshift([...group]);
      return;
    case "no-atomic":
      state.atomic = false;
      state.queue.unshift(...splitUp([group, ...state.queue.splice(0)]));
      return;
    case "rejected":
      if (group.length > 1 && !isBranchRefused(outcome.error, branch)) state.queue.unshift(...splitUp([group]));
      else if (tags.length > 0 && !isBranchRefused(outcome.error, branch)) state.failures.set(first, outcome.error);
      else failRest(state, group, outcome.error);
      return;
    case "not-sent":
      failRest(state, group, outcome.error);
      return;
    case "unknown":
      state.unknown = true;
      failRest(state, group, outcome.error);
  }
}

const splitUp = (groups: readonly (readonly ReleasePlan[])[]): ReleasePlan[][] => groups.flat().map((plan) => [plan]);

/** By itself, not because a tag of the same push was. */
function isBranchRefused({ details, code }: PaksError, branch: string): boolean {
  if (code === "BEHIND_UPSTREAM") return true;
  const refs = (details?.["refs"] ?? []) as readonly { readonly ref: string; readonly summary: string }[];
  return refs.some(({ ref, summary }) => ref === branch && !/atomic/.test(summary));
}

function failRest(state: State, group: readonly ReleasePlan[], error: PaksError): void {
  for (const plan of [...group, ...state.queue.splice(0).flat()]) state.failures.set(plan, error);
}

/** Looks at the remote before anything is taken back: what it shows is out, whatever git said. */
async function settleFailures(plans: readonly ReleasePlan[], state: State): Promise<PushFailures> {
  const { failures, made } = state;
  const [first] = failures.keys();
  if (!first) return failures;
  // Whoever stops it does not want to wait for the remote's answer.
  for (const error of failures.values()) if (isCancelled(error)) throw error;
  const { value: refs } = await settle(fetchRemoteRefs(topTree(first), first.remote.name));
  const shown = new Set(refs?.map(({ name, commit }) => `${name} ${commit}`));
  for (const plan of [...failures.keys()]) {
    if (shown.has(`refs/tags/${plan.tag.name} ${targetOf(plan, made.commit)}`)) failures.delete(plan);
  }
  if (failures.size === 0) return failures;
  const branch = state.branchPushed || shown.has(`refs/heads/${first.remote.branch} ${state.head}`);
  if (!refs || state.unknown) return mapErrors(failures, (error, plan) => stayed(plan, error));
  const allRefused = !branch && plans.every((plan) => failures.has(plan) || plan.steps.push !== "todo");
  return allRefused ? await takeBackAll(plans, state) : await takeBackTags(state);
}

const mapErrors = (failures: PushFailures, change: (error: PaksError, plan: ReleasePlan) => PaksError): PushFailures =>
  new Map([...failures].map(([plan, error]) => [plan, change(error, plan)]));

async function takeBackAll(plans: readonly ReleasePlan[], { failures, made }: State): Promise<PushFailures> {
  const [[only, cause]] = [...failures] as [[ReleasePlan, PaksError]];
  const said = await takeBack(plans, made, cause);
  if (failures.size === 1) return new Map([[only, said]]);
  const end = said.message.slice(cause.message.length);
  return mapErrors(failures, (error) => again(error, `${error.message}${end}`, said.details?.["taken_back"] === true));
}

/** The version commit is shared and out already; a rerun finds the versions in it and only tags and pushes. */
async function takeBackTags({ failures, made }: State): Promise<PushFailures> {
  const tags = made.tags.filter((plan) => failures.has(plan));
  const [first] = tags;
  const undo = tags.map((plan) => ({ ...plan.tag, commit: targetOf(plan, made.commit) }));
  const { error } = first ? await settle(takeBackRefs(withoutSignal(topTree(first)), { tags: undo })) : {};
  const left = error ? `Its tag could not be taken back: ${error.message}` : "Its tag was taken back.";
  const undone = new Set(tags);
  return mapErrors(failures, (cause, plan) => {
    const isUndone = undone.has(plan);
    const said = isUndone ? left : "Its tag is of an earlier run and stays.";
    const shared = made.commit === undefined ? "" : " The version commit is out and stays.";
    return again(cause, `${cause.message} ${said}${shared}`, isUndone && error === undefined);
  });
}

const again = (cause: PaksError, message: string, takenBack: boolean): PaksError =>
  new PaksError(cause.code, message, {
    hint: /same command again/.test(cause.hint ?? "")
      ? cause.hint
      : `${cause.hint ?? "Ask who runs the git host."} Then run the same command again.`,
    cause,
    details: { ...cause.details, taken_back: takenBack },
  });

function stopped(plans: readonly ReleasePlan[], cause: PaksError): PaksError {
  if (plans.length === 1) return stayed(plans[0]!, cause);
  const message = `It is not known whether the remote took all ${plans.length} tags. The version commit and the tags stay as they are. ${cause.message}`;
  return new PaksError("CANCELLED", message, { hint: goOn, cause, details: { ...cause.details, taken_back: false } });
}

/** Only the tag may be overwritten, and only while it is the one that the author has been shown. */
export function leasesOf(plan: ReleasePlan, refspecs: readonly string[]): PushRequest["leases"] {
  const ref = `refs/tags/${plan.tag.name}`;
  const expected = plan.overwrites.remote?.object;
  return expected === undefined || !refspecs.includes(ref) ? [] : [{ ref, expected }];
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
