import { safe } from "./safe-text.ts";

interface Line {
  readonly mark: " " | "-" | "+";
  readonly text: string;
}

const context = 3;
/** Beyond so many changed lines the shortest way is not looked for: everything old goes, everything new comes. */
const maxChanges = 400;

/**
 * The changes from one text to another as `diff -u` shows them; "" when they are equal. Every line is made safe for a
 * terminal.
 */
export function formatDiff(path: string, before: string, after: string): string {
  if (before === after) return "";
  const hunks = listHunks(compareLines(linesOf(before), linesOf(after)));
  return [`--- a/${safe(path)}`, `+++ b/${safe(path)}`, ...hunks].join("\n");
}

/** The line end of the last line begins no further one. */
const linesOf = (text: string): string[] => text.replace(/\n$/, "").split("\n");

function compareLines(before: readonly string[], after: readonly string[]): Line[] {
  let head = 0;
  while (head < before.length && head < after.length && before[head] === after[head]) head += 1;
  let tail = 0;
  const room = Math.min(before.length, after.length) - head;
  while (tail < room && before.at(-1 - tail) === after.at(-1 - tail)) tail += 1;
  const old = before.slice(head, before.length - tail);
  const fresh = after.slice(head, after.length - tail);
  const same = (text: string): Line => ({ mark: " ", text });
  const middle = walk(old, fresh) ?? [
    ...old.map((text): Line => ({ mark: "-", text })),
    ...fresh.map((text): Line => ({ mark: "+", text })),
  ];
  return [...before.slice(0, head).map(same), ...middle, ...before.slice(before.length - tail).map(same)];
}

/** Myers' greedy search for the fewest changes; `undefined` when there are too many. */
function walk(old: readonly string[], fresh: readonly string[]): Line[] | undefined {
  const trace: Map<number, number>[] = [];
  let reach = new Map<number, number>([[1, 0]]);
  for (let changes = 0; changes <= Math.min(maxChanges, old.length + fresh.length); changes += 1) {
    trace.push(new Map(reach));
    for (let diagonal = -changes; diagonal <= changes; diagonal += 2) {
      let x = isDown(reach, diagonal, changes) ? at(reach, diagonal + 1) : at(reach, diagonal - 1) + 1;
      while (x < old.length && x - diagonal < fresh.length && old[x] === fresh[x - diagonal]) x += 1;
      reach.set(diagonal, x);
      if (x >= old.length && x - diagonal >= fresh.length) return walkBack(trace, old, fresh);
    }
    reach = new Map(reach);
  }
  return undefined;
}

const at = (reach: ReadonlyMap<number, number>, diagonal: number): number => reach.get(diagonal) ?? -1;

const isDown = (reach: ReadonlyMap<number, number>, diagonal: number, changes: number): boolean =>
  diagonal === -changes || (diagonal !== changes && at(reach, diagonal - 1) < at(reach, diagonal + 1));

function walkBack(
  trace: readonly ReadonlyMap<number, number>[],
  old: readonly string[],
  fresh: readonly string[],
): Line[] {
  const lines: Line[] = [];
  let x = old.length;
  let y = fresh.length;
  for (let changes = trace.length - 1; changes >= 0; changes -= 1) {
    const reach = trace[changes]!;
    const diagonal = x - y;
    const down = isDown(reach, diagonal, changes);
    const from = down ? diagonal + 1 : diagonal - 1;
    const startX = at(reach, from);
    const startY = startX - from;
    while (x > startX && y > startY && x > 0 && y > 0) {
      x -= 1;
      y -= 1;
      lines.push({ mark: " ", text: old[x]! });
    }
    if (changes === 0) break;
    lines.push(down ? { mark: "+", text: fresh[startY]! } : { mark: "-", text: old[startX]! });
    x = startX;
    y = startY;
  }
  return lines.toReversed();
}

function listHunks(lines: readonly Line[]): string[] {
  const changed = lines.flatMap(({ mark }, index) => (mark === " " ? [] : [index]));
  const spans: { start: number; end: number }[] = [];
  for (const index of changed) {
    const last = spans.at(-1);
    if (last && index - context <= last.end) last.end = index + context + 1;
    else spans.push({ start: Math.max(0, index - context), end: index + context + 1 });
  }
  return spans.flatMap(({ start, end }) => formatHunk(lines, start, Math.min(end, lines.length)));
}

function formatHunk(lines: readonly Line[], start: number, end: number): string[] {
  const count = (from: number, to: number, without: Line["mark"]) =>
    lines.slice(from, to).filter(({ mark }) => mark !== without).length;
  const range = (without: Line["mark"]) => `${count(0, start, without) + 1},${count(start, end, without)}`;
  return [
    `@@ -${range("+")} +${range("-")} @@`,
    ...lines.slice(start, end).map(({ mark, text }) => `${mark}${safe(text)}`),
  ];
}
