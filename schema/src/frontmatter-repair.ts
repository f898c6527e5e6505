/** A top-level `key: value` whose value stands on the key's line, as far as the lines that continue it. */
const entry = /^([A-Za-z_][\w-]*)(:[ \t]+)([^]*)$/;
/** The same, inside a map or list. */
const nestedEntry = /^([ \t]+(?:- +)?[\w.-]+)(:[ \t]+)([^]*)$/;
/** A key whose value begins on the next line. */
const opensBlock = /^[A-Za-z_][\w-]*:[ \t]*\r?$/;
/** `key:"value"`: the blank after the colon was forgotten. */
const missingBlank = /^([A-Za-z_][\w-]*):(["'][^]*)$/;
/** Quoted, bracketed, block and empty values are left as they are. */
const isNotPlain = /^["'[{|>&!#]|^\r?$/;
/** What makes a plain value invalid: a colon before a blank or at the end, or a first character that YAML reserves. */
const needsQuotes = /:(?:[ \t]|\r?$)|^[*@`%]/;

/**
 * Puts single quotes round top-level plain values that YAML cannot read as they stand, e.g. `description: Use
 * when: …`. Lines keep their numbers. This is what the open format's guide for clients suggests.
 */
export function quotePlainValues(yaml: string): string {
  const lines = yaml.split("\n");
  const repaired: string[] = [];
  for (let index = 0; index < lines.length;) {
    const end = endOfEntry(lines, index);
    repaired.push(...repairEntry(lines.slice(index, end)));
    index = end;
  }
  return repaired.join("\n");
}

/** Indented and blank lines belong to the entry above them. */
function endOfEntry(lines: readonly string[], start: number): number {
  let end = start + 1;
  while (end < lines.length && /^[ \t]+\S/.test(lines[end]!)) end += 1;
  return end;
}

function repairEntry(lines: readonly string[]): readonly string[] {
  const [head = "", ...rest] = lines;
  const glued = missingBlank.exec(head);
  if (glued) return [`${glued[1]}: ${glued[2]}`, ...rest];
  if (opensBlock.test(head)) return [head, ...rest.flatMap((line) => quoteValue(nestedEntry.exec(line), []) ?? line)];
  return quoteValue(entry.exec(head), rest) ?? lines;
}

/** The lines of one entry with its value in quotes; `undefined` when it needs none. */
function quoteValue(match: RegExpExecArray | null, rest: readonly string[]): readonly string[] | undefined {
  const [, key, separator, first] = match ?? [];
  if (key === undefined || first === undefined || isNotPlain.test(first)) return undefined;
  const value = [first, ...rest];
  if (!value.some((line) => needsQuotes.test(line.trimStart()))) return undefined;
  const text = value.map((line) => line.replaceAll("'", "''"));
  text[0] = `${key}${separator}'${text[0]}`;
  const last = text.at(-1)!;
  text[text.length - 1] = last.endsWith("\r") ? `${last.slice(0, -1)}'\r` : `${last}'`;
  return text;
}
