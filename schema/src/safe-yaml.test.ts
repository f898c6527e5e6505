import { describe, expect, test } from "vitest";
import { PaksError } from "./errors.ts";
import { parseFrontmatter } from "./frontmatter.ts";
import { quickest, resultOrPaksError, timeGrowth } from "./testing/properties.ts";

const parse = (yaml: string, options = {}) => parseFrontmatter(`---\n${yaml}---\nbody\n`, options);
const failure = (run: () => unknown): PaksError => {
  const result = resultOrPaksError(run);
  if (result instanceof PaksError) return result;
  throw new Error(`Nothing was thrown; the result is ${JSON.stringify(result)}.`);
};

describe("the YAML", () => {
  test("text stays text: dates, times, yes, octals and versions", () => {
    expect(parse("a: 2026-01-01\nb: 12:30:45\nc: yes\nd: 1.2.3\ne: 0o14\nf: on\n").data).toEqual({
      a: "2026-01-01",
      b: "12:30:45",
      c: "yes",
      d: "1.2.3",
      e: 12,
      f: "on",
    });
  });

  test("a number is given with the text that it was written as", () => {
    const { data, locate } = parse("version: 1.10\nmetadata:\n  version: 1e3\n");
    expect(data).toEqual({ version: 1.1, metadata: { version: 1000 } });
    expect(locate(["version"])).toEqual({ line: 2, column: 10, source: "1.10" });
    expect(locate(["metadata", "version"])).toEqual({ line: 4, column: 12, source: "1e3" });
    expect(locate(["metadata", "missing"])).toBeUndefined();
  });

  test("numbers that JSON cannot hold stay text", () => {
    expect(parse("a: 12345678901234567890\nb: .inf\nc: .nan\n").data).toEqual({
      a: "12345678901234567890",
      b: ".inf",
      c: ".nan",
    });
  });

  test.each([
    ["an anchor", "a: &x 1\n"],
    ["an alias", "a: x\nb: *a\n"],
    ["a tag", "a: !!str 1\n"],
    ["the tag !", "a: ! 1\n"],
    ["a tag of its own", "a: !js/function x\n"],
    ["a directive", "%YAML 1.1\n"],
    ["a document end", "a: b\n...\nc: d\n"],
    ["a merge key", "<<: {a: b}\n"],
    ["a list instead of fields", "- a\n"],
    ["a text instead of fields", "hello\n"],
    ["a duplicate key", "a: 1\na: 2\n"],
    ["a key twice in two spellings", 'a: 1\n"a": 2\n'],
    ["a list as key", "? [a]\n: b\n"],
    ["an empty key", ": b\n"],
    ["the key __proto__", "__proto__: {polluted: true}\n"],
    ["the key constructor, deeper", "metadata:\n  constructor: x\n"],
    ["the key prototype", "prototype: x\n"],
    ["a tab as indentation", "a:\n\tb: c\n"],
    ["an open bracket", "a: [1, 2\n"],
    ["an open quote", 'a: "x\n'],
    ["an unquoted colon", "description: TL;DR: do it\n"],
  ])("%s is refused with its place and a hint", (_, yaml) => {
    const error = failure(() => parse(yaml, { path: "SKILL.md" }));
    expect(error.code).toBe("FRONTMATTER_INVALID");
    expect(error.hint).toBeTruthy();
    expect(error.details).toMatchObject({ path: "SKILL.md", line: expect.any(Number), column: expect.any(Number) });
    expect(error.details?.["line"]).toBeGreaterThan(1);
  });

  test("signs of anchors, aliases and tags inside texts are only text", () => {
    expect(parse("a: R&D *x* !y\nb: '&x'\nc: |\n  *y &z !w\nd: \"!t\"\n").data).toEqual({
      a: "R&D *x* !y",
      b: "&x",
      c: "*y &z !w\n",
      d: "!t",
    });
  });

  test("an error names file, line, column and field of the author's file", () => {
    const error = failure(() => parse("name: x\ndescription: Use when: y\n", { path: "skills/x/SKILL.md" }));
    expect(error.details).toEqual({ path: "skills/x/SKILL.md", line: 3, column: 14, field: "description" });
    expect(error.hint).toContain("quotes");
  });

  test("objects have no prototype", () => {
    const { data } = parse("metadata: {toString: x}\n");
    expect(Object.getPrototypeOf(data)).toBeNull();
    expect(Object.getPrototypeOf(data["metadata"])).toBeNull();
  });

  test("NUL and half a surrogate pair are refused anywhere, with their line", () => {
    for (const yaml of ['a: "x\\0y"\n', 'metadata:\n  b: "\\ud800"\n', '"k\\0": x\n']) {
      expect(failure(() => parse(yaml))).toMatchObject({
        code: "INVALID_CHARACTERS",
        details: { column: expect.any(Number) },
      });
    }
  });
});

