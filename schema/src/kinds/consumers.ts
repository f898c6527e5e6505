import type { Finding } from "../finding.ts";

/** Programs and texts that judge a skill, by the name that findings use. */
export const consumers = {
  specification: "Agent Skills specification",
  /** The specification's reference validator. */
  reference: "skills-ref",
  /** The largest vendor's packaging check; its upload form and API run the same one. */
  upload: "claude.ai upload",
  claudeCode: "Claude Code",
  cursor: "Cursor",
  /** In VS Code, too. */
  copilot: "GitHub Copilot",
  registry: "paks registry",
} as const;

export const specReaders = [consumers.specification, consumers.reference, consumers.upload] as const;

export interface ConsumerVerdict {
  readonly consumer: string;
  readonly accepts: boolean;
  /** Why not. */
  readonly findings: readonly Finding[];
}

/** What each consumer would say, from the findings of a strict reading. */
export function judgeByConsumer(findings: readonly Finding[]): ConsumerVerdict[] {
  return Object.values(consumers).map((consumer) => {
    const refusals = findings.filter((finding) =>
      finding.consumers ? finding.consumers.includes(consumer) : finding.severity === "error",
    );
    return { consumer, accepts: refusals.length === 0, findings: refusals };
  });
}
