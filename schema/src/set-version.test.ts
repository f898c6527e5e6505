import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { PaksError } from "./errors.ts";
import { setVersion } from "./set-version.ts";
import { hostileText, resultOrPaksError } from "./testing/properties.ts";
import { readTexts } from "./testing/reading.ts";
import { skillFolders } from "./testing/skill-folders.ts";

const head = "---\nname: pdf\n";
const foot = "description: Reads PDF.\n---\n# Body\nversion: 9.9.9\n";
const skill = (middle: string) => head + middle + foot;
const set = (text: string, side?: string) => setVersion({ "SKILL.md": text, "skill.yaml": side }, "1.2.3");

describe("a version that is there is replaced in place", () => {
  test.each([
    ["metadata, double quotes", 'metadata:\n  version: "0.0.7"\n'],
    ["metadata, single quotes", "metadata:\n  version: '0.0.7'\n"],
    ["metadata, plain, with a comment", "metadata:\n  version: 0.0.7 # keep me\n"],
    [
      "metadata between comments and other keys",
      'metadata:\n  # first\n  a: b # c\n\n  version: "0.0.7"\n  # last\n  z: "0.0.8"\n',
    ],
    ["metadata, four blanks", "metadata:\n    author: acme\n    version: 0.0.7\n"],
    ["metadata in brackets", 'metadata: {version: "0.0.7"}\n'],
    ["metadata in brackets, not first", "metadata: { a: b, version: 0.0.7, c: d }\n"],
    ["metadata as one line of JSON", 'metadata: {"openclaw":{"version":"1.1.1"},"version":"0.0.7"}\n'],
    ["metadata over several lines of brackets", "metadata: {\n  a: b,\n  version: '0.0.7', # c\n  }\n"],
    ["a quoted key", 'metadata:\n  "version": "0.0.7"\n'],
    ["top level, plain", "version: 0.0.7\n"],
    ["top level, quoted, odd blanks", 'version  :    "0.0.7"   # x\n'],
    ["both places", 'version: 0.0.7\nmetadata:\n  version: "0.0.7"\n'],
    ["a literal block", "version: |\n  0.0.7\n"],
    ["a folded block without line end", "metadata:\n  version: >-\n    0.0.7\n"],
    ["a value on the next line", "version:\n  0.0.7\n"],
    ["after a block scalar that speaks of versions", "notes: |\n  version: 3.3.3\n  # no comment\n\nversion: 0.0.7\n"],
    ["an explicit key", "? version\n: 0.0.7\n"],
    ["pre-release and build", "version: 0.0.7-beta.1+5\n"],
  ])("%s", (_, middle) => {
    const text = skill(middle);
    const expected = text.replaceAll(/0\.0\.7(-beta\.1\+5)?/g, "1.2.3");
    expect(set(text)).toEqual({ path: "SKILL.md", text: expected });
    expect(set(text.replaceAll("\n", "\r\n")).text).toBe(expected.replaceAll("\n", "\r\n"));
    expect(set(`\uFEFF${text}`).text).toBe(`\uFEFF${expected}`);
  });

  test.each([
    ["a number", "version: 1.10\n", "version: 1.2.3\n"],
    ["an empty value", "version:\n", 'version: "1.2.3"\n'],
    ["an empty value with a comment", "version: # later\n", 'version: "1.2.3" # later\n'],
    ["null", "version: null\n", 'version: "1.2.3"\n'],
    ["an empty value in metadata", "metadata:\n  version:\n  a: b\n", 'metadata:\n  version: "1.2.3"\n  a: b\n'],
    [
      "an empty value beside a full one",
      "version:\nmetadata:\n  version: 0.0.7\n",
      "version:\nmetadata:\n  version: 1.2.3\n",
    ],
    ["an empty text", 'version: ""\n', 'version: "1.2.3"\n'],
  ])("%s", (_, before, after) => {
    expect(set(skill(before)).text).toBe(skill(after));
  });
});

