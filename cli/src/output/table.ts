import { safe } from "./safe-text.ts";
import { displayWidth, padTo, truncate } from "./width.ts";

export interface TableOptions {
  /** Cells of the terminal; the last column is cut to fit. Absent: nothing is cut. */
  readonly columns?: number | undefined;
}

const gap = "  ";

/** Rows under a header, as aligned text. Every cell is made safe and kept on its line. */
export function formatTable(
  header: readonly string[],
  rows: readonly (readonly string[])[],
  options: TableOptions = {},
): string {
  const cells = [header, ...rows].map((row) => header.map((_, index) => safe(row[index] ?? "")));
  const widths = header.map((_, index) => Math.max(...cells.map((row) => displayWidth(row[index] ?? ""))));
  const last = header.length - 1;
  const before = widths.slice(0, last).reduce((sum, width) => sum + width + gap.length, 0);
  const room = options.columns === undefined ? Infinity : Math.max(20, options.columns - before);
  return cells
    .map((row) =>
      row
        .map((cell, index) => (index === last ? truncate(cell, room) : padTo(cell, widths[index]!)))
        .join(gap)
        .trimEnd(),
    )
    .join("\n");
}

/** `name: value` lines with the values under each other; pairs without a value are left out. */
export function formatPairs(pairs: readonly (readonly [name: string, value: string | undefined])[]): string {
  const shown = pairs.filter((pair): pair is readonly [string, string] => pair[1] !== undefined && pair[1] !== "");
  const width = Math.max(0, ...shown.map(([name]) => displayWidth(name)));
  return shown.map(([name, value]) => `${padTo(safe(name), width)}${gap}${safe(value)}`).join("\n");
}
