import { type Finding, secretFingerprint } from "@paks/schema";

/** What the author has looked at and knows to be no secret stays on the list, but no longer stands in the way. */
export const allowSecrets = (findings: readonly Finding[], allowed: readonly string[]): Finding[] =>
  findings.map((finding) => {
    const print = secretFingerprint(finding);
    if (print === undefined) return finding;
    if (allowed.includes(print)) return { ...finding, severity: "warning" };
    return { ...finding, hint: `${finding.hint} When it is none: --allow-secret ${print}` };
  });