describe("without a version, metadata.version is added", () => {
  test.each([
    ["to metadata", "metadata:\n  author: acme\n", 'metadata:\n  version: "1.2.3"\n  author: acme\n'],
    [
      "with metadata's own indentation",
      "metadata:\n      author: acme\n",
      'metadata:\n      version: "1.2.3"\n      author: acme\n',
    ],
    [
      "below a comment that opens metadata",
      "metadata: # m\n  # a\n  author: acme\n",
      'metadata: # m\n  # a\n  version: "1.2.3"\n  author: acme\n',
    ],
    ["to metadata without entries", "metadata:\n", 'metadata:\n  version: "1.2.3"\n'],
    [
      "to metadata with only a comment",
      "metadata: # none\n  # yet\n",
      'metadata: # none\n  version: "1.2.3"\n  # yet\n',
    ],
    ["to metadata: null", "metadata: null\n", 'metadata: {version: "1.2.3"}\n'],
    ["to metadata: {}", "metadata: {}\n", 'metadata: {version: "1.2.3"}\n'],
    ["to metadata: { }", "metadata: { }\n", 'metadata: { version: "1.2.3"}\n'],
    ["to brackets", "metadata: { a: b }\n", 'metadata: { version: "1.2.3", a: b }\n'],
    ["to JSON", 'metadata: {"a":{"b":1}}\n', 'metadata: {"version": "1.2.3", "a":{"b":1}}\n'],
    ["to brackets over several lines", "metadata: {\n  a: b,\n  }\n", 'metadata: {\n  version: "1.2.3", a: b,\n  }\n'],
  ])("%s", (_, before, after) => {
    expect(set(skill(before)).text).toBe(skill(after));
    expect(set(skill(before).replaceAll("\n", "\r\n")).text).toBe(skill(after).replaceAll("\n", "\r\n"));
  });

  test.each([
    ["after the last field", "---\nname: pdf\n---\nx", '---\nname: pdf\nmetadata:\n  version: "1.2.3"\n---\nx'],
    ["with CRLF", "---\r\nname: pdf\r\n---\r\nx", '---\r\nname: pdf\r\nmetadata:\r\n  version: "1.2.3"\r\n---\r\nx'],
    ["after a literal block", "---\na: |+\n  x\n\n---\n", '---\na: |+\n  x\n\nmetadata:\n  version: "1.2.3"\n---\n'],
    ["after a comment", "---\na: b\n# end\n---\n", '---\na: b\n# end\nmetadata:\n  version: "1.2.3"\n---\n'],
    ["where all fields are indented", "---\n  a: b\n---\n", '---\n  a: b\n  metadata:\n    version: "1.2.3"\n---\n'],
    ["where there is nothing", "---\n---\n", '---\nmetadata:\n  version: "1.2.3"\n---\n'],
    ["in one line of brackets", "---\n{name: pdf}\n---\n", '---\n{metadata: {version: "1.2.3"}, name: pdf}\n---\n'],
    ["after a list", "---\na:\n- b\n---\n", '---\na:\n- b\nmetadata:\n  version: "1.2.3"\n---\n'],
    [
      "after a text of several lines",
      "---\na: b\n  c\n\n---\n",
      '---\na: b\n  c\n\nmetadata:\n  version: "1.2.3"\n---\n',
    ],
  ])("%s", (_, before, after) => {
    expect(set(before).text).toBe(after);
  });
});

describe("skill.yaml", () => {
  test("is edited when the version is there", () => {
    const side = "# ours\r\nkeywords: [a]\r\nversion: '0.0.7' # x\r\n";
    expect(set(skill(""), side)).toEqual({ path: "skill.yaml", text: side.replace("0.0.7", "1.2.3") });
    expect(set(skill(""), `\uFEFF${side}`).text).toBe(`\uFEFF${side.replace("0.0.7", "1.2.3")}`);
    expect(set(skill("version:\n"), side).path).toBe("skill.yaml");
  });

  test("is left alone when it has none", () => {
    for (const side of ["keywords: [a]\n", "", "version:\n", "metadata:\n  version: 3.0.0\n"]) {
      expect(set(skill(""), side).path).toBe("SKILL.md");
    }
  });

  test("beside a version in SKILL.md is refused", () => {
    const error = resultOrPaksError(() => set(skill("version: 1.0.0\n"), "version: 1.0.0\n"));
    expect(error).toMatchObject({ code: "MANIFEST_INVALID", hint: "Remove one of the two." });
  });
});

describe("what cannot be edited is refused", () => {
  test.each([
    ["a version that is a list", "version: [1, 2, 3]\n", "MANIFEST_INVALID"],
    ["a version that is a map", "version:\n  major: 1\n", "MANIFEST_INVALID"],
    ["a version of several lines", "version: |\n  1.0\n  2.0\n", "MANIFEST_INVALID"],
    ["metadata that is text", "metadata: text\n", "MANIFEST_INVALID"],
    ["metadata that is a list", "metadata:\n  - a\n", "MANIFEST_INVALID"],
    ["an explicit key without value", "? version\n", "MANIFEST_INVALID"],
    ["front matter that is no YAML", "a: b: c\n", "FRONTMATTER_INVALID"],
  ])("%s", (_, middle, code) => {
    expect(resultOrPaksError(() => set(skill(middle)))).toMatchObject({ code });
  });

  test("a version that is none", () => {
    expect(resultOrPaksError(() => setVersion({ "SKILL.md": skill("") }, "v1.0"))).toMatchObject({
      code: "INVALID_PARAMETER",
    });
  });
});

