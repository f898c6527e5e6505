/**
 * What may reach a terminal: letters, marks, numbers, punctuation, symbols and blanks. Left out of these classes are
 * characters that show nothing (Hangul fillers, the joiner U+034F, variation selectors beyond FE0E and FE0F, which
 * can carry hidden data). Everything else — controls, bidi and zero-width characters, tags, private and unassigned
 * code points, halves of surrogate pairs — is not on the list.
 */
const notAllowed = /(?![\uFE0E\uFE0F])(?:[^\p{L}\p{M}\p{N}\p{P}\p{S}\p{Zs}]|\p{Default_Ignorable_Code_Point})/gu;
const lineBreak = "\n";
/** Most text is this, and the classes above take milliseconds to compile. */
const plainLine = /^[\x20-\x7E]*$/;
const plainLines = /^[\x20-\x7E\n]*$/;
/** More marks than any script stacks on one letter: they would paint over the lines above and below. */
const pileOfMarks = /(?<=\p{M}{4})\p{M}/gu;

const visible = (character: string): string => `\\u{${character.codePointAt(0)!.toString(16)}}`;

export interface SafeOptions {
  /** Keeps `\n`; tabs become blanks. Only for text whose lines are ours. */
  readonly multiline?: boolean;
}

/**
 * Makes any text harmless for a terminal: what could move the cursor, hide, reorder or paint becomes a visible
 * `\u{…}`. Every string from a registry, git, a file, the environment or an error passes here before it is printed.
 */
export function safe(text: string, options: SafeOptions = {}): string {
  const multiline = options.multiline === true;
  if ((multiline ? plainLines : plainLine).test(text)) return text;
  const given = multiline ? text.replaceAll("\r\n", "\n").replaceAll("\t", "    ") : text;
  return given
    .replace(notAllowed, (character) => (multiline && character === lineBreak ? character : visible(character)))
    .replace(pileOfMarks, visible);
}

/** JSON that means the same and whose bytes are harmless when somebody looks at them. */
export function formatJson(value: unknown): string {
  const json = JSON.stringify(value ?? null, undefined, 2);
  if (plainLines.test(json)) return json;
  return json.replace(notAllowed, (character) => (character === lineBreak ? character : escapeUnits(character)));
}

const escapeUnits = (character: string): string =>
  Array.from(
    { length: character.length },
    (_, index) => `\\u${character.charCodeAt(index).toString(16).padStart(4, "0")}`,
  ).join("");
