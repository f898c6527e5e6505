import { errorCodes, type Finding, formatErrorBody, formatPakId, type PaksError } from "@paks/schema";
import type { Result } from "../../command.ts";
import { formatFindings } from "../../output/findings.ts";
import { safe } from "../../output/safe-text.ts";
import { formatTable } from "../../output/table.ts";
import { formatCommands } from "../commands-text.ts";
import type { ReleasePlan } from "../release-plan.ts";
import { dataOf } from "../result.ts";
import type { BatchPlan } from "./plan-batch.ts";
import type { BatchOutcome, PakOutcome } from "./publish-batch.ts";

/** One value and one table for all paks of a run; the exit code is that of the first that failed. */
export function resultOf(outcome: BatchOutcome): Result {
  const failed = outcome.outcomes.find(({ error }) => error)?.error;
  return {
    data: dataOfBatch(outcome),
    text: textOfBatch(outcome),
    ...(failed ? { exit: errorCodes[failed.code].exit } : {}),
  };
}

function dataOfBatch({ planned, outcomes, dryRun }: BatchOutcome) {
  return {
    releases: outcomes.map(dataOfPak),
    released: outcomes.filter((outcome) => outcome.published && !outcome.error && !isOut(outcome)).length,
    failed: outcomes.filter(({ error }) => error).length,
    unchanged: planned.total - new Set(outcomes.flatMap((outcome) => (isOut(outcome) ? [] : outcome.path))).size,
    notes: planned.note === undefined ? [] : [planned.note],
    ...(dryRun ? { commands: commandsOf({ planned, outcomes }) } : {}),
  };
}

/** An earlier run released it, and nothing was left to be done. */
const isOut = ({ published, error }: PakOutcome): boolean => !error && published?.state === "already-published";

function dataOfPak({ path, plan, published, error }: PakOutcome) {
  if (published && !error) return published.plan.published ? dataOf(published) : withoutCommands(dataOf(published));
  return {
    package: plan ? formatPakId(plan.id) : null,
    path,
    version: plan?.version ?? null,
    tag: plan?.tag.name ?? null,
    state: "failed",
    error: error && formatErrorBody(error).error,
  };
}

/** Those of all paks together stand at the end. */
function withoutCommands(data: ReturnType<typeof dataOf>): Record<string, unknown> {
  return "commands" in data ? { ...data, commands: undefined } : data;
}

function textOfBatch({ planned, outcomes, dryRun }: BatchOutcome): string {
  if (outcomes.length === 0) return "✓ No pak has changed since its last release.";
  const lines = [tableOf(outcomes)];
  for (const [text, names] of groupFailures(outcomes)) lines.push("", `✗ ${names.join(", ")}`, text);
  for (const { published } of outcomes) {
    if (published?.notified?.note !== undefined) lines.push(`⚠ ${safe(published.notified.note)}`);
  }
  lines.push(...missingOf(outcomes), ...elsewhereOf(outcomes));
  if (planned.note !== undefined) lines.push("", `⚠ ${safe(planned.note)}`);
  const commands = dryRun ? commandsOf({ planned, outcomes }) : [];
  if (commands.length > 0) lines.push("", "Nothing was changed. These commands do the same:", "", ...commands);
  return lines.join("\n");
}

/** Of the warnings those that concern whoever installs; what an author may polish tells `validate --all`. */
const missingOf = (outcomes: readonly PakOutcome[]): string[] =>
  outcomes.flatMap(({ path, plan }) =>
    (plan?.warnings ?? [])
      .filter(({ code }) => code.startsWith("DEPENDENCY_"))
      .map(({ message }) => `⚠ ${safe(nameOf(path, plan))}: ${safe(message)}`),
  );

/** What is to be known of releases that are out: above all that the next one would be refused. */
const elsewhereOf = (outcomes: readonly PakOutcome[]): string[] =>
  outcomes.flatMap(({ plan }) => (plan?.published ? plan.notes.map((note) => `⚠ ${safe(note)}`) : []));

/** The version commit names releases that are out too, so it is made of all plans. */
function commandsOf({ planned, outcomes }: Pick<BatchOutcome, "planned" | "outcomes">): string[] {
  const plans = outcomes.flatMap(({ plan, error }) => (plan && !error ? plan : []));
  return plans.every(({ published }) => published) ? [] : formatCommands(plans, planned);
}

/** What stands in the way of several paks is said once, with all their names. */
function groupFailures(outcomes: readonly PakOutcome[]): ReadonlyMap<string, readonly string[]> {
  const groups = new Map<string, string[]>();
  for (const { path, plan, error } of outcomes) {
    if (!error) continue;
    const text = formatError(error);
    groups.set(text, [...(groups.get(text) ?? []), safe(nameOf(path, plan))]);
  }
  return groups;
}

const nameOf = (path: string, plan: ReleasePlan | undefined): string => (plan ? formatPakId(plan.id) : path || ".");

/** With the registries, where there are several. */
function tableOf(outcomes: readonly PakOutcome[]): string {
  const urls = outcomes.map(({ plan }) => (plan && plan.steps.index !== "skipped" ? plan.registry.url : ""));
  const isOne = new Set(urls.filter((url) => url !== "")).size < 2;
  const header = ["pak", "version", "tag", "state", ...(isOne ? [] : ["registry"])];
  return formatTable(
    header,
    outcomes.map((outcome, at) => [...rowOf(outcome), ...(isOne ? [] : [urls[at]!])]),
  );
}

function rowOf({ path, plan, published, error }: PakOutcome): string[] {
  const version = plan ? (plan.edit && plan.previous ? `${plan.previous} → ${plan.version}` : plan.version) : "";
  const state = error ? `failed: ${error.code}` : (published?.state ?? "planned");
  return [nameOf(path, plan), version, plan?.tag.name ?? "", state];
}

/** All findings when there are several, else the one. */
function formatError(error: PaksError): string {
  const findings = error.details?.["findings"];
  const list = Array.isArray(findings) ? (findings as Finding[]).filter(({ severity }) => severity === "error") : [];
  if (list.length > 0) return formatFindings(list);
  return formatFindings([{ severity: "error", code: error.code, message: error.message, hint: error.hint }]);
}

/** What will be released, for the question before it. */
export function formatBatchPlan({ paks, note }: BatchPlan): string {
  const rows = paks.map(({ path, plan, error }): PakOutcome => {
    return { path, plan, error, published: plan?.published && { plan, state: "already-published" } };
  });
  const lines = [tableOf(rows), ...missingOf(rows)];
  if (note !== undefined) lines.push(`⚠ ${safe(note)}`);
  return lines.join("\n");
}
