/**
 * JSON text that `jsonb` accepts: Postgres refuses NUL and lone surrogates inside strings, and both can
 * stand in a manifest that somebody else wrote.
 */
export const formatJson = (value: unknown): string => JSON.stringify(cleanValue(value));

/** Text that a `text` column accepts. */
export const cleanText = (text: string): string => text.replace(/\0|\p{Surrogate}/gu, "\uFFFD");

function cleanValue(value: unknown): unknown {
  if (typeof value === "string") return cleanText(value);
  if (Array.isArray(value)) return value.map(cleanValue);
  if (value instanceof Date || typeof value !== "object" || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [cleanText(key), cleanValue(item)]));
}