/** What stands before and after the version, for front matters put together at random. */
const styles = fc.record({
  before: fc.array(
    fc.constantFrom(
      "name: pdf",
      "# comment",
      "",
      "description: >\n  version: 5.5.5\n  folded",
      "a: {b: [c, 'd']}",
      "list:\n- version: 4.4.4\n- x",
    ),
    { maxLength: 4 },
  ),
  slot: fc.constantFrom(
    "version: @",
    'version: "@" # c',
    "version:   '@'",
    "version: >-\n  @",
    "metadata:\n  version: @\n  z: 1",
    "metadata:\n   a: |\n     version: 6.6.6\n   version: '@'",
    'metadata: {a: b, version: "@"}',
    'metadata: {"version":"@"}',
    "metadata:\n  a: b",
    "metadata:",
    "metadata: {}",
    "metadata: {a: 1}",
    "# none",
  ),
  after: fc.array(
    fc.constantFrom("license: MIT", "  # indented comment", "z:\n  version: 7.7.7", "tail: |+\n  text\n"),
    { maxLength: 3 },
  ),
  isCrlf: fc.boolean(),
  hasMark: fc.boolean(),
  body: fc.constantFrom("", "\n# Body\n---\nversion: 8.8.8\n", "no line end"),
});
const version = fc
  .tuple(fc.nat(99), fc.nat(99), fc.nat(99), fc.constantFrom("", "-beta.1", "+build.5", "-0a.b-c"))
  .map(([major, minor, patch, rest]) => `${major}.${minor}.${patch}${rest}`);

test("in every style the version is set and every other byte stays", () => {
  const seen = { replaced: 0, added: 0 };
  fc.assert(
    fc.property(styles, version, version, ({ before, slot, after, isCrlf, hasMark, body }, old, next) => {
      // An indented line below a block scalar belongs to it.
      const unique = (lines: readonly string[]) =>
        [...new Set(lines)].filter((line) => !slot.includes(">-") || !line.startsWith(" "));
      const lines = ["---", ...unique(before), slot, ...unique(after), "---", body].join("\n");
      const text = (hasMark ? "\uFEFF" : "") + (isCrlf ? lines.replaceAll("\n", "\r\n") : lines);
      const edit = (input: string) => setVersion({ "SKILL.md": input }, next);
      const { text: edited } = edit(text.replace("@", old));
      const isReplaced = slot.includes("@");
      seen[isReplaced ? "replaced" : "added"] += 1;
      expect(isReplaced ? edited === text.replace("@", next) : isInsertion(text, edited)).toBe(true);
      expect(edit(edited).text).toBe(edited);
      const { manifest } = readTexts({ "SKILL.md": withNames(edited) }, "strict");
      expect(manifest?.version).toBe(next);
    }),
    { numRuns: 1500 },
  );
  expect(Math.min(seen.replaced, seen.added)).toBeGreaterThan(100);
});

/** Whether `after` is `before` with text put in at one place. */
function isInsertion(before: string, after: string): boolean {
  let start = 0;
  while (start < before.length && before[start] === after[start]) start += 1;
  const rest = before.length - start;
  return after.length > before.length && before.slice(start) === after.slice(after.length - rest);
}

/** Fields that a manifest needs, where the random one has none. */
const withNames = (text: string): string => {
  const eol = text.includes("\r\n") ? "\r\n" : "\n";
  const missing = ["name: pdf", "description: Reads PDF."].filter(
    (line) => !text.includes(`${eol}${line.split(" ")[0]}`),
  );
  return text.replace(`---${eol}`, `---${eol}${missing.map((line) => line + eol).join("")}`);
};

test("every published shape that can be read strictly can be versioned", () => {
  for (const { files, path } of skillFolders) {
    const text = files[path]!;
    const result = resultOrPaksError(() => setVersion({ "SKILL.md": text }, "3.2.1"));
    const manifest =
      result instanceof PaksError ? undefined : readTexts({ "SKILL.md": result.text }, "lenient").manifest;
    const readable = readTexts({ "SKILL.md": text }, "strict").findings.every(
      ({ code }) => code !== "FRONTMATTER_INVALID",
    );
    expect(manifest?.version).toBe(readable ? "3.2.1" : undefined);
  }
});

test("whatever the files, only a PaksError is thrown", () => {
  const texts = [
    skill("version: 1.0.0\n"),
    skill("metadata: {a: b}\n"),
    "---\n? version\n---\n",
    "version: 1\n",
    "---\n{version, metadata}\n---\n",
  ];
  fc.assert(
    fc.property(hostileText(texts), fc.option(hostileText(texts), { nil: undefined }), (text, side) => {
      const result = resultOrPaksError(() => set(text, side));
      expect(result instanceof PaksError || result.text.includes("1.2.3")).toBe(true);
    }),
    { numRuns: 1500 },
  );
});
