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

// Numbers of the parser's SyntaxKind, which is a const enum: such are not there when files are compiled one by one.
const [comma, lineComment, blockComment, lineBreak, space, endOfFile] = [5, 12, 13, 14, 15, 17];

/** Offset behind the comma that follows, comments skipped; `undefined` when another token follows. */
function behindComma(text: string, from: number): number | undefined {
  const scanner = createScanner(text, true);
  scanner.setPosition(from);
  const token: number = scanner.scan();
  return token === comma ? scanner.getTokenOffset() + 1 : undefined;
}

/** Where the line ends if there is only space and comments before that; `undefined` when more follows. */
function endOfLine(text: string, from: number): number | undefined {
  const found = /^[ \t]*(?:\/\*(?:(?!\*\/)[^\n])*\*\/[ \t]*)*(?:\/\/[^\r\n]*)?(?=\r?\n)/.exec(
    text.slice(from, from + 4096),
  );
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

/** Whether a comment is inside it. */
export function hasComment(text: string, { offset, length }: Node): boolean {
  const scanner = createScanner(text.slice(offset, offset + length), false);
  for (let kind: number = scanner.scan(); kind !== endOfFile; kind = scanner.scan())
    if (kind === lineComment || kind === blockComment) return true;
  return false;
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

/**
 * The text without one child of a list, and without the comments on its line that can only be about it: those right in
 * front of it, those behind it before its comma, and one at the end of a line that has nothing else on it. All else
 * stays: a comment on lines of its own may be the heading of more than one.
 */
export function removeChild(text: string, parent: Node, index: number): string {
  const children = parent.children!;
  const [before, child] = [children[index - 1], children[index]!];
  const behind = behindComma(text, endOf(child));
  const isLast = index === children.length - 1;
  // The comma before it would be one too many where the others have none at the end.
  const extra = isLast && behind === undefined && before ? behindComma(text, endOf(before)) : undefined;
  const commas: Edit[] = extra === undefined ? [] : [{ offset: extra - 1, length: 1, text: "" }];
  const front = startOf(text, parent, { before, child });
  const { end, nextLine, more } = endOfChild(text, { before, child, front });
  commas.push(...more);
  if (front.isLineStart && nextLine !== undefined)
    return applyEdits(text, [...commas, { offset: front.at, length: nextLine - front.at, text: "" }]);
  const isTrimmed = isLast && before !== undefined;
  const start = front.at + (isTrimmed ? 0 : spaceAt(text, front.at));
  const until = end + (isLast || nextLine !== undefined ? 0 : spaceAt(text, end));
  return applyEdits(text, [...commas, { offset: start, length: until - start, text: "" }]);
}

const spaceAt = (text: string, at: number): number => /^[ \t]*/.exec(text.slice(at, at + 4096))![0].length;

interface Neighbours {
  readonly before: Node | undefined;
  readonly child: Node;
}

interface Front {
  readonly at: number;
  /** Nothing but comments is in front of it on its line. */
  readonly isLineStart: boolean;
}

/** Where a child begins with the comments in front of it on its line. */
function startOf(text: string, parent: Node, { before, child }: Neighbours): Front {
  const from = before ? behindComma(text, endOf(before))! : parent.offset + 1;
  let front: Front = { at: from, isLineStart: false };
  for (const { kind, end, isLong } of triviaFrom(text, from)) {
    if (end > child.offset) break;
    if (kind === lineBreak) front = { at: end, isLineStart: true };
    // It begins on the line of what is before.
    else if (isLong && !front.isLineStart) front = { at: end, isLineStart: false };
  }
  return front;
}

interface Back {
  readonly end: number;
  /** Where the next line begins, when nothing else follows on this one. */
  readonly nextLine: number | undefined;
  /** A comma that does not follow at once. */
  readonly more: readonly Edit[];
}

/** Where a child ends with its comma and its comments. */
function endOfChild(text: string, { before, child, front }: Neighbours & { readonly front: Front }): Back {
  const isShared = before !== undefined && !text.slice(endOf(before), child.offset).includes("\n");
  const behind = behindComma(text, endOf(child));
  const own = runFrom(text, endOf(child), (kind) => kind === blockComment || !isShared);
  if (behind === undefined) return { ...own, more: [] };
  const isNear = !triviaFrom(text, own.end).some(({ kind }) => kind === lineComment || kind === blockComment);
  if (!isNear) return { ...own, more: [{ offset: behind - 1, length: 1, text: "" }] };
  const rest = runFrom(text, behind, () => front.isLineStart);
  return rest.nextLine === undefined ? { end: behind, nextLine: undefined, more: [] } : { ...rest, more: [] };
}

/** Behind the comments of that line that are taken; without them, where one is not. */
function runFrom(text: string, from: number, isTaken: (kind: number) => boolean): Omit<Back, "more"> {
  let end = from;
  for (const one of triviaFrom(text, from)) {
    if (one.kind === lineBreak) return { end: one.start, nextLine: one.end };
    if (one.kind === space) continue;
    if (!isTaken(one.kind)) break;
    end = one.end;
  }
  return { end, nextLine: undefined };
}

interface Trivia {
  readonly kind: number;
  readonly start: number;
  readonly end: number;
  /** It goes over more than one line. */
  readonly isLong: boolean;
}

/** Spaces, comments and ends of lines until the next token. */
function triviaFrom(text: string, from: number): Trivia[] {
  const scanner = createScanner(text, false);
  scanner.setPosition(from);
  const found: Trivia[] = [];
  for (let kind: number = scanner.scan(); kind >= lineComment && kind <= space; kind = scanner.scan()) {
    const start = scanner.getTokenOffset();
    const end = start + scanner.getTokenLength();
    found.push({ kind, start, end, isLong: kind === blockComment && text.slice(start, end).includes("\n") });
  }
  return found;
}
