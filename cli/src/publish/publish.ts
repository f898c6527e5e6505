import type { Context } from "../context.ts";
import { applyRelease } from "./apply.ts";
import { notifyRegistry } from "./notify.ts";
import { type PublishOptions, readFault } from "./options.ts";
import { isOverwriting, listOverwrites } from "./overwrites.ts";
import { planRelease } from "./plan.ts";
import type { ReleasePlan } from "./release-plan.ts";
import { formatPlan, type Published } from "./result.ts";
import { PaksError } from "@paks/schema";

export interface PublishMode {
  readonly dryRun: boolean;
  /** Nobody is asked. */
  readonly yes: boolean;
}

/** Plan, ask, apply, notify. @throws PaksError what the plan found; what a step met */
export async function publishPak(context: Context, options: PublishOptions, mode: PublishMode): Promise<Published> {
  const fault = readFault(context.config);
  const plan = await context.progress("Checking everything", async () => await planRelease(context, options));
  if (mode.dryRun) return { plan, state: "planned" };
  if (plan.published) return { plan, state: "already-published" };
  if (!mode.yes && (context.io.interactive || isOverwriting(plan.overwrites))) await requireConsent(context, plan);
  const applied = await applyRelease(context, plan, fault);
  if (plan.steps.push === "skipped") return { plan, state: "tagged", applied };
  if (plan.steps.index === "skipped") return { plan, state: "pushed", applied };
  const notified = await notifyRegistry(context, plan, { wait: options.wait, fault });
  return { plan, state: notified.state, applied, notified };
}

async function requireConsent(context: Context, plan: ReleasePlan): Promise<void> {
  if (context.io.interactive) context.note(formatPlan(plan));
  const overwritten = listOverwrites(plan.overwrites, plan.tag.name, plan.remote.name);
  const doing = plan.steps.push === "skipped" ? `Make ${plan.tag.name}` : `Publish ${plan.tag.name}`;
  const message = overwritten.length === 0 ? `${doing}?` : `${doing} and overwrite ${overwritten.join(" and ")}?`;
  if (await context.prompts.confirm({ message, instead: "--yes", initial: overwritten.length === 0 })) return;
  throw new PaksError("CANCELLED", "Stopped; nothing was changed.");
}
