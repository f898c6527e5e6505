import fc from "fast-check";
import { expect, test } from "vitest";
import { addToWorkspace, parseWorkspace, removeFromWorkspace, replaceInWorkspace } from "./workspace.ts";
import { aliasOf } from "./workspace-files.ts";

const read = (text: string) => parseWorkspace(text, "paks.jsonc");
const list = (...lines: string[]): string => ["{", '  "paks": [', ...lines, "  ]", "}", ""].join("\n");

const replaced: readonly [what: string, before: string, as: string | undefined, after: string][] = [
  [
    "keeps its line, its comment and its rank",
    list('    "b/a", // a', '    "b/y@1.0.0", // team decision 42', '    "b/z" // z'),
    undefined,
    list('    "b/a", // a', '    "b/y@^2", // team decision 42', '    "b/z" // z'),
  ],
  [
    "stays on its line beside others",
    '{ "paks": [/* tables */ "b/y@1.0.0" /* why */, "b/z",] }',
    undefined,
    '{ "paks": [/* tables */ "b/y@^2" /* why */, "b/z",] }',
  ],
  [
    "keeps its name and the comments inside it",
    list("    {", '      "as": "other", // ours', '      "source": "b/y@1.0.0" /* pinned */', "    },", '    "b/z"'),
    "other",
    list("    {", '      "as": "other", // ours', '      "source": "b/y@^2" /* pinned */', "    },", '    "b/z"'),
  ],
  [
    "gets another name, and keeps the comments inside it",
    '{ "paks": [{ "source": "b/y@1.0.0", /* why */ "as": "other" }, "b/z"] }',
    "third",
    '{ "paks": [{ "source": "b/y@^2", /* why */ "as": "third" }, "b/z"] }',
  ],
  [
    "loses its name, and keeps the comments inside it",
    '{ "paks": [{ /* why */ "source": "b/y@1.0.0", "as": "other" }, "b/z"] }',
    undefined,
    '{ "paks": [{ /* why */ "source": "b/y@^2" }, "b/z"] }',
  ],
  [
    "gets a name where only a comment was in it",
    '{ "paks": [{ "source": "b/y@1.0.0" /* why */ }, "b/z"] }',
    "other",
    '{ "paks": [{ "source": "b/y@^2", "as": "other" /* why */ }, "b/z"] }',
  ],
  [
    "is there once, where two asked for it, and is no longer among the disabled ones",
    '{ "packs": ["b/y@1.0.0", "b/z", "b/y"], "disabled": ["b/y@1.0.0", "z"] }',
    undefined,
    '{ "packs": ["b/y@^2", "b/z"], "disabled": ["z"] }',
  ],
  [
    "is not written twice where it is already",
    '{ "paks": ["b/y@1.0.0", "b/z", "b/y@^2" /* new */] }',
    undefined,
    '{ "paks": ["b/z", "b/y@^2" /* new */] }',
  ],
  ["is added where no other was", '{ "paks": ["b/z"] }', undefined, '{ "paks": ["b/z", "b/y@^2"] }'],
];
test.each(replaced)("an entry that takes the place of another one %s", (_, before, as, after) => {
  const replace = (text: string) => replaceInWorkspace(text, ["b/y@1.0.0", "b/y"], { source: "b/y@^2", as });
  expect(replace(before)).toBe(after);
  expect(replace(after)).toBe(after);
});

