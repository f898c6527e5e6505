import { escapeText } from "@paks/schema";

const secrets: readonly (readonly [RegExp, string])[] = [
  // user:password@ and token@ in an address
  [/([a-z][a-z0-9+.-]{0,30}:\/\/)[^\s/]{0,4000}@/gi, "$1***@"],
  [/(authorization:[ \t]{0,9}(?:[a-z]{1,20}[ \t]{1,9})?)\S+/gi, "$1***"],
  [/([?&][a-z_-]{0,30}(?:token|key|secret|password|sig|signature)=)[^\s&]+/gi, "$1***"],
  [/\b(?:gh[opsru]_|github_pat_|glpat-|paks_|npm_|xox[abprs]-)[A-Za-z0-9_-]{10,}/g, "***"],
];

/**
 * Text that git or a server wrote, fit to be shown: without credentials, without control characters except line
 * ends, and short.
 */
export function redactGitText(text: string): string {
  let redacted = lastLines(text);
  for (const [pattern, replacement] of secrets) redacted = redacted.replaceAll(pattern, replacement);
  return redacted
    .split(/\r?\n/)
    .map((line) => escapeText(line.trimEnd(), 500))
    .filter((line) => line !== "")
    .join("\n")
    .slice(-4000);
}

/** Whole lines only: half of one could begin behind the part that shows that a secret follows. */
function lastLines(text: string): string {
  const longest = 16 * 1024;
  if (text.length <= longest) return text;
  const tail = text.slice(-longest);
  const end = tail.indexOf("\n");
  return end < 0 ? "" : tail.slice(end + 1);
}
