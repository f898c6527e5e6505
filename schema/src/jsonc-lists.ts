import { type Node, createScanner } from "jsonc-parser";

/** One piece of a text and what is there instead. */
interface Edit {
  readonly offset: number;
  readonly length: number;
  readonly text: string;
}

/** Nothing but these pieces changes, so comments and formatting stay as somebody made them. */
const applyEdits = (text: string, edits: readonly Edit[]): string =>
  edits
    .toSorted((a, b) => b.offset - a.offset)
    .reduce((left, edit) => left.slice(0, edit.offset) + edit.text + left.slice(edit.offset + edit.length), text);

const endOf = ({ offset, length }: Node): number => offset + length;
const eolOf = (text: string): string => (text.includes("\r\n") ? "\r\n" : "\n");
const lineStart = (text: string, at: number): number => text.lastIndexOf("\n", at - 1) + 1;
const indentAt = (text: string, at: number): string => /^[ \t]*/.exec(text.slice(lineStart(text, at), at))![0];
/** One step of indentation, as in most of the file. */
const stepOf = (text: string): string => /^\t/m.exec(text)?.[0] ?? /^( {1,8})\S/m.exec(text)?.[1] ?? "  ";

// A number of the parser's SyntaxKind, which is a const enum: such are not there when files are compiled one by one.
const comma = 5;

/** Offset behind the comma that follows, comments skipped; `undefined` when another token follows. */
function behindComma(text: string, from: number): number | undefined {
  const scanner = createScanner(text, true);
  scanner.setPosition(from);
  const token: number = scanner.scan();
  return token === comma ? scanner.getTokenOffset() + 1 : undefined;
}

/** Where the line ends if there is only space and a comment before that; `undefined` when more follows. */
function endOfLine(text: string, from: number): number | undefined {
  const found = /^[ \t]*(?:\/\*[^\n]*?\*\/[ \t]*|\/\/[^\r\n]*)?(?=\r?\n)/.exec(text.slice(from, from + 4096));
  return found ? from + found[0].length : undefined;
}

/**
 * The text with one more child at the end of a list or object, on a line of its own where the others have that. The
 * first one of a list gets a comma as well: two branches that each add a line then differ in whole lines only, and a
 * merge that keeps both is JSON. A list that ends without one, as somebody wrote it, stays so.
 * @param render makes the child's text; `undefined`: all is on one line
 */
export function appendTo(text: string, parent: Node, render: (indent: string | undefined) => string): string {
  const last = parent.children?.at(-1);
  return last ? appendBehind(text, { parent, last }, render) : fillEmpty(text, parent, render);
}

function appendBehind(
  text: string,
  { parent, last }: { readonly parent: Node; readonly last: Node },
  render: (indent: string | undefined) => string,
): string {
  const before = parent.children!.at(-2);
  const isOwnLine = text.slice(before ? endOf(before) : parent.offset, last.offset).includes("\n");
  const behind = behindComma(text, endOf(last));
  const trailing = behind === undefined ? "" : ",";
  const missing: Edit[] = behind === undefined ? [{ offset: endOf(last), length: 0, text: "," }] : [];
  const end = isOwnLine ? endOfLine(text, behind ?? endOf(last)) : undefined;
  const indent = indentAt(text, last.offset);
  const added = end === undefined ? ` ${render(undefined)}` : `${eolOf(text)}${indent}${render(indent)}`;
  const at = end ?? behind ?? endOf(last);
  const child = { offset: at, length: 0, text: `${added}${trailing}` };
  if (missing.length === 0 || at !== endOf(last)) return applyEdits(text, [...missing, child]);
  return applyEdits(text, [{ ...child, text: `,${child.text}` }]);
}

function fillEmpty(text: string, parent: Node, render: (indent: string | undefined) => string): string {
  const close = endOf(parent) - 1;
  const inner = text.slice(parent.offset + 1, close);
  const isLines = inner.includes("\n") || text.slice(0, parent.offset).includes("\n");
  if (!isLines) {
    const pad = parent.type === "object" && inner.trim() === "" ? " " : "";
    return applyEdits(text, [{ offset: close, length: 0, text: `${pad}${render(undefined)}${pad}` }]);
  }
  const outer = indentAt(text, inner.includes("\n") ? close : parent.offset);
  const indent = outer + stepOf(text);
  const kept = inner.trimEnd();
  const comma = parent.type === "array" ? "," : "";
  const added = `${eolOf(text)}${indent}${render(indent)}${comma}${eolOf(text)}${outer}`;
  const offset = parent.offset + 1 + kept.length;
  return applyEdits(text, [{ offset, length: close - offset, text: added }]);
}

/** The text with another value in place of one. */
export const replaceNode = (text: string, { offset, length }: Node, value: string): string =>
  applyEdits(text, [{ offset, length, text: value }]);

/** A property whose value is a list of one value, with its comma as above. @param one as it is written */
export function renderList(text: string, key: string, one: string): (indent: string | undefined) => string {
  const name = JSON.stringify(key);
  return (indent) => {
    if (indent === undefined) return `${name}: [${one}]`;
    const eol = eolOf(text);
    return `${name}: [${eol}${indent}${stepOf(text)}${one},${eol}${indent}]`;
  };
}

/** The text without one child of a list: its line goes with what is written behind it there, all else stays. */
export function removeChild(text: string, parent: Node, index: number): string {
  const children = parent.children!;
  const child = children[index]!;
  const before = children[index - 1];
  const behind = behindComma(text, endOf(child));
  const isLast = index === children.length - 1;
  const from = lineStart(text, child.offset);
  const end = endOfLine(text, behind ?? endOf(child));
  const isOwnLine = end !== undefined && text.slice(from, child.offset).trim() === "" && from > parent.offset;
  // The comma before it would be one too many where the others have none at the end.
  const extra = isLast && behind === undefined && before ? behindComma(text, endOf(before)) : undefined;
  const commas: Edit[] = extra === undefined ? [] : [{ offset: extra - 1, length: 1, text: "" }];
  if (isOwnLine) {
    const next = text.indexOf("\n", end) + 1;
    return applyEdits(text, [...commas, { offset: from, length: next - from, text: "" }]);
  }
  const space = isLast ? 0 : /^[ \t]*/.exec(text.slice(behind))![0].length;
  const until = (behind ?? endOf(child)) + space;
  const start = isLast && before ? child.offset - /[ \t]*$/.exec(text.slice(0, child.offset))![0].length : child.offset;
  return applyEdits(text, [...commas, { offset: start, length: until - start, text: "" }]);
}
