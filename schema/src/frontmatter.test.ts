import * as fc from "fast-check";
import { afterEach, describe, expect, test } from "vitest";
import { PaksError } from "./errors.ts";
import { parseFrontmatter } from "./frontmatter.ts";
import { hostileText, resultOrPaksError } from "./testing/properties.ts";

const parse = (yaml: string, options = {}) => parseFrontmatter(`---\n${yaml}---\nbody\n`, options);
const failure = (run: () => unknown): PaksError => {
  const result = resultOrPaksError(run);
  if (result instanceof PaksError) return result;
  throw new Error(`Nothing was thrown; the result is ${JSON.stringify(result)}.`);
};

describe("the fence", () => {
  afterEach(() => {
    Reflect.deleteProperty(globalThis, "paksWasRun");
  });

  test.each(["js", " js", "javascript", "JS", "JavaScript", "coffee", "json", "toml", "yaml", "#", "{", " x"])(
    "`---%s` is refused before any engine sees it",
    (language) => {
      const text = `---${language}\nglobalThis.paksWasRun = true\n---\n`;
      expect(failure(() => parseFrontmatter(text)).code).toBe("FRONTMATTER_LANGUAGE_NOT_ALLOWED");
      expect(globalThis).not.toHaveProperty("paksWasRun");
    },
  );

  test.each([
    "",
    "x",
    "\n---\n",
    " ---\nname: x\n---\n",
    "----\nname: x\n----\n",
    "# Title\n---\n---\n",
    "\uFEFF\uFEFF---\n---\n",
  ])("%j has no front matter", (text) => {
    expect(failure(() => parseFrontmatter(text)).code).toBe("FRONTMATTER_MISSING");
  });

  test.each(["---", "---\n", "---\nname: x\n", "---\nname: x\n...\n", "---\nname: x\n ---\n"])(
    "%j never ends and is refused",
    (text) => {
      expect(failure(() => parseFrontmatter(text)).code).toBe("FRONTMATTER_INVALID");
    },
  );

  test.each(["--- x", "----", "---x"])("a line %j inside is refused with its line, whatever the profile", (line) => {
    for (const lenient of [true, false]) {
      const error = failure(() => parseFrontmatter(`---\nname: x\n${line}\n---\n`, { lenient, path: "SKILL.md" }));
      expect(error).toMatchObject({ code: "FRONTMATTER_INVALID", details: { path: "SKILL.md", line: 3, column: 1 } });
    }
  });

  test("blanks after the closing fence are refused strictly and read leniently", () => {
    const text = "---\nname: x\n--- \t\nbody";
    expect(failure(() => parseFrontmatter(text)).code).toBe("FRONTMATTER_INVALID");
    expect(parseFrontmatter(text, { lenient: true })).toMatchObject({ data: { name: "x" }, body: "body" });
  });

  test("bare carriage returns are no line ends", () => {
    expect(failure(() => parseFrontmatter("---\rname: x\r---\r")).code).toBe("FRONTMATTER_INVALID");
    expect(failure(() => parse("name: x\rversion: 2.0.0\n")).details).toMatchObject({ line: 2, column: 8 });
  });

  test.each([
    ["LF", "---\nname: x\n---\nbody\n"],
    ["CRLF", "---\r\nname: x\r\n---\r\nbody\n"],
    ["a byte order mark", "\uFEFF---\nname: x\n---\nbody\n"],
    ["blanks after the opening fence", "--- \t\nname: x\n---\nbody\n"],
  ])("with %s the pieces are where they say", (_, text) => {
    const { data, body, yaml, yamlOffset, bodyLine } = parseFrontmatter(text);
    expect(data).toEqual({ name: "x" });
    expect(body).toBe("body\n");
    expect(text.slice(yamlOffset, yamlOffset + yaml.length)).toBe(yaml);
    expect(text.split("\n")[bodyLine - 1]).toBe("body");
  });

  test("an empty front matter has no fields", () => {
    for (const yaml of ["", "\n\n", "# comment\n", "#\n"])
      expect(parse(yaml)).toMatchObject({ data: {}, body: "body\n" });
  });

  test("hyphens in the body are the body's", () => {
    expect(parseFrontmatter("---\nname: x\n---\na\n---\nb\n---js\n").body).toBe("a\n---\nb\n---js\n");
  });

  test("a text that failed once fails again: there is no cache between calls", () => {
    const text = "---\nname: [\n---\n";
    const first = failure(() => parseFrontmatter(text));
    expect(failure(() => parseFrontmatter(text))).toEqual(first);
  });

  test("two readings of one text share nothing", () => {
    const read = () => parse("metadata:\n  a: x\n").data as { metadata: { a: string } };
    const first = read();
    first.metadata.a = "changed";
    expect(read().metadata.a).toBe("x");
  });

  test("fields that the splitter takes for its own options do nothing", () => {
    const { data, body } = parse("excerpt_separator: {}\nlanguage: js\nsections: true\nengines: x\ncontent: y\n");
    expect(data).toEqual({ excerpt_separator: {}, language: "js", sections: true, engines: "x", content: "y" });
    expect(body).toBe("body\n");
  });
});

