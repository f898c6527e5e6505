import { type Node, type ParseError, createScanner, parseTree, printParseErrorCode } from "jsonc-parser";
import { escapeText } from "./characters.ts";
import { PaksError } from "./errors.ts";
import { appendTo, removeChild, renderList } from "./jsonc-lists.ts";
import { type Workspace, workspaceFileNames } from "./workspace-files.ts";
import { type Found, fieldOf, optionalField, readList, readText } from "./shape.ts";

const maxLength = 1024 * 1024;
const maxDepth = 64;
const mostSources = 10_000;

/**
 * Reads `paks.jsonc`: JSON with comments and commas at the end of lists.
 * @throws PaksError MANIFEST_INVALID with `details` path and place or line
 */
export function parseWorkspace(text: string, path: string): Workspace {
  const tree = parseText(text, path);
  const root: Found = { value: valueOf(tree), place: "", refuse: refuser(path) };
  // Older files call the list of sources `packs` and the list of tools `targets`.
  const { paks, packs, disabled, agents, targets, registry, ...extra } = root.value as Record<string, unknown>;
  const known: Found = { ...root, value: { paks: paks ?? packs, disabled, agents: agents ?? targets, registry } };
  return {
    paks: readTexts(fieldOf(known, "paks")),
    disabled: readTexts(fieldOf(known, "disabled")),
    // `"*"` alone means every tool that is found, which is what no list means.
    ...(isEvery(agents ?? targets) ? {} : optionalField(known, "agents", readTexts)),
    ...optionalField(known, "registry", (field) => readText(field, { max: 2048 })),
    extra,
  };
}

const isEvery = (value: unknown): boolean => value === "*" || (Array.isArray(value) && value.includes("*"));

const readTexts = (found: Found): string[] =>
  found.value === undefined ? [] : readList(found, mostSources).map((one) => readText(one));

const refuser =
  (path: string) =>
  (place: string, why: string): PaksError =>
    new PaksError("MANIFEST_INVALID", `${path}: ${place} ${why}.`, {
      hint: 'A workspace looks like { "paks": ["acme/pdf@^1.2"] }.',
      details: { path, place },
    });

/** The tree of a text that is one object. */
function parseText(text: string, path: string): Node {
  const refuse = refuser(path);
  if (text.length > maxLength) throw refuse("the file", `is longer than ${maxLength} characters`);
  requireShallow(text, path);
  const errors: ParseError[] = [];
  const tree = parseTree(text, errors, { allowTrailingComma: true });
  const [error] = errors;
  if (error) {
    const line = text.slice(0, error.offset).split("\n").length;
    throw new PaksError("MANIFEST_INVALID", `${path}:${line} is not JSON (${printParseErrorCode(error.error)}).`, {
      hint: "Comments and commas at the end of lists are fine; quotes and brackets must match.",
      details: { path, line },
    });
  }
  if (tree?.type !== "object") throw refuse("the file", "is not an object");
  requireOnce(tree, refuse);
  return tree;
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

/** Of two equal keys readers take one or the other. */
function requireOnce(tree: Node, refuse: Found["refuse"]): void {
  const seen = new Set<unknown>();
  for (const property of tree.children ?? []) {
    const key: unknown = property.children?.[0]?.value;
    if (seen.has(key)) throw refuse(`"${escapeText(String(key), 60)}"`, "is there twice");
    seen.add(key);
  }
}

/** Plain values. Made by hand: with the parser's own, a key `__proto__` would become the prototype. */
function valueOf(node: Node): unknown {
  if (node.type === "array") return (node.children ?? []).map(valueOf);
  if (node.type !== "object") return node.value;
  return Object.fromEntries(
    (node.children ?? []).map(({ children }) => [String(children?.[0]?.value), children?.[1] && valueOf(children[1])]),
  );
}

/**
 * The text with one more source at the end of its list. Nothing else of it changes; a source that is there already
 * changes nothing.
 * @throws PaksError MANIFEST_INVALID
 */
export function addToWorkspace(text: string, source: string): string {
  const start = text.trim() === "" ? newWorkspace : text;
  const { tree, lists, paks } = listsOf(start);
  if (paks.includes(source)) return text;
  const [list] = lists;
  if (list === undefined) return appendTo(start, tree, renderList(start, "paks", source));
  return appendTo(start, list, () => JSON.stringify(source));
}

const newWorkspace = '{\n  "paks": []\n}\n';

/**
 * The text without a source, in its list and in that of the disabled ones; without a change when it is not there.
 * @throws PaksError MANIFEST_INVALID
 */
export function removeFromWorkspace(text: string, source: string): string {
  let left = text;
  for (;;) {
    const { lists, disabled } = listsOf(left);
    const list = [...lists, ...disabled].find((one) => indexIn(one, source) >= 0);
    if (list === undefined) return left;
    left = removeChild(left, list, indexIn(list, source));
  }
}

const indexIn = ({ children = [] }: Node, source: string): number =>
  children.findIndex(({ value }) => value === source);

interface Lists {
  readonly tree: Node;
  /** The list of sources, if it is there. */
  readonly lists: readonly Node[];
  readonly disabled: readonly Node[];
  readonly paks: readonly string[];
}

function listsOf(text: string): Lists {
  const tree = parseText(text, workspaceFileNames[0]);
  const { paks } = parseWorkspace(text, workspaceFileNames[0]);
  const listAt = (key: string): Node[] =>
    (tree.children ?? []).flatMap(({ children }) => (children?.[0]?.value === key ? (children[1] ?? []) : []));
  const lists = listAt("paks");
  return { tree, paks, lists: lists.length > 0 ? lists : listAt("packs"), disabled: listAt("disabled") };
}
