import { expect, test } from "vitest";
import type { Measured } from "./measure.ts";
import { type Comparison, formatComparison, header, holds } from "./report.ts";

const took = (median: number): Measured => ({ name: "side", times: [median], median });

const promised: Comparison = {
  what: "install 1 of 300 skills of 250 KB / shallow clone + copy",
  ours: took(100),
  theirs: took(2000),
  atMost: 0.1,
};
const third = { name: "other 1.0.0", ours: took(100), theirs: took(50) };

test("every column of every row stands below its heading", () => {
  const rows = [
    { ...promised, third },
    { ...promised, what: "short", theirs: took(99_999), third },
    { what: "not promised", ours: took(1), theirs: took(900), third },
    { ...promised, ours: took(1999), third },
  ].map(formatComparison);
  for (const row of rows) expect(row.indexOf(third.name), row).toBe(header.indexOf("a third side"));
  for (const row of rows) expect(row.indexOf(" ×"), row).toBe(rows[0]!.indexOf(" ×"));
});

test("a third side is reported with our time beside it, or why there is none, and decides nothing", () => {
  expect(holds({ ...promised, third })).toBe(true);
  expect(formatComparison({ ...promised, third })).toContain("other 1.0.0: 50 ms, 2.00 ×");
  const absent = { name: "other 1.0.0", notMeasured: "npm could not install it" };
  expect(formatComparison({ ...promised, third: absent })).toMatch(/holds +other 1\.0\.0: not measured: npm could not/);
  expect(holds({ ...promised, ours: took(1000), third: absent })).toBe(false);
});
