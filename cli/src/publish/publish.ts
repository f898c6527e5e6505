import { PaksError } from "@paks/schema";
import type { Context } from "../context.ts";
import { type Applied, applyRelease } from "./apply.ts";
import { asIfAside, type Aside, askAside, findAside, tellLeftAside, tellNotCommitted, withAside } from "./aside.ts";
import { askVersion } from "./ask-version.ts";
import { notifyRegistry } from "./notify.ts";
import { type Fault, readFault } from "./options.ts";
import { isOverwriting, listOverwrites } from "./overwrites.ts";
import { decideRelease, gather, gatherAnswers, type Gathered, isBlocked } from "./plan.ts";
import { settle } from "./problems.ts";
import type { ReleasePlan } from "./release-plan.ts";
import type { RepositoryFacts } from "./repository-facts.ts";
import { formatQuestion, type Published } from "./result.ts";
import type { Started } from "./start.ts";
import { planUntold, tellUntold } from "./tell-untold.ts";

export interface PublishMode {
  readonly dryRun: boolean;
  /** Nobody is asked. */
  readonly yes: boolean;
}

interface Wish {
  readonly gathered: Gathered;
  readonly aside?: Aside | undefined;
}

const checking = "Checking everything";

/** Plan, ask, apply, notify. @throws PaksError what the plan found; what a step met */
export async function publishPak(
  context: Context,
  started: Started<RepositoryFacts>,
  mode: PublishMode,
): Promise<Published> {
  const { options } = started;
  const fault = readFault(context.config);
  const asks = context.io.interactive && !mode.yes;
  const gathered = await context.progress(checking, async () => await gatherAnswers(context, started));
  await tellLeftAside(context, gathered);
  const wish = asks && !mode.dryRun ? await askAuthor(context, gathered) : { gathered };
  const { plan, untold } = await context.progress(checking, async () => await decideBoth(context, wish.gathered));
  // Nothing would be done, so there are no commands that do it either.
  if (plan.published) return { plan, state: "already-published", dryRun: mode.dryRun };
  if (mode.dryRun) return { plan, untold: untold && { plan: untold }, state: "planned" };
  if (asks || (!mode.yes && isOverwriting(plan.overwrites))) await requireConsent(context, plan, wish.aside);
  const applied = await carryOut(context, plan, { ...wish, fault });
  const done = { plan, applied, shown: asks };
  if (plan.steps.push === "skipped") return { ...done, state: "tagged" };
  if (plan.steps.index === "skipped") return { ...done, state: "pushed" };
  const { wait } = options;
  const [notified, told] = await Promise.all([
    notifyRegistry(context, plan, { wait, fault }),
    untold && tellUntold(context, untold, wait),
  ]);
  return { ...done, untold: untold && { plan: untold, notified: told }, state: notified.state, notified };
}

/** The plan, and that of an earlier release which the registry is told of besides. */
async function decideBoth(context: Context, gathered: Gathered): Promise<{ plan: ReleasePlan; untold?: ReleasePlan }> {
  const plan = await decideRelease(context, gathered);
  const untold = await planUntold(context, gathered, plan);
  if (!untold) return { plan };
  const note = `${untold.tag.name} is out, but the registry was never told of it: it is announced, too`;
  return { plan: { ...plan, notes: [...plan.notes, note] }, untold };
}

/** Nothing is asked where the answers would not help: then everything that stands in the way is told at once. */
async function askAuthor(context: Context, gathered: Gathered): Promise<Wish> {
  const aside = findAside(gathered);
  const clean = aside ? { ...asIfAside(gathered, aside), manifest: undefined } : gathered;
  if (isBlocked(clean)) return { gathered };
  if (aside && (await isAllOut(context, clean))) {
    tellNotCommitted(context, aside);
    return { gathered: clean };
  }
  if (aside && !(await askAside(context, aside))) return { gathered };
  const version = await askVersion(context, clean);
  const options = version === undefined ? clean.options : { ...clean.options, version, preid: undefined };
  return { gathered: { ...clean, options }, aside };
}

/** Whether what is committed is released already: then nobody needs to put anything aside for it. */
async function isAllOut(context: Context, clean: Gathered): Promise<boolean> {
  const plan = await context.progress(checking, async () => await settle(decideRelease(context, clean)));
  return plan.value?.published !== undefined;
}

async function requireConsent(context: Context, plan: ReleasePlan, aside: Aside | undefined): Promise<void> {
  const about = formatQuestion(plan, aside?.entries.length ?? 0);
  const overwritten = listOverwrites(plan.overwrites, plan.tag.name, plan.remote.name);
  const doing = plan.steps.push === "skipped" ? `Make ${plan.tag.name}` : `Publish ${plan.tag.name}`;
  const message = overwritten.length === 0 ? `${doing}?` : `${doing} and overwrite ${overwritten.join(" and ")}?`;
  if (await context.prompts.confirm({ message, about, instead: "--yes", initial: overwritten.length === 0 })) return;
  throw new PaksError("CANCELLED", "Stopped; nothing was changed.");
}

/** With files put aside it is planned once more: what is there now has to be what was agreed to. */
async function carryOut(
  context: Context,
  plan: ReleasePlan,
  { gathered, aside, fault }: Wish & { readonly fault: Fault },
): Promise<Applied> {
  if (!aside) return await applyRelease(context, plan, fault);
  return await withAside(context, { aside, plan, fault }, async () => {
    const { options, outside } = gathered;
    const exact = { ...options, bump: undefined, preid: undefined, version: plan.version };
    const again = await decideRelease(context, { ...(await gather(context, exact, outside)), options: exact });
    requireSame(plan, again);
    return await applyRelease(context, again, fault);
  });
}

function requireSame(agreed: ReleasePlan, now: ReleasePlan): void {
  const facts = ({ head, version, digest, tag }: ReleasePlan) => [head, version, digest, tag.name].join(" ");
  if (facts(agreed) === facts(now)) return;
  throw new PaksError("WORKTREE_CHANGED", "The repository has changed since the plan was shown.", {
    hint: "Run the same command again when nothing else works in this repository.",
  });
}
