import { type ReleaseFile, compareBytes } from "@paks/schema";
import { safe } from "../output/safe-text.ts";
import { formatDiff } from "../output/unified-diff.ts";

/** What became of one file. `mode`: the same bytes, and the executable bit came or went. */
export interface FileChange {
  readonly path: string;
  readonly change: "added" | "removed" | "changed" | "mode";
  readonly before: ReleaseFile | undefined;
  readonly after: ReleaseFile | undefined;
}

/** In byte order of the paths. */
export function listFileChanges(before: readonly ReleaseFile[], after: readonly ReleaseFile[]): FileChange[] {
  const old = new Map(before.map((file) => [file.path, file]));
  const fresh = new Map(after.map((file) => [file.path, file]));
  return [...new Set([...old.keys(), ...fresh.keys()])].sort(compareBytes).flatMap((path) => {
    const change = compareFiles(old.get(path), fresh.get(path));
    return change === undefined ? [] : [{ path, change, before: old.get(path), after: fresh.get(path) }];
  });
}

function compareFiles(
  before: ReleaseFile | undefined,
  after: ReleaseFile | undefined,
): FileChange["change"] | undefined {
  if (before === undefined) return "added";
  if (after === undefined) return "removed";
  if (Buffer.compare(before.bytes, after.bytes) !== 0) return "changed";
  return before.executable === after.executable ? undefined : "mode";
}

export const changeData = ({ path, change, before, after }: FileChange) => ({
  path,
  change,
  bytes_before: before?.bytes.length ?? null,
  bytes_after: after?.bytes.length ?? null,
});

const marks = { added: "A", removed: "D", changed: "M", mode: "X" } as const;

/** One line per file, as git's `--name-status` has it; `X` for a changed executable bit. */
export function formatFileList(changes: readonly FileChange[], most = Infinity): string[] {
  const lines = changes.slice(0, most).map(({ path, change }) => `  ${marks[change]} ${safe(path)}`);
  return changes.length > most ? [...lines, `  … and ${changes.length - most} more files`] : lines;
}

export interface DiffCaps {
  /** Lines of all files together. */
  readonly lines: number;
  /** UTF-16 units of one line. */
  readonly width: number;
  /** Bytes of a file beyond which only its size is said. */
  readonly fileBytes: number;
}

export const defaultCaps: DiffCaps = { lines: 400, width: 300, fileBytes: 256 * 1024 };
/** What a person asked for with `--full`. A line of a megabyte is for no terminal. */
export const fullCaps: DiffCaps = { lines: 200_000, width: 2000, fileBytes: 2 * 1024 * 1024 };

/** Unified diffs of all files that are text, until the caps are reached; what is left out is said. */
export function formatFileDiffs(changes: readonly FileChange[], caps: DiffCaps = defaultCaps): string[] {
  const lines: string[] = [];
  for (const [index, change] of changes.entries()) {
    if (lines.length >= caps.lines) {
      lines.push(`… ${changes.length - index} more files are not shown.`);
      break;
    }
    const all = diffLines(change, caps);
    const room = caps.lines - lines.length;
    // Not all as arguments of one call: with `--full` a file may have more lines than the stack has room.
    for (const line of all.slice(0, room)) lines.push(cut(line, caps.width));
    if (all.length > room) lines.push(`… ${all.length - room} more lines of ${safe(change.path)} are not shown.`);
  }
  return lines;
}

function diffLines(change: FileChange, caps: DiffCaps): string[] {
  const { path, before, after } = change;
  const head = [`--- ${before ? `a/${safe(path)}` : "/dev/null"}`, `+++ ${after ? `b/${safe(path)}` : "/dev/null"}`];
  if (change.change === "mode")
    return [`${safe(path)}: ${after?.executable === true ? "is executable now" : "is no longer executable"}`];
  const [old, fresh] = [before, after].map((file) => (file === undefined ? "" : textOf(file, caps)));
  if (old === undefined || fresh === undefined)
    return [...head, `binary or large: ${before?.bytes.length ?? 0} → ${after?.bytes.length ?? 0} bytes`];
  if (before === undefined) return [...head, ...wholeFile(fresh, "+")];
  if (after === undefined) return [...head, ...wholeFile(old, "-")];
  return [...head, ...formatDiff(path, old, fresh).split("\n").slice(2)];
}

function wholeFile(text: string, mark: "+" | "-"): string[] {
  if (text === "") return ["(empty)"];
  const lines = text.replace(/\n$/, "").split("\n");
  const range = mark === "+" ? `-0,0 +1,${lines.length}` : `-1,${lines.length} +0,0`;
  return [`@@ ${range} @@`, ...lines.map((line) => `${mark}${safe(line)}`)];
}

/** `undefined` for what is no text or too much of it. Other bytes for the same text are not told apart by it. */
function textOf(file: ReleaseFile, caps: DiffCaps): string | undefined {
  if (file.bytes.length > caps.fileBytes || file.bytes.includes(0)) return undefined;
  const text = Buffer.from(file.bytes.buffer, file.bytes.byteOffset, file.bytes.byteLength).toString("utf8");
  return text.includes("\uFFFD") ? undefined : text;
}

const cut = (line: string, width: number): string => (line.length > width ? `${line.slice(0, width)}…` : line);
