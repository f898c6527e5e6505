import * as fc from "fast-check";
import { expect, test } from "vitest";
import { formatJson, safe } from "./safe-text.ts";

/** Written apart from the code: what a terminal may get, by code point. */
function allowed(codePoint: number): boolean {
  if (codePoint < 0x20 || (codePoint >= 0x7f && codePoint <= 0x9f)) return false;
  if (codePoint >= 0xd800 && codePoint <= 0xdfff) return false;
  if ([0xad, 0x34f, 0x61c, 0x115f, 0x1160, 0x3164, 0xffa0, 0xfeff].includes(codePoint)) return false;
  if (codePoint >= 0x200b && codePoint <= 0x200f) return false;
  if (codePoint >= 0x2028 && codePoint <= 0x202e) return false;
  if (codePoint >= 0x2060 && codePoint <= 0x206f) return false;
  if (codePoint >= 0xfff0 && codePoint <= 0xfffb) return false;
  if (codePoint >= 0xe000 && codePoint <= 0xf8ff) return false;
  if (codePoint >= 0xe0000 && codePoint <= 0xe0fff) return false;
  return codePoint < 0xf0000 && (codePoint & 0xfffe) !== 0xfffe;
}

const anyText = fc.oneof(
  fc.string({ unit: "binary" }),
  fc.string({ unit: "grapheme" }),
  fc.array(fc.integer({ min: 0, max: 0xffff }), { maxLength: 40 }).map((units) => String.fromCharCode(...units)),
  fc
    .array(
      fc.constantFrom("\u001b[31m", "\u009b2J", "\r", "\b", "\u202e", "\u200b", "\u{e0041}", "\u0301", "a", "\n", "\t"),
    )
    .map((all) => all.join("")),
);

test("no character outside the allow-list survives on a line", () => {
  fc.assert(
    fc.property(anyText, (text) => {
      expect(Array.from(safe(text)).filter((character) => !allowed(character.codePointAt(0)!))).toEqual([]);
    }),
    { numRuns: 2000 },
  );
});

test("of control characters only line feeds survive in multi-line text", () => {
  fc.assert(
    fc.property(anyText, (text) => {
      const lines = safe(text, { multiline: true }).split("\n");
      expect(Array.from(lines.join("")).filter((character) => !allowed(character.codePointAt(0)!))).toEqual([]);
    }),
    { numRuns: 2000 },
  );
});

test("what is made safe once stays as it is", () => {
  fc.assert(
    fc.property(anyText, (text) => {
      expect(safe(safe(text))).toBe(safe(text));
    }),
  );
});

test.each([
  ["an escape sequence", "a\u001b[2Jb", "a\\u{1b}[2Jb"],
  ["a C1 control sequence", "\u009b31m", "\\u{9b}31m"],
  ["a hyperlink", "\u001b]8;;https://evil.example\u0007x", "\\u{1b}]8;;https://evil.example\\u{7}x"],
  ["a line break", "a\nb", "a\\u{a}b"],
  ["a carriage return", "safe\revil", "safe\\u{d}evil"],
  ["a tab", "a\tb", "a\\u{9}b"],
  ["reordering", "\u202Egpj.exe", "\\u{202e}gpj.exe"],
  ["tag characters", "hi\u{E0041}", "hi\\u{e0041}"],
  ["a hidden filler", "a\u3164b", "a\\u{3164}b"],
  ["half a pair", "a\uD800b", "a\\u{d800}b"],
  ["a pile of marks", `a${"\u0301".repeat(7)}`, `a${"\u0301".repeat(4)}${"\\u{301}".repeat(3)}`],
])("%s becomes visible", (_, text, shown) => {
  expect(safe(text)).toBe(shown);
});

test.each(["plain", "Zürich, naïve café", "日本語 한국어 ไทย हिन्दी", "✓ ⚠ ✗ – … “”", "👍🏽 ❤️", "no\u00A0break"])(
  "%s stays as it is",
  (text) => {
    expect(safe(text)).toBe(text);
  },
);

test("tabs and Windows line ends of multi-line text become blanks and line feeds", () => {
  expect(safe("a\tb\r\nc", { multiline: true })).toBe("a    b\nc");
  expect(safe("a\rb", { multiline: true })).toBe("a\\u{d}b");
});

test("JSON output means the same and holds no character that acts on a terminal", () => {
  fc.assert(
    fc.property(fc.jsonValue(), anyText, (value, text) => {
      const json = formatJson({ value, text });
      expect(JSON.parse(json)).toEqual(JSON.parse(JSON.stringify({ value, text })));
      for (const character of json) expect(character === "\n" || allowed(character.codePointAt(0)!)).toBe(true);
    }),
  );
});

test("a missing value is null and not nothing", () => {
  expect(formatJson(undefined)).toBe("null");
});

test("a long hostile text takes no time worth mentioning", () => {
  const text = "\u0301".repeat(200_000) + "\u001b".repeat(200_000);
  const start = performance.now();
  safe(text);
  expect(performance.now() - start).toBeLessThan(2000);
});
