/** Where one `key = value` of a TOML text stands. Offsets into the text, end exclusive. */
export interface TomlEntry {
  /** Table and key together: `["agents", "codex", "skills_dir"]`. */
  readonly path: readonly string[];
  /** Of the line's first character. */
  readonly start: number;
  readonly valueStart: number;
  readonly valueEnd: number;
  /** Behind the line's end, a comment included. */
  readonly end: number;
}

/** One `[table]` with everything up to the next. */
export interface TomlTable {
  readonly path: readonly string[];
  /** True for `[[table]]`. */
  readonly isArray: boolean;
  readonly start: number;
  readonly headerEnd: number;
}

export interface TomlSpans {
  readonly entries: readonly TomlEntry[];
  readonly tables: readonly TomlTable[];
}

/**
 * Finds the entries and tables of a text that a TOML parser has accepted: comments, order and spelling are what an
 * editor has to leave alone, and parsers throw them away.
 */
export function findSpans(text: string): TomlSpans {
  const entries: TomlEntry[] = [];
  const tables: TomlTable[] = [];
  let table: readonly string[] = [];
  for (let at = 0; at < text.length;) {
    const start = at;
    at = skip(text, at, /[ \t]*/y);
    if (text[at] === "[") {
      const isArray = text[at + 1] === "[";
      const key = readKey(text, at + (isArray ? 2 : 1));
      table = key.path;
      at = lineEnd(text, key.end);
      tables.push({ path: table, isArray, start, headerEnd: at });
    } else if (at < text.length && !/[\r\n#]/.test(text[at]!)) {
      const key = readKey(text, at);
      const valueStart = skip(text, key.end, /[ \t]*=[ \t]*/y);
      const valueEnd = endOfValue(text, valueStart);
      at = lineEnd(text, valueEnd);
      entries.push({ path: [...table, ...key.path], start, valueStart, valueEnd, end: at });
    } else at = lineEnd(text, at);
  }
  return { entries, tables };
}

const skip = (text: string, at: number, what: RegExp): number => {
  what.lastIndex = at;
  return what.exec(text) === null ? at : what.lastIndex;
};

const lineEnd = (text: string, at: number): number => {
  const end = text.indexOf("\n", at);
  return end < 0 ? text.length : end + 1;
};

/** `a."b c".d` from `at` on. */
function readKey(text: string, at: number): { readonly path: string[]; readonly end: number } {
  const path: string[] = [];
  for (let from = at; ;) {
    from = skip(text, from, /[ \t]*/y);
    const end = text[from] === '"' || text[from] === "'" ? endOfString(text, from) : skip(text, from, /[\w-]+/y);
    path.push(unquote(text.slice(from, end)));
    const next = skip(text, end, /[ \t]*\./y);
    if (next === end || text[next - 1] !== ".") return { path, end };
    from = next;
  }
}

/** The escapes of TOML's basic strings that JSON does not have occur in no key that paks reads. */
function unquote(word: string): string {
  if (word.startsWith("'")) return word.slice(1, -1);
  if (!word.startsWith('"')) return word;
  return /\\[^btnfr"\\u]/.test(word) ? word : (JSON.parse(word) as string);
}

function endOfString(text: string, at: number): number {
  const quote = text[at]!;
  const long = text.startsWith(quote.repeat(3), at);
  const close = long ? quote.repeat(3) : quote;
  for (let from = at + close.length; from < text.length; from += 1) {
    if (quote === '"' && text[from] === "\\") from += 1;
    else if (text.startsWith(close, from)) {
      let end = from + close.length;
      // Up to two quotes may stand directly before the closing three.
      while (long && text[end] === quote && end - from < 5) end += 1;
      return end;
    }
  }
  return text.length;
}

/** Strings, arrays and inline tables may hold anything, other values end with the line or a comment. */
function endOfValue(text: string, at: number): number {
  const first = text[at];
  if (first === '"' || first === "'") return endOfString(text, at);
  if (first !== "[" && first !== "{") {
    const end = skip(text, at, /[^\r\n#]*/y);
    return at + text.slice(at, end).trimEnd().length;
  }
  let depth = 0;
  for (let from = at; from < text.length; from += 1) {
    const letter = text[from]!;
    if (letter === '"' || letter === "'") from = endOfString(text, from) - 1;
    else if (letter === "#") from = lineEnd(text, from) - 1;
    else if ("[{".includes(letter)) depth += 1;
    else if ("]}".includes(letter) && (depth -= 1) === 0) return from + 1;
  }
  return text.length;
}
