import type { PaksError } from "@paks/schema";
import type { Context } from "../context.ts";
import { type Notified, notifyRegistry } from "./notify.ts";
import { decideRelease, type Gathered } from "./plan.ts";
import { settle } from "./problems.ts";
import { hasGitWork, type ReleasePlan } from "./release-plan.ts";

/** How a release that the registry was never told of is announced; nothing when it cannot be: nobody has asked for it. */
export async function planUntold(
  context: Context,
  gathered: Gathered,
  { untold }: ReleasePlan,
): Promise<ReleasePlan | undefined> {
  if (untold === undefined) return undefined;
  const options = { ...gathered.options, bump: undefined, preid: undefined, version: untold, force: false };
  const { value: plan } = await settle(decideRelease(context, { ...gathered, options }));
  return plan?.steps.push === "done" && !hasGitWork(plan) && !plan.published ? plan : undefined;
}

/** @throws PaksError INTEGRITY_MISMATCH; everything else that the registry says to it is a note */
export async function tellUntold(context: Context, plan: ReleasePlan, wait: boolean): Promise<Notified> {
  const { value, error } = await settle(notifyRegistry(context, plan, { wait, fault: () => undefined }));
  return value ?? noteOf(error!);
}

/**
 * The registry refuses, now or for ever, what nobody has asked for in this run: that is told and no failure of it.
 * @throws the error when the registry has recorded other bytes
 */
export function noteOf(error: PaksError): Notified {
  const { message, hint } = error;
  if (!mayBeNote(error)) throw error;
  const note = hint === undefined ? message : `${message} ${hint}`;
  return { state: "pushed", verified: false, attempt: undefined, note };
}

export const mayBeNote = ({ code }: PaksError): boolean => code !== "INTEGRITY_MISMATCH";
