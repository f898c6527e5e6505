import { escapeText } from "@paks/schema";

const secrets: readonly (readonly [RegExp, string])[] = [
  // user:password@ and token@ in an address
  [/([a-z][a-z0-9+.-]*:\/\/)[^\s/@]*@/gi, "$1***@"],
  [/((?:proxy-)?authorization:\s*(?:[a-z]+\s+)?)\S+/gi, "$1***"],
  [/([?&](?:[a-z_-]*token|key|secret|password|sig(?:nature)?)=)[^\s&]+/gi, "$1***"],
  [/\b(?:gh[opsru]_|github_pat_|glpat-|paks_|npm_|xox[abprs]-)[A-Za-z0-9_-]{10,}/g, "***"],
];

/**
 * Text that git or a server wrote, fit to be shown: without credentials, without control characters except line
 * ends, and short.
 */
export function redactGitText(text: string): string {
  let redacted = text;
  for (const [pattern, replacement] of secrets) redacted = redacted.replaceAll(pattern, replacement);
  return redacted
    .split(/\r?\n/)
    .map((line) => escapeText(line.trimEnd(), 500))
    .filter((line) => line !== "")
    .join("\n")
    .slice(-4000);
}
