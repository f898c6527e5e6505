import { isPaksError, PaksError } from "@paks/schema";
import type { Context } from "../../context.ts";
import { makeReleases } from "../apply.ts";
import { readFault } from "../options.ts";
import { goOn, pushReleases } from "../push.ts";
import type { PublishMode } from "../publish.ts";
import type { ReleasePlan } from "../release-plan.ts";
import type { Published } from "../result.ts";
import { type Made, targetOf } from "../take-back.ts";
import { mayBeNote, noteOf } from "../tell-untold.ts";
import { type BatchPlan, planBatch, type PlannedPak } from "./plan-batch.ts";
import { formatBatchPlan } from "./result-batch.ts";
import { tellRegistries, type Told } from "./tell-registries.ts";
import type { Selection } from "./select.ts";
import type { WholeRepository } from "../repository-facts.ts";
import type { Started } from "../start.ts";

/** What became of one pak. */
export interface PakOutcome {
  readonly path: string;
  /** Absent when it was not planned, or its release went wrong. */
  readonly published?: Published | undefined;
  readonly plan?: ReleasePlan | undefined;
  readonly error?: PaksError | undefined;
}

export interface BatchOutcome {
  readonly planned: BatchPlan;
  readonly outcomes: readonly PakOutcome[];
  /** Nothing was carried out. */
  readonly dryRun: boolean;
}

/**
 * Several paks of one repository: one version commit, a tag each, few pushes. A pak that cannot be released is left
 * out, and the others are released. @throws PaksError what stands in the way of all of them
 */
export async function publishBatch(
  context: Context,
  request: { readonly started: Started<WholeRepository>; readonly selection: Selection },
  mode: PublishMode,
): Promise<BatchOutcome> {
  const { started, selection } = request;
  const { options } = started;
  const fault = readFault(context.config);
  const label = "Checking everything";
  const planned = await context.progress(label, async () => await planBatch(context, started, selection));
  const plans = planned.paks.flatMap(({ plan, error }) => (plan && !error ? plan : []));
  const todo = plans.filter(({ published }) => published === undefined);
  if (mode.dryRun || todo.length === 0) {
    const outcomes = planned.paks.map(({ path, plan, error }): PakOutcome => {
      const state = plan?.published ? "already-published" : "planned";
      return { path, plan, error, published: plan && { plan, state } };
    });
    return { planned, outcomes, dryRun: mode.dryRun };
  }
  if (!mode.yes && context.io.interactive) await requireConsent(context, planned, todo);
  const made = await makeReleases(plans, fault);
  const pushing = plans.filter(({ steps }) => steps.push === "todo").length;
  const push = async () =>
    await pushReleases(plans, { made, onGroup: () => fault("group-pushed"), tagsOnly: planned.tagsOnly });
  const failures = pushing === 0 ? await push() : await context.progress(`Pushing ${pushing} tags`, push);
  fault("pushed");
  const gone = planned.paks.map((pak) => ({ ...pak, error: pak.error ?? (pak.plan && failures.get(pak.plan)) }));
  try {
    const told = await tellRegistries(context, toTell(gone), { wait: options.wait, fault });
    return { planned, outcomes: gone.map((pak) => outcomeOf(pak, made, told)), dryRun: false };
  } catch (error) {
    throw isPaksError(error) && error.code === "CANCELLED" ? stoppedAfterPush(error) : error;
  }
}

/** The releases that are out, of which a registry is to be told. */
const toTell = (paks: readonly PlannedPak[]): readonly ReleasePlan[] =>
  paks.flatMap(({ plan, error }) =>
    plan && !error && !plan.published && plan.steps.push !== "skipped" && plan.steps.index !== "skipped" ? plan : [],
  );

function outcomeOf({ path, plan, error, isUntold }: PlannedPak, made: Made, told: Told): PakOutcome {
  if (!plan || error) return { path, plan, error };
  if (plan.published) return { path, plan, published: { plan, state: "already-published" } };
  const applied = { commit: targetOf(plan, made.commit), made };
  const answer = told.get(plan);
  if (!answer) {
    const state = plan.steps.push === "skipped" ? "tagged" : "pushed";
    return { path, plan, published: { plan, state, applied } };
  }
  const { value: notified, error: refusal } = answer;
  if (notified) return { path, plan, published: { plan, state: notified.state, applied, notified } };
  // Nobody has asked for it in this run.
  if (isUntold === true && refusal && mayBeNote(refusal))
    return { path, plan, published: { plan, state: "pushed", notified: noteOf(refusal) } };
  return { path, plan, error: refusal };
}

async function requireConsent(context: Context, planned: BatchPlan, todo: readonly ReleasePlan[]): Promise<void> {
  const about = formatBatchPlan(planned);
  const message = `Publish ${todo.length === 1 ? todo[0]!.tag.name : `these ${todo.length} paks`}?`;
  if (await context.prompts.confirm({ message, about, instead: "--yes", initial: true })) return;
  throw new PaksError("CANCELLED", "Stopped; nothing was changed.");
}

const stoppedAfterPush = (cause: PaksError): PaksError =>
  new PaksError("CANCELLED", "Stopped. The version commit and the tags stay; what the remote took is pushed.", {
    hint: goOn,
    cause,
  });

/** The failures of single paks. */
export const errorsOf = (outcome: BatchOutcome): PaksError[] =>
  outcome.outcomes.flatMap(({ error }) => (isPaksError(error) ? error : []));
