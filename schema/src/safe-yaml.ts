import { Composer, CST, isMap, isScalar, isSeq, Lexer, Parser } from "yaml";
import type { Document, Node, Pair, Scalar, YAMLMap } from "yaml";
import { escapeText, formatCodePoint } from "./characters.ts";
import { type ErrorCode, PaksError } from "./errors.ts";
import { defaultLimits } from "./limits.ts";
import { lineAndColumn } from "./text.ts";
import { explainYaml } from "./yaml-mistakes.ts";
import { findNode, type YamlPath } from "./yaml-tree.ts";

/** Keys and values together; the largest published front matter has some 150. */
const maxNodes = 2000;
/** Nested maps and lists, the outermost counted; the deepest published one has 6. */
const maxDepth = 8;
/** Keeps the splitter's own pattern, which is quadratic in blank lines, below 40 ms. */
const maxLines = 2000;
/** A program that copies such a key into an ordinary object changes every object. */
const dangerousKeys = new Set(["__proto__", "constructor", "prototype"]);

export interface YamlOptions {
  /** File name for the error's details. */
  readonly path?: string | undefined;
  /** Line of the file on which the text begins, 1-based. */
  readonly firstLine?: number;
  /** How an error's message names the text, e.g. `The front matter`. */
  readonly subject?: string;
  /** `FRONTMATTER_INVALID` unless given. */
  readonly invalid?: ErrorCode;
}

/** Where a value stands. */
export interface YamlPlace {
  /** 1-based, in the file. */
  readonly line: number;
  /** 1-based, in UTF-16 code units. */
  readonly column: number;
  /** A scalar's text before YAML turned it into a number, boolean or null: `1.10` where the value is 1.1. */
  readonly source: string | undefined;
}

export interface YamlReading {
  /** Maps without prototype, lists, and JSON scalars. Numbers that JSON cannot hold stay text. */
  readonly data: Record<string, unknown>;
  /** The map itself, for edits; `undefined` when the text is empty. */
  readonly root: YAMLMap | undefined;
  readonly locate: (path: YamlPath) => YamlPlace | undefined;
}

type Fail = (offset: number, message: string, hint?: string, code?: ErrorCode) => PaksError;

/**
 * Reads one map of plain YAML 1.2 (core schema). Anchors, aliases, merge keys, tags, directives and several
 * documents are refused, as are texts that are too large or too deep.
 * @throws PaksError FRONTMATTER_INVALID (or `options.invalid`), FRONTMATTER_TOO_COMPLEX, INVALID_CHARACTERS, with
 *   `details` path, line, column and field
 */
export function parseYamlMap(text: string, options: YamlOptions = {}): YamlReading {
  const fail = failAt(text, options);
  checkSize(text, fail);
  const root = parseRoot(text, fail);
  if (root === undefined) return { data: emptyMap(), root, locate: () => undefined };
  const data = new Reader(fail).readMap(root, 1);
  return { data, root, locate: (path) => placeOf(findNode(root, path), text, options.firstLine) };
}

const emptyMap = (): Record<string, unknown> => Object.create(null) as Record<string, unknown>;

function failAt(text: string, options: YamlOptions): Fail {
  const subject = options.subject ?? "The front matter";
  return (offset, message, hint, code) => {
    const { line, column } = lineAndColumn(text, offset, options.firstLine);
    const field = fieldAbove(text, offset);
    return new PaksError(code ?? options.invalid ?? "FRONTMATTER_INVALID", `${subject} ${message}`, {
      hint,
      details: { ...(options.path === undefined ? {} : { path: options.path }), line, column, ...(field && { field }) },
    });
  };
}

/** The top-level key on the line of `offset` or the nearest one above. */
function fieldAbove(text: string, offset: number): string | undefined {
  const end = text.indexOf("\n", offset);
  const lines = text.slice(0, end < 0 ? undefined : end).split("\n");
  for (const line of lines.toReversed()) {
    const key = /^([A-Za-z_][\w.-]{0,63})[ \t]*:/.exec(line)?.[1];
    if (key !== undefined) return key;
  }
  return undefined;
}