const removed: readonly [what: string, before: string, after: string][] = [
  [
    "the comments right in front of it and behind it on its line",
    '{ "paks": [/* x */ "a/x", /* y */ "b/y" /* why */, /* z */ "a/z"] }',
    '{ "paks": [/* x */ "a/x", /* z */ "a/z"] }',
  ],
  ["those of the first one", '{ "paks": [/* y */ "b/y", /* z */ "a/z"] }', '{ "paks": [/* z */ "a/z"] }'],
  [
    "those of the last one",
    '{ "paks": [/* x */ "a/x" /* 1 */, /* y */ "b/y" /* 2 */] }',
    '{ "paks": [/* x */ "a/x" /* 1 */] }',
  ],
  [
    "its line with the comment in front of it",
    list('    "a/x",', '    /* tables */ "b/y", // why', '    "a/z"'),
    list('    "a/x",', '    "a/z"'),
  ],
  [
    "a comment of several lines that begins behind it",
    list('    "a/x",', '    "b/y", /* why', "    and since when */", '    "a/z"'),
    list('    "a/x",', '    "a/z"'),
  ],
  [
    "no comment of lines of its own, above or below",
    list("    // tables", '    "b/y", // why', "    // texts", '    "a/z"'),
    list("    // tables", "    // texts", '    "a/z"'),
  ],
  [
    "no comment between it and its comma on another line",
    list('    "b/y" // why', "    // texts", '    , "a/z"'),
    list("    // texts", '     "a/z"'),
  ],
  [
    "no comment at the end of a line that others share",
    list('    "a/x", "b/y", // both', '    "a/z"'),
    list('    "a/x", // both', '    "a/z"'),
  ],
  [
    "no comment that the next one on its line has in front",
    list('    "b/y", /* texts */ "a/z"'),
    list('    /* texts */ "a/z"'),
  ],
  [
    "no comment behind the list's bracket where that is on another line",
    '{ "paks": [ // ours\n  "b/y",\n  "a/z" ] }',
    '{ "paks": [ // ours\n  "a/z" ] }',
  ],
  [
    "its comma where that begins a line",
    '{ "paks": [ "a/x"\n, "b/y" // y\n, "a/z"\n] }',
    '{ "paks": [ "a/x"\n, "a/z"\n] }',
  ],
];
test.each(removed)("an entry that is removed takes %s", (_, before, after) => {
  expect(removeFromWorkspace(before, "b/y")).toBe(after);
});

test.each([
  ['{ "paks": [\n  "b/x", /* ours */] /* end */\n}\n', '{ "paks": [\n  "b/x", "b/y", /* ours */] /* end */\n}\n'],
  ['{ "paks": [\n  "b/x" /* ours */] /* end */\n}\n', '{ "paks": [\n  "b/x", "b/y" /* ours */] /* end */\n}\n'],
  ['{ "paks": [\n  "b/x" /* 1 */ /* 2 */\n] }\n', '{ "paks": [\n  "b/x", /* 1 */ /* 2 */\n  "b/y"\n] }\n'],
  ['{ "paks": [\n  "b/x" /* 1 */ // 2\n] }\n', '{ "paks": [\n  "b/x", /* 1 */ // 2\n  "b/y"\n] }\n'],
])("an entry is added inside its list, also where comments are on both sides of the bracket: %j", (before, after) => {
  const added = addToWorkspace(before, "b/y");
  expect(read(added).paks).toEqual(["b/x", "b/y"]);
  expect(added).toBe(after);
});

/** One entry in any layout; every comment names what it is about. */
const entryText = (name: string) =>
  fc
    .record({
      above: fc.constantFrom("", `\n    // above ${name}\n    `, `\n/* above ${name} */\r\n`),
      front: fc.constantFrom("", "\n    ", "\r\n\t", " "),
      before: fc.constantFrom("", `/* of ${name} */ `),
      as: fc.constantFrom(undefined, `n-${name}`),
      isObject: fc.boolean(),
      behind: fc.constantFrom("", ` /* of ${name} */`, ` // of ${name}\n`, `\n  // below ${name}\n`),
      end: fc.constantFrom("", " ", `\n`, ` /* between ${name} */ `, ` // end ${name}\n`),
    })
    .map(({ above, front, before, as, isObject, behind, end }) => ({
      as: isObject ? as : undefined,
      text: (source: string, alias = isObject ? as : undefined) => {
        const named = alias === undefined ? "" : `, "as": "${alias}"`;
        const value = isObject ? `{ "source": "${source}" /* in ${name} */${named} }` : `"${source}"`;
        return { lead: `${above}${front}${before}`, value, behind, end };
      },
    }));
