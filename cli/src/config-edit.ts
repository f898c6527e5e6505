import { readFile, realpath, stat } from "node:fs/promises";
import { dirname, join } from "node:path";
import { isDeepStrictEqual } from "node:util";
import { waitForLockFile } from "@paks/locks";
import { PaksError, isTaken, systemErrorCode } from "@paks/schema";
import { TomlError, parse } from "smol-toml";
import { type ConfigFile, parseConfigFile, parseConfigToml, requireFitting } from "./config-file.ts";
import { makeFolder } from "./make-folder.ts";
import { type TomlSpans, findSpans } from "./toml-spans.ts";
import { explain, replaceFile } from "./write-file.ts";

export type ConfigValue = string | boolean | number | readonly string[];

/** Sets one key, or with `undefined` removes it: a key that is a table goes with all it holds. */
export interface ConfigEdit {
  readonly path: readonly string[];
  readonly value: ConfigValue | undefined;
}

/** The parts of the context that say which file it is. */
export interface ConfigPlace {
  readonly config: { readonly file: string | undefined; readonly folders: { readonly config: string } };
}

const lockTimeout = 10_000;

/**
 * Changes `config.toml` and nothing in it but what `change` asks for: comments, order and unknown keys stay. Two
 * processes at once change it one after the other, and a reader sees the old file or the new one.
 * @returns the path of the file and whether anything was different
 * @throws PaksError INVALID_PARAMETER, LOCK_BUSY, READ_ONLY_TARGET, DISK_FULL, and what `change` throws
 */
export const changeConfig = (
  place: ConfigPlace,
  change: (file: ConfigFile) => readonly ConfigEdit[],
): Promise<ConfigChange> =>
  rewrite(place, (text, path) => {
    const edited = editToml(text, change(parseConfigFile(text, path)), path);
    parseConfigFile(edited, path);
    return edited;
  });

/** Sets one key, also where its old value is wrong. @throws PaksError as `changeConfig`, and what `check` throws */
export const setConfig = (
  place: ConfigPlace,
  edit: ConfigEdit,
  check: (file: ConfigFile) => void,
): Promise<ConfigChange> =>
  rewrite(place, (text, path) => {
    const require = (one: string) => check(parseConfigFile(one, path));
    parseConfigToml(text, path);
    const edited = editToml(text, [edit], path);
    if (edit.value !== undefined) requireFitting(parseConfigToml(edited, path), edit.path);
    // Of two wrong values each must be removable while the other one is there.
    if (edit.value !== undefined || isTaken(require, text)) require(edited);
    return edited;
  });

interface ConfigChange {
  readonly path: string;
  readonly changed: boolean;
}

async function rewrite(
  { config }: ConfigPlace,
  rewritten: (text: string, path: string) => string,
): Promise<ConfigChange> {
  const path = await realFile(config.file ?? join(config.folders.config, "config.toml"));
  const lock = join(dirname(path), ".config.lock");
  await explain(path, () => Promise.resolve(makeFolder(dirname(path))));
  const held = await explain(path, () => waitForLockFile(lock, { what: path, timeout: lockTimeout }));
  try {
    const { text, mode } = await readOld(path);
    const edited = rewritten(text, path);
    if (edited !== text) await replaceFile(path, edited, mode);
    return { path, changed: edited !== text };
  } finally {
    held.release();
  }
}

/** A config file is often a link into a folder of dotfiles; what it leads to is changed and the link stays. */
async function realFile(path: string): Promise<string> {
  try {
    return await realpath(path);
  } catch (error) {
    if (systemErrorCode(error) === "ENOENT") return path;
    throw error;
  }
}

async function readOld(path: string): Promise<{ readonly text: string; readonly mode: number }> {
  try {
    return { text: await readFile(path, "utf8"), mode: (await stat(path)).mode & 0o777 };
  } catch (error) {
    if (systemErrorCode(error) === "ENOENT") return { text: "", mode: 0o644 };
    throw error;
  }
}

/** @throws PaksError INVALID_PARAMETER for a place that this editor cannot change without touching anything else */
export function editToml(text: string, edits: readonly ConfigEdit[], path: string): string {
  let edited = text;
  for (const edit of edits) {
    const next = editOne(edited, edit);
    requireOnlyChange(edited, next, { edit, path });
    edited = next;
  }
  return edited;
}

function editOne(text: string, { path, value }: ConfigEdit): string {
  const spans = findSpans(text);
  const entry = spans.entries.findLast((one) => isDeepStrictEqual(one.path, path));
  if (value === undefined) return removeSpans(text, spans, path);
  if (entry !== undefined)
    return `${text.slice(0, entry.valueStart)}${formatValue(value)}${text.slice(entry.valueEnd)}`;
  return insertEntry(text, spans, { path, value });
}

