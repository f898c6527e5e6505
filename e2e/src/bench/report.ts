import type { Measured } from "./measure.ts";

/** Both sides were measured in one run, in turn; only the ratio means anything. */
export interface Comparison {
  readonly what: string;
  readonly ours: Measured;
  readonly theirs: Measured;
  /** The ratio that is promised; absent: only reported. */
  readonly atMost?: number;
  /** What else was counted. */
  readonly note?: string;
}

const milliseconds = (measured: Measured): string => `${measured.median.toFixed(0)} ms`.padStart(8);

export const ratioOf = ({ ours, theirs }: Comparison): number => ours.median / theirs.median;

export const holds = (comparison: Comparison): boolean =>
  comparison.atMost === undefined || ratioOf(comparison) <= comparison.atMost;

export function formatComparison(comparison: Comparison): string {
  const { what, ours, theirs, atMost, note } = comparison;
  const promise =
    atMost === undefined ? "" : `  promised ≤ ${atMost}  ${holds(comparison) ? "holds" : "DOES NOT HOLD"}`;
  return `${what.padEnd(45)} ${milliseconds(ours)} ${milliseconds(theirs)}  ${ratioOf(comparison).toFixed(2).padStart(6)} ×${promise}${note === undefined ? "" : `  (${note})`}`;
}