const names = ["a", "b", "c", "d"];
const layout = fc.record({
  entries: fc.tuple(...names.map(entryText)),
  count: fc.integer({ min: 1, max: 4 }),
  at: fc.nat({ max: 3 }),
  hasComma: fc.boolean(),
});
const commentsOf = (text: string): string[] => text.match(/\/\/ \w+ ?\w*|\/\* \w+ ?\w* \*\//g) ?? [];
const sourceOf = (name: string): string => `acme/${name}@1.0.0`;

test("whatever the layout, an entry that is replaced changes its source and not one other byte", () => {
  fc.assert(
    fc.property(layout, ({ entries, count, at, hasComma }) => {
      const index = at % count;
      const make = (sources: readonly string[]): string => {
        const parts = entries.slice(0, count).map((one, place) => {
          const { lead, value, behind, end } = one.text(sources[place]!);
          return `${lead}${value}${behind}${place < count - 1 || hasComma ? `,${end}` : ""}`;
        });
        return `{ // top\n  "paks": [${parts.join("")}\n  ], /* x */ "features": 1 }\n`;
      };
      const sources = names.map(sourceOf);
      const [old, source] = [sources[index]!, "acme/new@^2"];
      const as = entries[index]!.as;
      const after = replaceInWorkspace(make(sources), [old], { source, as });
      expect(after).toBe(make(sources.with(index, source)));
      expect(replaceInWorkspace(after, [old], { source, as })).toBe(after);
      expect(aliasOf(read(after), source)).toBe(as);
    }),
    { numRuns: 500 },
  );
});

const close = fc.constantFrom(
  "\n  ]",
  "]",
  " ]",
  "] /* end */\n",
  " /* last */ ] // end\n",
  "/* 1 */ /* 2 */]/* end */\n",
);
test("whatever the layout, an entry that is added is the last one of the list, and no comment goes", () => {
  fc.assert(
    fc.property(layout, close, ({ entries, count, hasComma }, end) => {
      const parts = entries.slice(0, count).map((one, place) => {
        const { lead, value, behind, end: after } = one.text(sourceOf(names[place]!));
        return `${lead}${value}${behind}${place < count - 1 || hasComma ? `,${after}` : ""}`;
      });
      const text = `{ // top\n  "paks": [${parts.join("")}${end}}\n`;
      const added = addToWorkspace(text, "acme/new");
      expect(read(added)).toEqual({ ...read(text), paks: [...read(text).paks, "acme/new"] });
      expect(commentsOf(added)).toEqual(commentsOf(text));
    }),
    { numRuns: 500 },
  );
});

test("whatever the layout, an entry that is removed leaves the others, their comments and those on lines of their own", () => {
  fc.assert(
    fc.property(layout, ({ entries, count, at, hasComma }) => {
      const index = at % count;
      const parts = entries.slice(0, count).map((one, place) => {
        const { lead, value, behind, end } = one.text(sourceOf(names[place]!));
        return `${lead}${value}${behind}${place < count - 1 || hasComma ? `,${end}` : ""}`;
      });
      const text = `{ // top\n  "paks": [${parts.join("")}\n  ], /* x */ "features": 1 }\n`;
      const gone = names[index]!;
      const left = removeFromWorkspace(text, sourceOf(gone));
      const before = read(text);
      expect(read(left)).toMatchObject({
        paks: before.paks.filter((one) => one !== sourceOf(gone)),
        extra: before.extra,
      });
      // Behind a comma, "between" may be right in front of the one that goes.
      const others = commentsOf(text).filter((one) => !one.includes(` ${gone}`) && !one.includes("between"));
      expect(commentsOf(left)).toEqual(expect.arrayContaining(others));
      for (const comment of text.match(/(?:\/\/|\/\*) (?:above|below) \w/g) ?? []) expect(left).toContain(comment);
      expect(left).not.toContain(`/* of ${gone} */ "`);
      expect(removeFromWorkspace(left, sourceOf(gone))).toBe(left);
      expect(read(addToWorkspace(left, sourceOf(gone))).paks.at(-1)).toBe(sourceOf(gone));
    }),
    { numRuns: 1000 },
  );
});
