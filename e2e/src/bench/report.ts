import type { Measured } from "./measure.ts";

/** All sides were measured in one run, in turn; only the ratios mean anything. */
export interface Comparison {
  readonly what: string;
  readonly ours: Measured;
  readonly theirs: Measured;
  readonly third?: Third;
  /** The ratio that is promised; absent: only reported. */
  readonly atMost?: number;
  /** What else was counted. */
  readonly note?: string;
}

/** Another program that does the same, measured in turn with ours again: reported, never promised. */
export type Third =
  | { readonly name: string; readonly ours: Measured; readonly theirs: Measured }
  | { readonly name: string; readonly notMeasured: string };

const ratio = (ours: Measured, theirs: Measured): number => ours.median / theirs.median;

export const holds = ({ ours, theirs, atMost }: Comparison): boolean =>
  atMost === undefined || ratio(ours, theirs) <= atMost;

/** Widths of what, ours, theirs, ratio and promise: a row is written as soon as it is measured. */
const row = (what: string, ours: string, theirs: string, times: string, promise: string): string =>
  `${what.padEnd(57)} ${ours.padStart(8)} ${theirs.padStart(8)} ${times.padStart(8)}  ${promise.padEnd(21)}`;

export const header = `${row("medians", "ours", "theirs", "ratio", "promised")}  a third side, and our ratio to it`;

const milliseconds = ({ median }: Measured): string => `${median.toFixed(0)} ms`;
const times = (ours: Measured, theirs: Measured): string => `${ratio(ours, theirs).toFixed(2)} ×`;

function formatThird(third: Third): string {
  if ("notMeasured" in third) return `${third.name}: not measured: ${third.notMeasured}`;
  return `${third.name}: ${milliseconds(third.theirs)}, ${times(third.ours, third.theirs)}`;
}

export function formatComparison(comparison: Comparison): string {
  const { what, ours, theirs, third, atMost, note } = comparison;
  const promise = atMost === undefined ? "" : `≤ ${atMost}  ${holds(comparison) ? "holds" : "DOES NOT HOLD"}`;
  const text = row(what, milliseconds(ours), milliseconds(theirs), times(ours, theirs), promise);
  return [text, third ? formatThird(third) : "", note === undefined ? "" : `(${note})`]
    .filter((part) => part !== "")
    .join("  ")
    .trimEnd();
}
