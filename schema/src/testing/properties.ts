import * as fc from "fast-check";
import { PaksError } from "../errors.ts";

/** The result, or the PaksError that was thrown; any other failure goes on. */
export function resultOrPaksError<T>(run: () => T): T | PaksError {
  try {
    return run();
  } catch (error) {
    if (error instanceof PaksError) return error;
    throw error;
  }
}

const awkward = [
  "",
  " ",
  "\0",
  "\n",
  "\r\n",
  "\t",
  "\\",
  "/",
  "//",
  "..",
  ".",
  "@",
  "#",
  "%",
  "%2f",
  "%zz",
  ":",
  "::",
  "-",
  "--",
]
  .concat([
    "+",
    "=",
    "&",
    "?",
    "v",
    "~",
    "\u00AD",
    "\u200B",
    "\u202E",
    "\uFEFF",
    "\u{E0041}",
    "\uD800",
    "ß",
    "\u212A",
    "é",
    "e\u0301",
  ])
  .concat([
    "refs/tags/",
    ".git",
    "git~1",
    "Paks-Path: x",
    "-----BEGIN SSH SIGNATURE-----",
    "9".repeat(20),
    "a".repeat(200),
  ]);

/** Random text, and good examples with something awkward put in, taken out or doubled. */
export function hostileText(examples: readonly string[]): fc.Arbitrary<string> {
  const example = fc.constantFrom(...examples);
  const broken = fc
    .tuple(example, fc.nat(), fc.nat(6), fc.constantFrom(...awkward))
    .map(([text, seed, cut, insert]) => {
      const at = seed % (text.length + 1);
      return text.slice(0, at) + insert + text.slice(at + cut);
    });
  return fc.oneof(
    example,
    broken,
    fc.string({ unit: "binary", maxLength: 300 }),
    fc.string({ maxLength: 300 }),
    fc.array(fc.oneof(example, fc.constantFrom(...awkward)), { maxLength: 12 }).map((parts) => parts.join("")),
  );
}

/** Milliseconds of the best of several runs: only the best one says what the code costs and not what else the machine did. */
export const quickest = (run: () => unknown): number => Math.min(...Array.from({ length: 7 }, () => time(run)));

/** How many times longer `run` takes for the larger size. */
export function timeGrowth(run: (size: number) => unknown, [small, large]: readonly [number, number]): number {
  // Below a tenth of a millisecond the clock measures itself.
  return (
    quickest(() => run(large)) /
    Math.max(
      quickest(() => run(small)),
      0.1,
    )
  );
}

function time(run: () => unknown): number {
  const start = performance.now();
  run();
  return performance.now() - start;
}
