import matter from "gray-matter";
import { PaksError } from "./errors.ts";
import { quotePlainValues } from "./frontmatter-repair.ts";
import { parseYamlMap, type YamlOptions, type YamlPlace, type YamlReading } from "./safe-yaml.ts";
import { byteOrderMark } from "./text.ts";
import type { YamlPath } from "./yaml-tree.ts";

export { decodeText } from "./text.ts";

export interface Frontmatter {
  /** Maps have no prototype. */
  readonly data: Record<string, unknown>;
  readonly body: string;
  /** The text between the fences as it stands in the file. */
  readonly yaml: string;
  /** Where `yaml` begins in the file, in UTF-16 code units. */
  readonly yamlOffset: number;
  /** Line of the file on which the body begins, 1-based. */
  readonly bodyLine: number;
  /** True when values had to be quoted before the YAML could be read. */
  readonly retriedQuoted: boolean;
  /** The error that quoting healed, with its place. */
  readonly healed: PaksError | undefined;
  /** The YAML tree, for edits; its offsets count from `yamlOffset`. `undefined` when there are no fields. */
  readonly root: YamlReading["root"];
  /** Where a value stands in the file, and its text before YAML made a number of it. */
  readonly locate: (path: YamlPath) => YamlPlace | undefined;
}

export interface FrontmatterOptions {
  readonly path?: string;
  /** Reads files that most tools read although they are not valid: unquoted colons, blanks after the closing fence. */
  readonly lenient?: boolean;
}

interface Split {
  /** From the opening fence to the closing one, without byte order mark and body. */
  readonly block: string;
  readonly yaml: string;
  readonly yamlOffset: number;
  readonly body: string;
  readonly bodyLine: number;
}

/**
 * The only way to read front matter. The library beneath runs `---js` blocks and keeps a cache that forgets errors,
 * so it sees a text only after the fence was checked here, never with an engine that runs anything.
 * @throws PaksError FRONTMATTER_MISSING, FRONTMATTER_LANGUAGE_NOT_ALLOWED, FRONTMATTER_INVALID,
 *   FRONTMATTER_TOO_COMPLEX, INVALID_CHARACTERS, with `details` path, line, column and field
 */
export function parseFrontmatter(text: string, options: FrontmatterOptions = {}): Frontmatter {
  checkOpeningFence(text, options);
  const split = splitAtFences(text, options);
  const { reading, healed } = readBlock(split, options);
  const { body, yaml, yamlOffset, bodyLine } = split;
  const { data, root, locate } = reading;
  return { data, body, yaml, yamlOffset, bodyLine, retriedQuoted: healed !== undefined, healed, root, locate };
}

const contentStart = (text: string): number => (text.startsWith(byteOrderMark) ? 1 : 0);

function fail(code: "FRONTMATTER_MISSING" | "FRONTMATTER_INVALID", message: string, at: Place): PaksError {
  const { path, line, hint } = at;
  return new PaksError(code, message, { hint, details: { ...(path === undefined ? {} : { path }), line, column: 1 } });
}

interface Place {
  readonly path?: string | undefined;
  readonly line: number;
  readonly hint: string;
}

function checkOpeningFence(text: string, { path }: FrontmatterOptions): void {
  const start = contentStart(text);
  const lineEnd = text.indexOf("\n", start);
  const firstLine = text.slice(start, lineEnd < 0 ? undefined : lineEnd);
  if (/^---[ \t]*\r?$/.test(firstLine)) return;
  if (/^---[ \t]*\r/.test(firstLine)) {
    const hint = "Save the file with LF or CRLF line ends.";
    throw fail("FRONTMATTER_INVALID", "The front matter's lines end with a bare carriage return.", {
      path,
      line: 1,
      hint,
    });
  }
  if (!firstLine.startsWith("---") || firstLine.startsWith("----")) {
    const hint = "Begin the file with a line that is exactly `---`, then name and description, then `---` again.";
    throw fail("FRONTMATTER_MISSING", "The file does not begin with a `---` line.", { path, line: 1, hint });
  }
  throw new PaksError("FRONTMATTER_LANGUAGE_NOT_ALLOWED", "The opening `---` is followed by more text.", {
    hint: "Only YAML is read, and nothing is ever run: make the first line exactly `---`.",
    details: { ...(path === undefined ? {} : { path }), line: 1, column: 4 },
  });
}