function checkSize(text: string, fail: Fail): void {
  const max = defaultLimits.frontmatterBytes;
  const bytes = Buffer.byteLength(text);
  const hint = "Move long texts into the body or a file of their own.";
  if (bytes > max) {
    throw fail(0, `is ${bytes} bytes long; at most ${max} are read.`, hint, "FRONTMATTER_TOO_COMPLEX");
  }
  if (text.split("\n").length > maxLines + 1) {
    throw fail(0, `has more than ${maxLines} lines.`, hint, "FRONTMATTER_TOO_COMPLEX");
  }
  const carriageReturn = /\r(?!\n)/.exec(text);
  if (carriageReturn) {
    throw fail(
      carriageReturn.index,
      "holds a carriage return that ends no line.",
      "Save the file with LF or CRLF line ends.",
    );
  }
}

const refusedTokens: Partial<Record<CST.TokenType, string>> = {
  anchor: "holds an anchor (`&`)",
  alias: "holds an alias (`*`)",
  tag: "holds a tag (`!`)",
  "directive-line": "holds a directive (`%`)",
  "doc-start": "holds a second document (`---`)",
  "doc-end": "holds an end-of-document line (`...`)",
};

/**
 * The text's tokens, each checked before anything is built of it: an alias costs nothing to write and may cost any
 * amount to follow.
 */
function* checkedTokens(text: string, fail: Fail): Generator<string, void> {
  let offset = 0;
  let isScalarText = false;
  const isTooDeep = openDepthMeter();
  for (const token of new Lexer().lex(text)) {
    const type = isScalarText ? "scalar" : (CST.tokenType(token) ?? "scalar");
    if (isTooDeep(type)) throw tooDeep(fail, offset);
    const refused = isScalarText ? undefined : refusedTokens[type];
    if (refused) throw fail(offset, `${refused}.`, "Only plain YAML is read. Put the value in quotes if it is text.");
    // The lexer's own marks are no part of the text.
    const isMark: boolean = !isScalarText && lexerMarks.has(token);
    isScalarText = isMark && token === CST.SCALAR;
    if (!isMark) offset += token.length;
    yield token;
  }
}

/** What is built is built of the tokens that were checked, and not of a second reading of the text. */
function* parseTokens(text: string, fail: Fail): Generator<CST.Token, void> {
  const parser = new Parser();
  for (const token of checkedTokens(text, fail)) yield* parser.next(token);
  yield* parser.end();
}

/**
 * True from the token on that nests deeper than anything that is read: brackets, and indicators that follow each other
 * on one line. The parser goes down once for each, and a stack that ends inside a regular expression ends the process
 * instead of throwing. What the indentation of 16 KiB can nest besides is far from that.
 */
function openDepthMeter(): (type: CST.TokenType) => boolean {
  let brackets = 0;
  let onLine = 0;
  return (type) => {
    if (type === "flow-seq-start" || type === "flow-map-start") brackets += 1;
    else if (type === "flow-seq-end" || type === "flow-map-end") brackets = Math.max(0, brackets - 1);
    else if (type === "newline") onLine = 0;
    else if (brackets === 0 && blockIndicators.has(type)) onLine += 1;
    return brackets > maxDepth || onLine > maxDepth;
  };
}

const blockIndicators: ReadonlySet<CST.TokenType> = new Set(["seq-item-ind", "explicit-key-ind", "map-value-ind"]);

const lexerMarks: ReadonlySet<string> = new Set([CST.DOCUMENT, CST.FLOW_END, CST.SCALAR]);

function parseRoot(text: string, fail: Fail): YAMLMap | undefined {
  const document = composeWithoutOverflow(text, fail);
  const [error] = document.errors;
  if (error) {
    if (document.errors.some(({ code }) => code === "RESOURCE_EXHAUSTION")) throw tooDeep(fail, error.pos[0]);
    const { message, hint } = explainYaml(error.code, error.message);
    throw fail(error.pos[0], message, hint);
  }
  const { contents } = document;
  if (contents === null || (isScalar(contents) && contents.value === null && contents.source === "")) return undefined;
  if (isMap(contents)) return contents;
  throw fail(
    contents.range?.[0] ?? 0,
    "is not made of `key: value` lines.",
    "Begin with `name: …` on a line of its own.",
  );
}

