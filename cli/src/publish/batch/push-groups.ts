import { fetchRemoteRefs, pushRefs, takeBackRefs } from "@paks/git/work-tree";
import { PaksError } from "@paks/schema";
import { tagsPerPush } from "../commands-text.ts";
import type { Fault } from "../options.ts";
import { goOn, isCancelled, stayed } from "../push.ts";
import { settle } from "../problems.ts";
import { type ReleasePlan, topTree, withoutSignal } from "../release-plan.ts";
import { type Made, takeBack, targetOf } from "../take-back.ts";

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

/**
 * Pushes the tags in groups, each group all or nothing, the branch with the first. A tag that the remote refuses is
 * sent apart from its group, so that it stands in nobody's way; its local tag is taken back.
 * @throws PaksError CANCELLED; then commit and tags stay
 */
export async function pushGroups(
  plans: readonly ReleasePlan[],
  { made, fault, tagsOnly }: { readonly made: Made; readonly fault: Fault; readonly tagsOnly: boolean },
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
    fault("group-pushed");
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
  const outcome = await pushRefs(topTree(first), { remote: remote.name, refspecs, atomic: state.atomic });
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
  const [[, cause]] = [...failures] as [[ReleasePlan, PaksError]];
  const said = await takeBack(plans, made, cause);
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
    return again(cause, `${cause.message} ${said}`, isUndone && error === undefined);
  });
}

const again = (cause: PaksError, message: string, takenBack: boolean): PaksError =>
  new PaksError(cause.code, message, {
    hint: `${cause.hint ?? "Ask who runs the git host."} Then run the same command again.`,
    cause,
    details: { ...cause.details, taken_back: takenBack },
  });

const stopped = (plans: readonly ReleasePlan[], cause: PaksError): PaksError => {
  const tags = plans.length === 1 ? plans[0]!.tag.name : `all ${plans.length} tags`;
  const message = `It is not known whether the remote took ${tags}. The version commit and the tags stay as they are. ${cause.message}`;
  return new PaksError("CANCELLED", message, { hint: goOn, cause, details: { ...cause.details, taken_back: false } });
};