function splitAtFences(text: string, options: FrontmatterOptions): Split {
  const start = contentStart(text);
  const openEnd = text.indexOf("\n", start);
  const yamlOffset = openEnd < 0 ? text.length : openEnd + 1;
  const fence = findClosingFence(text, yamlOffset, options);
  const lineEnd = text.indexOf("\n", fence);
  const bodyOffset = lineEnd < 0 ? text.length : lineEnd + 1;
  const yaml = text.slice(yamlOffset, fence);
  return {
    block: text.slice(start, fence + 3),
    yaml,
    yamlOffset,
    body: text.slice(bodyOffset),
    bodyLine: yaml.split("\n").length + 2,
  };
}

/** A line that begins with `---` either is the closing fence or is refused: readers cut there in different ways. */
function findClosingFence(text: string, from: number, { path, lenient }: FrontmatterOptions): number {
  const fence = /^---([^\n]*)/gm;
  fence.lastIndex = from;
  const found = fence.exec(text);
  if (!found) {
    const hint = "Add a line that is exactly `---` after the last field.";
    throw fail("FRONTMATTER_INVALID", "The front matter has no closing `---` line.", { path, line: 1, hint });
  }
  const rest = found[1]!;
  if (rest === "" || rest === "\r" || (lenient && /^[ \t]+\r?$/.test(rest))) return found.index;
  const line = text.slice(0, found.index).split("\n").length;
  throw fail("FRONTMATTER_INVALID", "A line of the front matter begins with `---` but is not exactly `---`.", {
    path,
    line,
    hint: "Remove what follows the three hyphens, blanks too.",
  });
}

function readBlock(split: Split, { path, lenient }: FrontmatterOptions) {
  const yamlOptions: YamlOptions = { path, firstLine: 2 };
  try {
    return { reading: readWithMatter(split.block, split.yaml, yamlOptions), healed: undefined };
  } catch (error) {
    if (!(error instanceof PaksError) || error.code !== "FRONTMATTER_INVALID" || !lenient) throw error;
    const repaired = quotePlainValues(split.yaml);
    if (repaired === split.yaml) throw error;
    return { reading: retry(repaired, error, yamlOptions), healed: error };
  }
}

/** When quoting did not help, the first error is the one that fits the author's text. */
function retry(yaml: string, first: PaksError, options: YamlOptions): YamlReading {
  try {
    return readWithMatter(`---\n${yaml}---`, yaml, options);
  } catch (error) {
    if (error instanceof PaksError) throw first;
    throw error;
  }
}

const refuseEngine = {
  parse: (): never => {
    throw new PaksError("FRONTMATTER_LANGUAGE_NOT_ALLOWED", "Only YAML front matter is read.");
  },
};

/** The options object is what bypasses the library's cache; every engine of its own is replaced. */
function readWithMatter(block: string, yaml: string, options: YamlOptions): YamlReading {
  let reading: YamlReading | undefined;
  const yamlEngine = {
    parse: () => {
      reading = parseYamlMap(yaml, options);
      // The library looks into the data for options of its own; it gets none.
      return {};
    },
  };
  matter(block, {
    language: "yaml",
    delimiters: "---",
    excerpt: false,
    engines: {
      yaml: yamlEngine,
      js: refuseEngine,
      javascript: refuseEngine,
      coffee: refuseEngine,
      json: refuseEngine,
      toml: refuseEngine,
    },
  });
  // The library does not call an engine for a block of blanks and comments.
  return reading ?? parseYamlMap(yaml, options);
}
