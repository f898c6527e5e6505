import type { Finding } from "@paks/schema";
import { safe } from "./safe-text.ts";

/** `SKILL.md:3:1`, as editors and terminals understand it. */
const place = (finding: Finding): string | undefined => {
  if (finding.path === undefined) return undefined;
  return [finding.path, finding.line, finding.line === undefined ? undefined : finding.column]
    .filter((part) => part !== undefined)
    .join(":");
};

/** One finding in two to four lines: place and message, then who refuses it and how to mend it. */
export function formatFinding(finding: Finding): string {
  const mark = finding.severity === "error" ? "✗" : "⚠";
  const where = place(finding);
  const field = finding.field === undefined ? "" : ` (${safe(finding.field)})`;
  const lines = [
    `${mark} ${where === undefined ? "" : `${safe(where)}: `}${safe(finding.message)}${field} [${safe(finding.code)}]`,
  ];
  if (finding.consumers?.length) lines.push(`  refused by: ${finding.consumers.map((one) => safe(one)).join(", ")}`);
  if (finding.hint !== undefined) lines.push(`  hint: ${safe(finding.hint)}`);
  return lines.join("\n");
}

export const formatFindings = (findings: readonly Finding[]): string => findings.map(formatFinding).join("\n");
