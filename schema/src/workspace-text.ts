import { type Node, type ParseError, createScanner, parseTree } from "jsonc-parser";
import { escapeText } from "./characters.ts";
import { PaksError } from "./errors.ts";
import type { Found } from "./shape.ts";

const maxLength = 1024 * 1024;
const maxDepth = 64;

export const refuser =
  (path: string) =>
  (place: string, why: string): PaksError =>
    new PaksError("MANIFEST_INVALID", `${path}: ${place} ${why}.`, {
      hint: 'A workspace looks like { "paks": ["acme/pdf@^1.2"] }.',
      details: { path, place },
    });

/** The tree of a text that is one object. */
export function parseText(text: string, path: string): Node {
  const refuse = refuser(path);
  requireMerged(text, path);
  if (text.length > maxLength) throw refuse("the file", `is longer than ${maxLength} characters`);
  requireShallow(text, path);
  if (text.trim() === "") throw refuse("the file", "is empty");
  const errors: ParseError[] = [];
  // Some editors on Windows begin every file with a byte order mark. A blank keeps all offsets.
  const tree = parseTree(text.replace(/^\uFEFF/, " "), errors, { allowTrailingComma: true });
  const [error] = errors;
  if (error) throw notJson(text, error, path);
  if (tree?.type !== "object") throw refuse("the file", "is not an object");
  requireOnce(tree, refuse);
  return tree;
}

/** Where it stops being JSON. A missing comma is told where it belongs, not at what comes behind it. */
function notJson(text: string, { error, offset }: ParseError, path: string): PaksError {
  const isComma = (error as number) === commaExpected;
  const lines = text.slice(0, isComma ? endBefore(text, offset) : offset).split("\n");
  const [line, column] = [lines.length, lines.at(-1)!.length + 1];
  const what = isComma ? "a comma is missing here, at the end of an entry" : "here it stops being JSON";
  return new PaksError("MANIFEST_INVALID", `${path}:${line}:${column}: ${what}.`, {
    hint: isComma
      ? "Every entry but the last needs one behind it; behind the last one it is allowed."
      : "Comments and commas at the end of lists are fine; quotes and brackets must match.",
    details: { path, line, column },
  });
}

// A number of the parser's ParseErrorCode, which is a const enum like the one below.
const commaExpected = 6;

/** End of the last thing before `offset` that is no comment and no space. */
function endBefore(text: string, offset: number): number {
  const scanner = createScanner(text, true);
  let end = 0;
  while ((scanner.scan() as number) !== scanEnd && scanner.getTokenOffset() < offset)
    end = scanner.getTokenOffset() + scanner.getTokenLength();
  return end;
}

function requireMerged(text: string, path: string): void {
  const marks = /^(?:<{7} |={7}$|>{7} )/m.exec(text);
  if (!marks) return;
  const line = text.slice(0, marks.index).split("\n").length;
  throw new PaksError("MANIFEST_INVALID", `${path} holds the marks of a merge conflict in line ${line}.`, {
    hint: "Keep the lines of both sides, each with a comma behind it, take the marks out, then run `paks install`.",
    details: { path, line },
  });
}

/** The parser calls itself for every bracket: a file of brackets would end the program. */
function requireShallow(text: string, path: string): void {
  const scanner = createScanner(text, true);
  let depth = 0;
  for (let token: number = scanner.scan(); token !== scanEnd; token = scanner.scan()) {
    if (token === openBrace || token === openBracket) depth += 1;
    if (token === closeBrace || token === closeBracket) depth -= 1;
    if (depth > maxDepth) throw refuser(path)("the file", `is more than ${maxDepth} levels deep`);
  }
}

// Numbers of the parser's SyntaxKind, which is a const enum: such are not there when files are compiled one by one.
const [openBrace, closeBrace, openBracket, closeBracket, scanEnd] = [1, 2, 3, 4, 17];

/** Of two equal keys readers take one or the other: at the top, and in what asks for one pak. */
function requireOnce(tree: Node, refuse: Found["refuse"]): void {
  for (const key of ["paks", "packs"])
    for (const entry of listAt(tree, key).flatMap(({ children }) => children ?? []))
      if (entry.type === "object") requireKeysOnce(entry, refuse);
  requireKeysOnce(tree, refuse);
}

function requireKeysOnce(tree: Node, refuse: Found["refuse"]): void {
  const seen = new Set<unknown>();
  for (const property of tree.children ?? []) {
    const key: unknown = property.children?.[0]?.value;
    if (seen.has(key)) throw refuse(`"${escapeText(String(key), 60)}"`, "is there twice");
    seen.add(key);
  }
}

/** Plain values. Made by hand: with the parser's own, a key `__proto__` would become the prototype. */
export function valueOf(node: Node): unknown {
  if (node.type === "array") return (node.children ?? []).map(valueOf);
  if (node.type !== "object") return node.value;
  return Object.fromEntries(
    (node.children ?? []).map(({ children }) => [String(children?.[0]?.value), children?.[1] && valueOf(children[1])]),
  );
}

export const valueAt = ({ type, children = [] }: Node, key: string): Node | undefined =>
  type === "object" ? children.find((one) => one.children?.[0]?.value === key)?.children?.[1] : undefined;

/** None or one. */
export function listAt(tree: Node, key: string): Node[] {
  const list = valueAt(tree, key);
  return list === undefined ? [] : [list];
}