/** The key itself, what is below it as a table, the tables below that, and the table that has nothing left in it. */
function removeSpans(text: string, { entries, tables }: TomlSpans, path: readonly string[]): string {
  const table = path.slice(0, -1);
  const isBelow = (one: { readonly path: readonly string[] }) =>
    isDeepStrictEqual(one.path.slice(0, path.length), path);
  const left = entries.filter((one) => !isBelow(one) && isDeepStrictEqual(one.path.slice(0, table.length), table));
  const isEmptied = (one: { readonly path: readonly string[] }) =>
    left.length === 0 && table.length > 0 && isDeepStrictEqual(one.path, table);
  const gone = [
    ...entries.filter(isBelow).map(({ start, end }) => ({ start, end })),
    ...tables
      .filter((one) => isBelow(one) || (!one.isArray && isEmptied(one)))
      .map(({ start, headerEnd }) => ({ start, end: headerEnd })),
  ].sort((a, b) => b.start - a.start);
  return gone.reduce((rest, { start, end }) => rest.slice(0, start) + rest.slice(end), text);
}

function insertEntry(text: string, { entries, tables }: TomlSpans, edit: Required<ConfigEdit>): string {
  const table = edit.path.slice(0, -1);
  const newline = text.includes("\r\n") ? "\r\n" : "\n";
  const line = (key: readonly string[]) => `${key.map(formatKey).join(".")} = ${formatValue(edit.value!)}${newline}`;
  const header = tables.find((one) => !one.isArray && isDeepStrictEqual(one.path, table));
  const first = tables[0]?.start ?? text.length;
  const at = lastEnd(entries, {
    from: header?.headerEnd ?? 0,
    to: nextStart(tables, header?.headerEnd) ?? text.length,
  });
  if (header !== undefined) return insertAt(text, at ?? header.headerEnd, line(edit.path.slice(-1)), newline);
  if (table.length === 0)
    return insertAt(text, lastEnd(entries, { from: 0, to: first }) ?? first, line(edit.path), newline);
  const block = `[${table.map(formatKey).join(".")}]${newline}${line(edit.path.slice(-1))}`;
  return insertAt(text, text.length, text.trim() === "" ? block : `${newline}${block}`, newline);
}

/** Where the last entry between two offsets ends. */
const lastEnd = (entries: TomlSpans["entries"], { from, to }: { readonly from: number; readonly to: number }) =>
  entries.findLast((one) => one.start >= from && one.start < to)?.end;

const nextStart = (tables: TomlSpans["tables"], after: number | undefined): number | undefined =>
  after === undefined ? undefined : tables.find((one) => one.start >= after)?.start;

function insertAt(text: string, at: number, block: string, newline: string): string {
  const before = text.slice(0, at);
  return `${before}${before === "" || before.endsWith("\n") ? "" : newline}${block}${text.slice(at)}`;
}

const formatKey = (key: string): string => (/^[\w-]+$/.test(key) ? key : JSON.stringify(key));

/** JSON's strings are TOML's basic strings, but for one control character that JSON leaves as it is. */
const formatString = (text: string): string => JSON.stringify(text).replaceAll("\u007f", "\\u007f");

function formatValue(value: ConfigValue): string {
  if (typeof value === "string") return formatString(value);
  return typeof value === "object" ? `[${value.map(formatString).join(", ")}]` : String(value);
}

/** Whatever the text looks like: afterwards a parser must see the old values, and the one new. */
function requireOnlyChange(before: string, after: string, about: { readonly edit: ConfigEdit; readonly path: string }) {
  const { edit, path } = about;
  const wanted = withValue(parse(before), edit);
  if (isDeepStrictEqual(tryParse(after), wanted)) return;
  throw new PaksError(
    "INVALID_PARAMETER",
    `${edit.path.join(".")} cannot be changed in ${path} without changing more.`,
    {
      hint: "It stands in an inline table or is no table. Change it in an editor.",
    },
  );
}

function tryParse(text: string): unknown {
  try {
    return plain(parse(text));
  } catch (error) {
    // Not the `undefined` of a change that is impossible: those two would be equal.
    if (error instanceof TomlError) return null;
    throw error;
  }
}

type Plain = Record<string, unknown>;

/** Without prototypes and classes, and without tables that hold nothing: removing the last key may leave one. */
function plain(value: unknown): unknown {
  if (typeof value !== "object" || value === null) return value;
  if (value instanceof Date) return value.toISOString();
  if (Array.isArray(value)) return value.map(plain);
  const entries = Object.entries(value).map(([key, one]): [string, unknown] => [key, plain(one)]);
  return Object.fromEntries(
    entries.filter(([, one]) => Array.isArray(one) || typeof one !== "object" || Object.keys(one as Plain).length > 0),
  );
}

function withValue(data: unknown, { path, value }: ConfigEdit): unknown {
  const root = structuredClone(data) as Plain;
  let table: Plain | undefined = root;
  for (const key of path.slice(0, -1)) {
    const next: unknown = table[key];
    if (next === undefined && value === undefined) return plain(root);
    table = table[key] = (next ?? {}) as Plain;
    if (typeof table !== "object" || Array.isArray(table)) return undefined;
  }
  const last = path.at(-1)!;
  if (value === undefined) delete table[last];
  else table[last] = value;
  return plain(root);
}
