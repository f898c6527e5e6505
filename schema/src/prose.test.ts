import { expect, test } from "vitest";
import { countCharacters, findUnsafeInProse } from "./prose.ts";

test.each([
  ["line ends and tabs", "a\n\tb\r\nc"],
  ["emoji made of several", "👩‍💻 👨‍👩‍👧‍👦 🏳️‍🌈 👍🏽"],
  ["Arabic script with its non-joiner", "می‌نویسد"],
  ["other scripts and accents", "Grüße, 日本語, हिन्दी, e\u0301"],
])("%s may stand in a description", (_, text) => {
  expect(findUnsafeInProse(text)).toBeUndefined();
});

test.each([
  ["a bare carriage return", "a\rb", 1, 0x0d],
  ["NUL", "\0", 0, 0],
  ["an escape", "ab\u001B[31m", 2, 0x1b],
  ["a bidi override", "a\u202Eb", 1, 0x202e],
  ["a zero-width blank", "a\u200Bb", 1, 0x200b],
  ["a joiner between letters", "a\u200Db", 1, 0x200d],
  ["a non-joiner between Latin letters", "a\u200Cb", 1, 0x200c],
  ["tag characters after an emoji", "👍\u{E0041}", 2, 0xe0041],
])("%s may not, and is found behind harmless ones", (_, text, index, codePoint) => {
  expect(findUnsafeInProse(text)).toEqual({ index, codePoint });
  expect(findUnsafeInProse(`👩‍💻\n${text}`)).toEqual({ index: index + 6, codePoint });
});

test("characters are counted as code points", () => {
  expect(countCharacters("aü日👩")).toBe(4);
});
