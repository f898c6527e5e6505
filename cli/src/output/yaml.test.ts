import * as fc from "fast-check";

import { expect, test } from "vitest";
import { parseYaml as parse } from "../testing/parse-yaml.ts";
import { formatYaml } from "./yaml.ts";

test("any JSON value is read back as it was, with nothing in it that moves a terminal's cursor", () => {
  const value = fc.jsonValue({ stringUnit: "grapheme" });
  fc.assert(
    fc.property(value, (given) => {
      const text = formatYaml(given);
      expect(parse(text)).toEqual(JSON.parse(JSON.stringify(given)));
      expect(text).not.toMatch(/[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u202e]/);
    }),
    { numRuns: 2000 },
  );
});

test.each(["no", "1.10", "null", "a: b", "- a", "#", "", " a", "a\nb", "\u001b[2J", "\u{E0041}", "0x1F", "2026-11-20"])(
  "%j stays a text",
  (text) => {
    expect(parse(formatYaml({ text: [text] }))).toEqual({ text: [text] });
  },
);

test("plain words need no quotes", () => {
  expect(formatYaml({ name: "acme/pdf", list: [{ a: 1, b: [] }], none: null })).toBe(
    "name: acme/pdf\nlist:\n  - a: 1\n    b: []\nnone: null",
  );
});
