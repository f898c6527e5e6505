import { expect } from "vitest";
import type { Tally } from "./torture.ts";

/** Tells how many faults were met, and what came of them. */
export function expectUnharmed(name: string, { failures, missed, met, targets, injected }: Tally): void {
  const kinds = Object.entries(met).map(([kind, count]) => `${kind} ${count}`);
  const head = `${name}: ${targets} faults in ${injected} runs, ${missed.length} missed, ${failures.length} failures`;
  const rest = [...missed.map((one) => `  missed ${one}`), ...failures.map((one) => `  FAILED ${one}`)];
  const lines = [`${head}: ${kinds.toSorted().join(", ")}`, ...rest];
  process.stderr.write(`${lines.join("\n")}\n`);
  expect(failures.length).toBe(0);
  // Which call has which number differs a little from run to run.
  expect(missed.length).toBeLessThan(1 + targets * 0.05);
}