describe("the lenient retry", () => {
  const lenient = (yaml: string) => parse(yaml, { lenient: true });

  test.each([
    ["a colon and a blank", "description: TL;DR: do it\n", "TL;DR: do it"],
    ["a colon at the end", "description: as follows:\n", "as follows:"],
    ["quotes inside", 'description: it\'s: "so"\n', 'it\'s: "so"'],
    ["a continued line", "description: one: a\n  two: b\nname: x\n", "one: a two: b"],
    ["a star first", "description: *bold* words\n", "*bold* words"],
    ["an at sign first", "description: @acme does it\n", "@acme does it"],
    ["CRLF", "description: a: b\r\nname: x\r\n", "a: b"],
  ])("reads %s", (_, yaml, description) => {
    const { data, retriedQuoted, healed } = lenient(yaml);
    expect(data["description"]).toBe(description);
    expect(retriedQuoted).toBe(true);
    expect(healed?.details).toMatchObject({ field: "description" });
    expect(failure(() => parse(yaml)).code).toBe("FRONTMATTER_INVALID");
  });

  test("what is valid is not touched", () => {
    expect(lenient("description: 'a: b'\nurl: http://x\n")).toMatchObject({
      data: { description: "a: b", url: "http://x" },
      retriedQuoted: false,
      healed: undefined,
    });
  });

  test("an anchor stays refused, and the first error is the one that is told", () => {
    const error = failure(() => lenient("description: a: b\nx: &a 1\n"));
    expect(error.message).toContain("anchor");
    const both = "description: a: b\nname: [\n";
    expect(failure(() => lenient(both))).toEqual(failure(() => parse(both)));
  });

  test("the text handed back is the author's, not the repaired one", () => {
    expect(lenient("description: a: b\n").yaml).toBe("description: a: b\n");
  });
});

describe("whatever the text", () => {
  const examples = [
    "---\nname: x\ndescription: y\n---\nbody",
    '\uFEFF---\r\nname: x\r\nmetadata: {a: [1, 2], "b": null}\r\n---\r\n',
    "---\nname: >-\n  a\n  b\nlist:\n  - a: b\n    c: 'd'\n---\n",
    "---\n",
    "a: &b *c !d <<: {[",
    "# c\n- ? : |\n",
  ];

  test("only a PaksError with a place is thrown", () => {
    fc.assert(
      fc.property(hostileText(examples), fc.boolean(), (text, lenient) => {
        for (const input of [text, `---\n${text}\n---\n`]) {
          const result = resultOrPaksError(() => parseFrontmatter(input, { lenient }));
          const details = result instanceof PaksError ? result.details : { line: 1 };
          expect(details).toMatchObject({ line: expect.any(Number) });
        }
      }),
      { numRuns: 2000 },
    );
  });

  const unsafeAsText = (_: string, item: unknown) =>
    typeof item === "number" && Number.isInteger(item) && !Number.isSafeInteger(item) ? JSON.stringify(item) : item;

  test("what comes out is JSON and comes out of JSON the same", () => {
    const json = fc.dictionary(fc.stringMatching(/^[a-z][a-z0-9_]{0,8}$/), fc.jsonValue({ maxDepth: 4 }), {
      maxKeys: 6,
    });
    fc.assert(
      fc.property(json, (value) => {
        const text = Object.entries(value).map(([key, item]) => `${key}: ${JSON.stringify(item)}\n`);
        const result = resultOrPaksError(() => parse(text.join("")));
        const found =
          result instanceof PaksError ? result.code.replace(/^FRONTMATTER_.*/, "refused") : JSON.stringify(result.data);
        expect(["refused", "INVALID_CHARACTERS", JSON.stringify(value, unsafeAsText)]).toContain(found);
      }),
      { numRuns: 500 },
    );
  });
});
