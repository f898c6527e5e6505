import * as fc from "fast-check";
import { expect, test } from "vitest";
import stringWidth from "../string-width-shim.ts";
import { formatPairs, formatTable } from "./table.ts";
import { displayWidth, truncate } from "./width.ts";

test("columns line up whatever their script", () => {
  const lines = formatTable(
    ["A", "B"],
    [
      ["日本", "x"],
      ["e\u0301a", "y"],
      ["abcdef", "z"],
    ],
  ).split("\n");
  expect(lines).toEqual(["A       B", "日本    x", "e\u0301a      y", "abcdef  z"]);
});

test("a cell stays on its line and cannot act on the terminal", () => {
  expect(formatTable(["A"], [["x\n✓ verified\u001b[2J"]])).toBe("A\nx\\u{a}✓ verified\\u{1b}[2J");
});

test("only the last column is cut to fit the terminal", () => {
  const table = formatTable(["NAME", "WHAT"], [["n".repeat(30), "word ".repeat(30)]], { columns: 80 });
  for (const line of table.split("\n")) expect(displayWidth(line)).toBeLessThanOrEqual(80);
  expect(table).toContain("n".repeat(30));
  expect(table.endsWith("…")).toBe(true);
});

test("a text is cut by cells and never through a character", () => {
  fc.assert(
    fc.property(fc.string({ unit: "grapheme" }), fc.integer({ min: 1, max: 30 }), (text, width) => {
      const cut = truncate(text, width);
      expect(displayWidth(cut)).toBeLessThanOrEqual(Math.max(width, 1));
      expect(cut).not.toMatch(/\p{Surrogate}/u);
      expect(cut === text).toBe(displayWidth(text) <= width);
    }),
  );
});

test("pairs without a value are left out", () => {
  expect(
    formatPairs([
      ["license", undefined],
      ["kind", "skill"],
      ["homepage", ""],
      ["digest", "h1:x"],
    ]),
  ).toBe("kind    skill\ndigest  h1:x");
});

test("the stand-in for string-width measures like our tables", () => {
  expect([stringWidth(""), stringWidth("abc"), stringWidth("日本"), stringWidth("e\u0301")]).toEqual([0, 3, 4, 1]);
});
