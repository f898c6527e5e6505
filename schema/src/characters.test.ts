import * as fc from "fast-check";
import { expect, test } from "vitest";
import { escapeText, findUnsafeCharacter, formatCodePoint } from "./characters.ts";
import { timeGrowth } from "./testing/properties.ts";

const ranges: readonly (readonly [what: string, first: number, last: number])[] = [
  ["C0", 0x00, 0x1f],
  ["DEL and C1", 0x7f, 0x9f],
  ["soft hyphen", 0xad, 0xad],
  ["zero-width and marks", 0x200b, 0x200f],
  ["separators and bidi", 0x2028, 0x202e],
  ["word joiner and operators", 0x2060, 0x2064],
  ["bidi isolates", 0x2066, 0x2069],
  ["byte order mark", 0xfeff, 0xfeff],
  ["half of a pair", 0xd800, 0xdfff],
  ["tag characters", 0xe0000, 0xe007f],
];

test.each(ranges)("%s: every code point is found", (_what, first, last) => {
  for (let codePoint = first; codePoint <= last; codePoint += 1) {
    expect(findUnsafeCharacter(`ab${String.fromCodePoint(codePoint)}`)).toEqual({ index: 2, codePoint });
  }
});

test("letters of any script, blanks, accents and emoji are left alone", () => {
  for (const text of ["plain text", "übersicht", "e\u0301", "日本語", "Ελληνικά", "🎉", "a\u00A0b"]) {
    expect(findUnsafeCharacter(text)).toBeUndefined();
    expect(escapeText(text)).toBe(text);
  }
});

test("escaped text holds nothing invisible and is at most as long as was asked", () => {
  fc.assert(
    fc.property(fc.string({ unit: "binary", maxLength: 400 }), (text) => {
      const escaped = escapeText(text, 50);
      expect(findUnsafeCharacter(escaped)).toBeUndefined();
      expect(escaped.length).toBeLessThanOrEqual(50 * "\\u{e0041}".length + 1);
    }),
  );
});

test("code points are written as people look them up", () => {
  expect(formatCodePoint(0x0a)).toBe("U+000A");
  expect(formatCodePoint(0xe0041)).toBe("U+E0041");
});

test("the search for invisible characters takes linear time", () => {
  expect(timeGrowth((size) => findUnsafeCharacter("a".repeat(size)), [100_000, 1_000_000])).toBeLessThan(40);
});
