import { type Node, type ParseError, createScanner, parseTree } from "jsonc-parser";
import { escapeText } from "./characters.ts";
import { PaksError } from "./errors.ts";
import { appendTo, removeChild, renderList, replaceNode } from "./jsonc-lists.ts";
import { parsePakName } from "./names.ts";
import { isTaken } from "./origin.ts";
import { checkPath } from "./paths.ts";
import { type Workspace, aliasOf, workspaceFileNames } from "./workspace-files.ts";
import {
  type Found,
  type TextRule,
  fieldOf,
  isJsonObject,
  optionalField,
  readList,
  readText,
  refuseFound,
} from "./shape.ts";

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
    ...readSources(fieldOf(known, "paks")),
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

/** What every system can have as a folder, and no other place than its own. */
const aliasRule: TextRule = {
  fits: (name) => isTaken(parsePakName, name) && checkPath(name) === undefined,
  else: "is not a name that a pak's folder can have",
};

/** Each a source, or `{ "source": …, "as": … }` with the folder that it is to have. */
function readSources(found: Found): Pick<Workspace, "paks" | "aliases"> {
  if (found.value === undefined) return { paks: [] };
  const entries = readList(found, mostSources).map(readSource);
  const aliases = new Map<string, string | undefined>();
  for (const { source, as, at } of entries) {
    if (aliases.has(source) && aliases.get(source) !== as) throw refuseFound(at, "is there already under another name");
    aliases.set(source, as);
  }
  const named = [...aliases].flatMap(([source, as]) => (as === undefined ? [] : [[source, as] as const]));
  const paks = entries.map(({ source }) => source);
  return named.length === 0 ? { paks } : { paks, aliases: Object.fromEntries(named) };
}

interface Entry {
  readonly source: string;
  readonly as?: string;
  readonly at: Found;
}

function readSource(at: Found): Entry {
  if (!isJsonObject(at.value)) return { source: readText(at), at };
  const unknown = Object.keys(at.value).find((key) => key !== "source" && key !== "as");
  // Left out silently, what somebody asks for there would not be done.
  if (unknown !== undefined) throw refuseFound(fieldOf(at, unknown), "is not known here");
  return {
    source: readText(fieldOf(at, "source")),
    ...optionalField(at, "as", (field) => readText(field, aliasRule)),
    at,
  };
}

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
  requireMerged(text, path);
  if (text.length > maxLength) throw refuse("the file", `is longer than ${maxLength} characters`);
  requireShallow(text, path);
  const errors: ParseError[] = [];
  // Some editors on Windows begin every file with a byte order mark. A blank keeps all offsets.
  const tree = parseTree(text.replace(/^\uFEFF/, " "), errors, { allowTrailingComma: true });
  const [error] = errors;
  if (error) throw notJson(text.slice(0, error.offset), path);
  if (tree?.type !== "object") throw refuse("the file", "is not an object");
  requireOnce(tree, refuse);
  return tree;
}

function notJson(before: string, path: string): PaksError {
  const lines = before.split("\n");
  const [line, column] = [lines.length, lines.at(-1)!.length + 1];
  return new PaksError("MANIFEST_INVALID", `${path}:${line}:${column}: here it stops being JSON.`, {
    hint: "Comments and commas at the end of lists are fine; quotes and brackets must match.",
    details: { path, line, column },
  });
}

function requireMerged(text: string, path: string): void {
  const marks = /^(?:<{7} |={7}$|>{7} )/m.exec(text);
  if (!marks) return;
  const line = text.slice(0, marks.index).split("\n").length;
  throw new PaksError("MANIFEST_INVALID", `${path} holds the marks of a merge conflict in line ${line}.`, {
    hint: "Keep the lines of both sides, take the marks out, then run `paks install`.",
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
function valueOf(node: Node): unknown {
  if (node.type === "array") return (node.children ?? []).map(valueOf);
  if (node.type !== "object") return node.value;
  return Object.fromEntries(
    (node.children ?? []).map(({ children }) => [String(children?.[0]?.value), children?.[1] && valueOf(children[1])]),
  );
}

/**
 * The text with one more source at the end of its list, or with another name for one that is there. Nothing else of it
 * changes; what is there already as it should be changes nothing.
 * @param as the folder that it is to have; absent: the pak's own name
 * @throws PaksError MANIFEST_INVALID
 */
export function addToWorkspace(text: string, source: string, as?: string): string {
  const start = text.trim() === "" ? newWorkspace : text;
  const { tree, lists, workspace } = listsOf(start);
  const [list] = lists;
  const entry = list?.children?.[indexIn(list, source)];
  if (entry) return aliasOf(workspace, source) === as ? text : renameEntry(start, entry, { source, as });
  const rendered = renderEntry({ source, as });
  if (list === undefined) return appendTo(start, tree, renderList(start, "paks", rendered));
  return appendTo(start, list, () => rendered);
}

/**
 * The text with the registry in which names are looked up; without a change when it names one.
 * @throws PaksError MANIFEST_INVALID
 */
export function nameRegistry(text: string, registry: string): string {
  const start = text.trim() === "" ? newWorkspace : text;
  const { tree } = listsOf(start);
  if (valueAt(tree, "registry") !== undefined) return text;
  return appendTo(start, tree, () => `"registry": ${JSON.stringify(registry)}`);
}

interface Rendered {
  readonly source: string;
  readonly as: string | undefined;
}

const renderEntry = ({ source, as }: Rendered): string =>
  as === undefined ? JSON.stringify(source) : `{ "source": ${JSON.stringify(source)}, "as": ${JSON.stringify(as)} }`;

function renameEntry(text: string, entry: Node, rendered: Rendered): string {
  const name = rendered.as === undefined ? undefined : valueAt(entry, "as");
  return name ? replaceNode(text, name, JSON.stringify(rendered.as)) : replaceNode(text, entry, renderEntry(rendered));
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
  children.findIndex((child) => (valueAt(child, "source") ?? child).value === source);

const valueAt = ({ type, children = [] }: Node, key: string): Node | undefined =>
  type === "object" ? children.find((one) => one.children?.[0]?.value === key)?.children?.[1] : undefined;

/** None or one. */
function listAt(tree: Node, key: string): Node[] {
  const list = valueAt(tree, key);
  return list === undefined ? [] : [list];
}

interface Lists {
  readonly tree: Node;
  /** The list of sources, if it is there. */
  readonly lists: readonly Node[];
  readonly disabled: readonly Node[];
  readonly workspace: Workspace;
}

function listsOf(text: string): Lists {
  const tree = parseText(text, workspaceFileNames[0]);
  const workspace = parseWorkspace(text, workspaceFileNames[0]);
  const lists = listAt(tree, "paks");
  return {
    tree,
    workspace,
    lists: lists.length > 0 ? lists : listAt(tree, "packs"),
    disabled: listAt(tree, "disabled"),
  };
}
