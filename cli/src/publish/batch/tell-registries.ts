import type { Context } from "../../context.ts";
import { hasEnded } from "../../registry-follow.ts";
import type { Answered } from "../../registry-tags.ts";
import type { Registry } from "../../registry.ts";
import { judge, noteSilence, type Notified, type NotifyOptions } from "../notify.ts";
import { settle, type Settled } from "../problems.ts";
import type { ReleasePlan } from "../release-plan.ts";
import { inParallel } from "./in-parallel.ts";

/** What became of each release that a registry was to be told of. */
export type Told = ReadonlyMap<ReleasePlan, Settled<Notified>>;

interface Group {
  readonly registry: Registry;
  readonly repository: string;
  readonly plans: readonly ReleasePlan[];
}

/**
 * As `notifyRegistry` for many releases: each registry hears of all its tags at once, and is asked about all that are
 * open at once. One by one they would use up its limit of requests.
 */
export async function tellRegistries(
  context: Context,
  plans: readonly ReleasePlan[],
  { wait, fault }: NotifyOptions,
): Promise<Told> {
  if (plans.length === 0) return new Map();
  const groups = groupPlans(plans);
  const told = await context.progress("Telling the registry", async () => await inParallel(groups.map(tell), 4));
  for (const { attempt } of told.flat()) if (attempt) fault("notified");
  const answers = wait ? await waitForAll(context, groups, told) : told;
  const work = groups.flatMap((group, at) =>
    group.plans.map(
      (plan, place) => async () => [plan, await settle(judgeAnswer(plan, answers[at]![place]!, wait))] as const,
    ),
  );
  return new Map(await inParallel(work, 4));
}

function groupPlans(plans: readonly ReleasePlan[]): readonly Group[] {
  const groups = new Map<string, Group>();
  for (const plan of plans) {
    const { registry, repository } = plan;
    const key = `${registry.url} ${repository}`;
    groups.set(key, { registry, repository, plans: [...(groups.get(key)?.plans ?? []), plan] });
  }
  return [...groups.values()];
}

const tell =
  ({ registry, repository, plans }: Group) =>
  async (): Promise<readonly Answered[]> =>
    await registry.tellTags(
      repository,
      plans.map(({ tag, place }) => ({ tag: tag.name, path: place.path })),
    );

async function waitForAll(
  context: Context,
  groups: readonly Group[],
  told: readonly (readonly Answered[])[],
): Promise<readonly (readonly Answered[])[]> {
  const known = [...told];
  return await context.progress("Waiting for the registry", async (step) => {
    const work = groups.map(({ registry }, at) => async () => {
      const onChange = (answers: readonly Answered[]): void => {
        known[at] = answers;
        step(describeProgress(known.flat()));
      };
      return await registry.followTags(told[at]!, { onChange });
    });
    return await inParallel(work, groups.length);
  });
}

/** The one that keeps all the others waiting has its name there. */
function describeProgress(answers: readonly Answered[]): string {
  const attempts = answers.flatMap(({ attempt }) => attempt ?? []);
  const indexed = attempts.filter(({ state }) => state === "indexed").length;
  const open = attempts.filter((attempt) => !hasEnded(attempt));
  const left = open.length === 1 && attempts.length > 1 ? `; left: ${open[0]!.tag}` : "";
  return `Waiting for the registry: ${indexed} of ${answers.length} indexed${left}`;
}

const judgeAnswer = async (plan: ReleasePlan, { attempt, failure }: Answered, wait: boolean): Promise<Notified> =>
  attempt ? await judge(plan, attempt, wait) : noteSilence(plan, failure);