describe("limits", () => {
  const code = (yaml: string) => {
    const result = resultOrPaksError(() => parse(yaml));
    return result instanceof PaksError ? result.code : "read";
  };
  const padded = (bytes: number) => `a: ${"x".repeat(bytes - 4)}\n`;

  test("16 KiB are read, one byte more is not", () => {
    expect(code(padded(16_384))).toBe("read");
    expect(code(padded(16_385))).toBe("FRONTMATTER_TOO_COMPLEX");
  });

  test("eight levels are read, nine are not", () => {
    expect(code(`a: ${"[".repeat(7)}1${"]".repeat(7)}\n`)).toBe("read");
    expect(code(`a: ${"[".repeat(8)}1${"]".repeat(8)}\n`)).toBe("FRONTMATTER_TOO_COMPLEX");
  });

  test("2000 keys and values are read, one more is not", () => {
    // The outer map, the key, the list and its entries.
    expect(code(`a: [${"1,".repeat(1997)}]\n`)).toBe("read");
    expect(code(`a: [${"1,".repeat(1998)}]\n`)).toBe("FRONTMATTER_TOO_COMPLEX");
  });

  test("2000 lines are read, one more is not", () => {
    expect(code("\n".repeat(2000))).toBe("read");
    expect(code("\n".repeat(2001))).toBe("FRONTMATTER_TOO_COMPLEX");
  });

  test.each([
    ["open brackets", "[".repeat(10_000)],
    ["open braces", "{a: ".repeat(4000)],
    ["nested lists", "- ".repeat(8000)],
    ["nested keys", "? ".repeat(8000)],
    ["nested values", ": ".repeat(8000)],
    ["closed brackets before nested lists", `${"]".repeat(20)}\n${"- ".repeat(8000)}`],
    [
      "a stair of lists",
      Array.from({ length: 42 }, (_, depth) => `${" ".repeat(16 * depth)}${"- ".repeat(8)}`).join("\n"),
    ],
    ["a stair of maps", Array.from({ length: 170 }, (_, depth) => `${" ".repeat(depth)}a:`).join("\n")],
  ])("%s overflow nothing", (_, yaml) => {
    expect(code(`${yaml}\n`)).toMatch(/^FRONTMATTER_(TOO_COMPLEX|INVALID)$/);
  });

  test.each([
    ["blank lines", "\n"],
    ["lines of blanks", " \n"],
    ["comments", "#\n"],
    ["keys", "k1:\n"],
    ["commas", ","],
    ["question marks", "?\n"],
    ["anchors", "&a "],
    ["quotes", "''"],
    ["flow pairs", "{a: b}, "],
    ["colons", "a: "],
  ])("%s up to the limit take less than half a second in either profile", (_, unit) => {
    const yaml = `a: [\n${unit.repeat(Math.floor(16_300 / unit.length))}\n`;
    for (const text of [yaml, yaml.slice(5)]) {
      for (const lenient of [false, true]) {
        expect(quickest(() => resultOrPaksError(() => parse(text, { lenient })))).toBeLessThan(500);
      }
    }
  });

  test("the time grows with the body no faster than the body", () => {
    const growth = timeGrowth(
      (size) => parseFrontmatter(`---\nname: x\n---\n${"-\n".repeat(size)}`),
      [20_000, 200_000],
    );
    expect(growth).toBeLessThan(40);
  });
});
