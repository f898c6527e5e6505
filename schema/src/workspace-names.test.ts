import { readFileSync } from "node:fs";
import fc from "fast-check";
import { expect, test } from "vitest";
import { resultOrPaksError } from "./testing/index.ts";
import { addToWorkspace, parseWorkspace, removeFromWorkspace } from "./workspace.ts";
import { aliasOf } from "./workspace-files.ts";

const read = (text: string) => parseWorkspace(text, "paks.jsonc");

test("an entry may say under which name its pak is installed", () => {
  const workspace = read('{ "paks": ["a/x", { "source": "a/y@^1", "as": "z" }, { "source": "a/w" }] }');
  expect(workspace).toEqual({ paks: ["a/x", "a/y@^1", "a/w"], aliases: { "a/y@^1": "z" }, disabled: [], extra: {} });
  expect([aliasOf(workspace, "a/y@^1"), aliasOf(workspace, "a/x"), aliasOf(workspace, "toString")]).toEqual([
    "z",
    undefined,
    undefined,
  ]);
});

const bad: readonly [what: string, entry: string][] = [
  ["no source", '{ "as": "z" }'],
  ["a source that is no text", '{ "source": ["a/x"] }'],
  ["a field that nobody knows", '{ "source": "a/x", "As": "z" }'],
  ["a field that is there twice", '{ "source": "a/x", "as": "z", "as": "y" }'],
  ["a name that leads out", '{ "source": "a/x", "as": "../z" }'],
  ["a name of Windows's own", '{ "source": "a/x", "as": "nul" }'],
  ["a name with capitals", '{ "source": "a/x", "as": "Z" }'],
  ["a name that is no text", '{ "source": "a/x", "as": null }'],
  ["a name with an escape sequence", '{ "source": "a/x", "as": "z\\u001b[2J" }'],
  ["another name for the same source", '{ "source": "a/x", "as": "z" }, "a/x"'],
];
test.each(bad)("an entry with %s is refused as MANIFEST_INVALID", (_, entry) => {
  for (const key of ["paks", "packs"])
    expect(resultOrPaksError(() => read(`{ "${key}": [${entry}] }`))).toMatchObject({ code: "MANIFEST_INVALID" });
});

const edits: readonly [what: string, before: string, as: string | undefined, after: string][] = [
  [
    "a new one is written with its name",
    '{ "paks": ["a/y"] }',
    "z",
    '{ "paks": ["a/y", { "source": "a/x", "as": "z" }] }',
  ],
  ["the first one too", "{}", "z", '{ "paks": [{ "source": "a/x", "as": "z" }] }'],
  [
    "a plain one gets it in its place",
    '{ "paks": ["a/x", "a/y"] }',
    "z",
    '{ "paks": [{ "source": "a/x", "as": "z" }, "a/y"] }',
  ],
  [
    "of one that has a name only the name changes",
    '{\n  "paks": [\n    {\n      "source": "a/x", // why\n      "as": "y",\n    },\n  ],\n}',
    "z",
    '{\n  "paks": [\n    {\n      "source": "a/x", // why\n      "as": "z",\n    },\n  ],\n}',
  ],
  [
    "without a name it is plain again",
    '{ "paks": [{ "source": "a/x", "as": "z" }, "a/y"] }',
    undefined,
    '{ "paks": ["a/x", "a/y"] }',
  ],
  [
    "what is as it should be stays",
    '{ "paks": [{ "as": "z", "source": "a/x" }] }',
    "z",
    '{ "paks": [{ "as": "z", "source": "a/x" }] }',
  ],
  ["an object without a name too", '{ "paks": [{ "source": "a/x" }] }', undefined, '{ "paks": [{ "source": "a/x" }] }'],
];
test.each(edits)("%s", (_, before, as, after) => {
  expect(addToWorkspace(before, "a/x", as)).toBe(after);
  expect(addToWorkspace(after, "a/x", as)).toBe(after);
});

const name = fc.constantFrom(undefined, "one", "two", "three");
const entry = fc.record({ source: fc.constantFrom("a/x", "a/y", "a/z"), as: name });

test("whatever is added in whatever order, each source is there once with its last name, and remove takes all of it", () => {
  fc.assert(
    fc.property(fc.array(entry, { maxLength: 8 }), (list) => {
      const text = list.reduce((left, { source, as }) => addToWorkspace(left, source, as), '{ /* ours */ "paks": [] }');
      const last = new Map(list.map(({ source, as }) => [source, as]));
      const workspace = read(text);
      expect(new Set(workspace.paks)).toEqual(new Set(last.keys()));
      expect(workspace.paks).toHaveLength(last.size);
      for (const [source, as] of last) expect(aliasOf(workspace, source)).toBe(as);
      const left = [...last.keys()].reduce((rest, source) => removeFromWorkspace(rest, source), text);
      expect(left).toBe('{ /* ours */ "paks": [] }');
    }),
  );
});

test("the JSON Schema that editors read takes every name that the parser takes, and no more than the names of Windows besides", () => {
  const text = readFileSync(new URL("../../docs/paks.schema.json", import.meta.url), "utf8");
  const { properties } = JSON.parse(text) as {
    properties: {
      paks: { items: { anyOf: [unknown, { properties: { as: { pattern: string; maxLength: number } } }] } };
    };
  };
  const { pattern, maxLength } = properties.paks.items.anyOf[1].properties.as;
  const isForEditors = (as: string) => as.length <= maxLength && new RegExp(pattern).test(as);
  const isRead = (as: string) =>
    !(resultOrPaksError(() => read(JSON.stringify({ paks: [{ source: "a/x", as }] }))) instanceof Error);
  fc.assert(
    fc.property(fc.oneof(fc.stringMatching(/^[a-z0-9A-]{0,66}$/), fc.string({ maxLength: 4 })), (as) => {
      fc.pre(!/^(con|prn|aux|nul|com[0-9]|lpt[0-9])$/.test(as));
      expect(isForEditors(as), as).toBe(isRead(as));
    }),
    { numRuns: 1000 },
  );
});
