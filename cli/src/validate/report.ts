import type { ConsumerVerdict, Finding } from "@paks/schema";
import type { Result } from "../command.ts";
import { formatFindings } from "../output/findings.ts";
import { safe } from "../output/safe-text.ts";
import type { Validation } from "../validate-pak.ts";
import { consumersData } from "./consumer-ids.ts";

/** Narrows a validation to the consumers that `--for` names. */
export interface Judged extends Validation {
  /** Names of consumers; empty when all count as the profile says. */
  readonly wanted: readonly string[];
}

export function judgeFor(validation: Validation, wanted: readonly string[]): Judged {
  if (wanted.length === 0) return { ...validation, wanted };
  const verdicts = validation.verdicts.filter(({ consumer }) => wanted.includes(consumer));
  return {
    ...validation,
    wanted,
    verdicts,
    valid: verdicts.every(({ accepts }) => accepts),
    findings: validation.findings.flatMap((finding) => (concerns(finding, wanted) ? weigh(finding) : [])),
  };
}

/** What a consumer refuses is no mere warning where just this consumer counts. */
const weigh = (finding: Finding): Finding => (finding.consumers ? { ...finding, severity: "error" } : finding);

const concerns = ({ consumers }: Finding, wanted: readonly string[]): boolean =>
  consumers === undefined || consumers.some((consumer) => wanted.includes(consumer));

export const resultOf = (judged: Judged): Result & { readonly data: object } => ({
  data: dataOf(judged),
  text: textOf(judged),
  exit: judged.valid ? 0 : 5,
});

export const dataOf = ({ folder, profile, valid, manifest, findings, verdicts, files, bytes }: Judged) => ({
  path: folder,
  profile,
  valid,
  kind: manifest?.kind ?? null,
  name: manifest?.name ?? null,
  version: manifest?.version ?? null,
  files,
  bytes,
  findings,
  consumers: consumersData(verdicts),
});

function textOf(judged: Judged): string {
  const { findings, verdicts } = judged;
  const lines = [verdictOf(judged), ...formatVerdicts(verdicts)];
  return findings.length === 0 ? lines.join("\n") : [formatFindings(findings), ...lines].join("\n");
}

function verdictOf({ valid, profile, manifest, findings, verdicts, files, bytes, wanted }: Judged): string {
  const { errors, warnings } = countFindings(findings);
  const name =
    manifest === undefined
      ? "This pak"
      : [manifest.name, manifest.version]
          .filter((one) => one !== undefined)
          .map((one) => safe(one))
          .join(" ");
  const counts = [count(errors, "error"), count(warnings, "warning")].filter((one) => one !== "").join(", ");
  if (wanted.length > 0 && !valid) return `✗ ${name} is not for ${wanted.join(", ")}`;
  const what = wanted.length === 0 ? `valid (${profile})` : `valid for ${wanted.join(", ")}`;
  if (!valid) return `✗ ${name} is not ${what}: ${counts}`;
  const end = `${counts === "" ? "" : `, with ${counts}`}: ${count(files, "file")}, ${bytes} bytes`;
  const refusing = countRefusals(verdicts);
  if (refusing === 0) return `✓ ${name} is ${what}${end}`;
  // Lenient is what a reader makes of it; "valid" above a list of all who refuse it would be no help.
  return refusing === verdicts.length
    ? `⚠ ${name} is readable (${profile}), but refused by all that were asked${end}`
    : `⚠ ${name} is ${what}, but refused by ${refusing} of ${verdicts.length} that were asked${end}`;
}

export const countRefusals = (verdicts: readonly ConsumerVerdict[]): number =>
  verdicts.filter(({ accepts }) => !accepts).length;

/** Who accepts it, in one line; who refuses it and why, those with the same reasons together. */
function formatVerdicts(verdicts: readonly ConsumerVerdict[]): string[] {
  const accepting = verdicts.filter(({ accepts }) => accepts).map(({ consumer }) => consumer);
  const refusing = new Map<string, string[]>();
  for (const { accepts, consumer, findings } of verdicts) {
    if (accepts) continue;
    const reasons = formatReasons(findings);
    refusing.set(reasons, [...(refusing.get(reasons) ?? []), consumer]);
  }
  return [
    ...(accepting.length === 0 ? [] : [`  accepted by ${accepting.join(", ")}`]),
    ...[...refusing].map(([reasons, who]) => `  refused by ${who.join(", ")}: ${reasons}`),
  ];
}

const shownReasons = 2;

function formatReasons(findings: readonly Finding[]): string {
  const reasons = findings.slice(0, shownReasons).map(({ message }) => safe(message).replace(/\.$/, ""));
  const more = findings.length - reasons.length;
  return `${reasons.join("; ")}${more > 0 ? `; and ${more} more` : ""}`;
}

export function countFindings(findings: readonly Finding[]): { readonly errors: number; readonly warnings: number } {
  const errors = findings.filter((finding) => finding.severity === "error").length;
  return { errors, warnings: findings.length - errors };
}

const count = (number: number, what: string): string =>
  number === 0 ? "" : `${number} ${what}${number === 1 ? "" : "s"}`;
