import { type ConsumerVerdict, PaksError, consumers } from "@paks/schema";

/** What `--for` takes, and the consumer it means. */
export const consumerIds: Readonly<Record<string, string>> = {
  "agent-skills": consumers.specification,
  "skills-ref": consumers.reference,
  "claude-ai": consumers.upload,
  "claude-code": consumers.claudeCode,
  cursor: consumers.cursor,
  copilot: consumers.copilot,
  paks: consumers.registry,
};

/** The consumers' names; none when `--for` was not given. @throws PaksError USAGE */
export function parseConsumers(words: readonly string[] = []): string[] {
  const ids = words.flatMap((word) => word.split(",")).map((id) => id.trim());
  return [...new Set(ids)].map((id) => {
    if (Object.hasOwn(consumerIds, id)) return consumerIds[id]!;
    throw new PaksError("USAGE", `--for does not know "${id}".`, {
      hint: `It knows ${Object.keys(consumerIds).join(", ")}.`,
    });
  });
}

const idOf = new Map(Object.entries(consumerIds).map(([id, name]) => [name, id]));

/** For `--json`. */
export const consumersData = (verdicts: readonly ConsumerVerdict[]) =>
  verdicts.map(({ consumer, accepts, findings }) => ({
    id: idOf.get(consumer) ?? consumer,
    name: consumer,
    accepts,
    reasons: findings.map(({ code, message }) => ({ code, message })),
  }));
