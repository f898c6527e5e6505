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

/**
 * Milliseconds of processor time, the best of several runs: only that says what the code costs and not what else the
 * machine did.
 */
export const quickest = (run: () => unknown): number => Math.min(...Array.from({ length: 7 }, () => cost(run)));

/**
 * How many times more `run` costs for the larger size: the smallest of three answers, because a busy machine or a
 * collection of garbage can only make code look slower than it is.
 */
export const timeGrowth = (run: (size: number) => unknown, sizes: readonly [number, number]): number =>
  Math.min(...Array.from({ length: 3 }, () => measureGrowth(run, sizes)));

function measureGrowth(run: (size: number) => unknown, [small, large]: readonly [number, number]): number {
  // Taken in turn, so that both meet the same machine; below a millisecond the clock measures itself.
  const pairs = Array.from({ length: 3 }, () => [cost(() => run(small)), cost(() => run(large))] as const);
  return Math.min(...pairs.map(([, after]) => after)) / Math.max(Math.min(...pairs.map(([before]) => before)), 1);
}

function cost(run: () => unknown): number {
  const start = process.cpuUsage();
  run();
  const { user, system } = process.cpuUsage(start);
  return (user + system) / 1000;
}