function composeWithoutOverflow(text: string, fail: Fail): Document.Parsed {
  const composer = new Composer({
    version: "1.2",
    schema: "core",
    logLevel: "silent",
    // The library compares every key with every other one; the reader below needs one set.
    uniqueKeys: false,
  });
  try {
    // All of it, so that every token is checked. There is one: an empty text is a document, and the marks between two
    // are refused.
    const [document] = [...composer.compose(parseTokens(text, fail), true, text.length)];
    return document!;
  } catch (error) {
    if (error instanceof RangeError) throw tooDeep(fail, 0);
    throw error;
  }
}

const tooDeep = (fail: Fail, offset: number): PaksError =>
  fail(offset, `nests maps and lists more than ${maxDepth} deep.`, "Flatten it.", "FRONTMATTER_TOO_COMPLEX");

/** Turns the checked tree into plain values, within the budget. */
class Reader {
  private readonly fail: Fail;
  private nodes = 0;

  constructor(fail: Fail) {
    this.fail = fail;
  }

  readMap(map: YAMLMap, depth: number): Record<string, unknown> {
    this.spend(map, depth);
    const data = emptyMap();
    for (const pair of map.items as Pair<Node, Node | null>[]) {
      const key = this.readKey(pair.key, data);
      data[key] = this.readValue(pair.value, depth + 1);
    }
    return data;
  }

  private readValue(node: Node | null, depth: number): unknown {
    if (isMap(node)) return this.readMap(node, depth);
    if (isSeq(node)) {
      this.spend(node, depth);
      return node.items.map((item) => this.readValue(item as Node | null, depth + 1));
    }
    if (!isScalar(node)) return null;
    this.spend(node, 0);
    return this.readScalar(node);
  }

  private readScalar(node: Scalar): string | number | boolean | null {
    const { value } = node;
    if (typeof value === "boolean" || value === null) return value;
    if (typeof value === "number") {
      const isExact = Number.isInteger(value) ? Number.isSafeInteger(value) : Number.isFinite(value);
      return isExact ? value : (node.source ?? String(value));
    }
    const text = typeof value === "string" ? value : (node.source ?? "");
    this.checkText(text, node);
    return text;
  }

  private readKey(node: Node | null, data: Record<string, unknown>): string {
    const offset = node?.range?.[0] ?? 0;
    const key = isScalar(node) ? (node.source ?? "") : "";
    if (key === "") throw this.fail(offset, "has a key that is no text.", "Write every entry as `key: value`.");
    this.checkText(key, node!);
    if (key === "<<") throw this.fail(offset, "holds a merge key (`<<`).", "Write the fields out.");
    if (dangerousKeys.has(key)) throw this.fail(offset, `holds the key \`${key}\`.`, "Give it another name.");
    if (Object.hasOwn(data, key)) {
      throw this.fail(offset, `holds the key "${escapeText(key, 60)}" twice.`, "Remove one of the two.");
    }
    this.spend(node!, 0);
    return key;
  }

  /** A database keeps neither NUL nor half a surrogate pair; everything else is judged field by field. */
  private checkText(text: string, node: Node): void {
    // oxlint-disable-next-line no-control-regex
    const bad = /[\u0000\p{Surrogate}]/u.exec(text)?.[0];
    if (bad === undefined) return;
    const name = formatCodePoint(bad.codePointAt(0)!);
    throw this.fail(node.range?.[0] ?? 0, `holds the character ${name}.`, "Remove it.", "INVALID_CHARACTERS");
  }

  private spend(node: Node, depth: number): void {
    this.nodes += 1;
    if (depth > maxDepth) throw tooDeep(this.fail, node.range?.[0] ?? 0);
    if (this.nodes <= maxNodes) return;
    const message = `holds more than ${maxNodes} keys and values.`;
    throw this.fail(node.range?.[0] ?? 0, message, "Move data into a file of its own.", "FRONTMATTER_TOO_COMPLEX");
  }
}

function placeOf(node: Node | undefined, text: string, firstLine?: number): YamlPlace | undefined {
  if (!node?.range) return undefined;
  return { ...lineAndColumn(text, node.range[0], firstLine), source: isScalar(node) ? node.source : undefined };
}
