import { readFileSync } from "node:fs";
import { inspect } from "node:util";
import fc from "fast-check";
import { expect, test } from "vitest";
import { PaksError, isPaksError } from "./errors.ts";
import { resultOrPaksError, timeGrowth } from "./testing/index.ts";
import { addToWorkspace, parseWorkspace, removeFromWorkspace } from "./workspace.ts";

const read = (text: string) => parseWorkspace(text, "paks.jsonc");

test("comments, commas at the end and what other programs keep there are fine", () => {
  const text = `{
  // what we use
  "paks": ["acme/pdf@^1", "./local",],
  "disabled": ["pdf"], /* not now */
  "agents": ["claude-code"],
  "registry": "https://paks.example",
  "features": { "x": 1 },
}`;
  expect(read(text)).toEqual({
    paks: ["acme/pdf@^1", "./local"],
    disabled: ["pdf"],
    agents: ["claude-code"],
    registry: "https://paks.example",
    extra: { features: { x: 1 } },
  });
  expect(read("{}")).toEqual({ paks: [], disabled: [], extra: {} });
});

test("the older words packs and targets are understood, and * means every tool that is found", () => {
  expect(read('{"packs": ["acme/pdf"], "targets": ["cursor"]}')).toMatchObject({
    paks: ["acme/pdf"],
    agents: ["cursor"],
  });
  expect(read('{"targets": ["*"]}').agents).toBeUndefined();
});

const bad: readonly [what: string, text: string][] = [
  ["no object", "[]"],
  ["nothing at all", ""],
  ["a bracket that is not closed", '{"paks": ['],
  ["a source that is no text", '{"paks": [1]}'],
  ["a source with an escape sequence", '{"paks": ["acme/\\u001b[2J"]}'],
  ["sources that are no list", '{"paks": "acme/pdf"}'],
  ["a key that is there twice", '{"paks": [], "paks": ["x/y"]}'],
  ["a hundred thousand brackets", `{"x": ${"[".repeat(100_000)}`],
  ["two megabytes", `{"x": "${"y".repeat(2_000_000)}"}`],
];
for (const [what, text] of bad)
  test(`${what} is refused as MANIFEST_INVALID`, () => {
    expect(resultOrPaksError(() => read(text))).toMatchObject({ code: "MANIFEST_INVALID" });
  });

test("the JSON Schema that editors read names what the parser reads", () => {
  const text = readFileSync(new URL("../../docs/paks.schema.json", import.meta.url), "utf8");
  const { properties } = JSON.parse(text) as { properties: Record<string, unknown> };
  const { extra, ...known } = read(
    '{"$schema": "x", "paks": [], "disabled": [], "agents": ["cursor"], "registry": "y"}',
  );
  expect(Object.keys(properties).sort()).toEqual([...Object.keys(extra), ...Object.keys(known)].sort());
});

test("a key __proto__ changes no object", () => {
  const { extra } = read('{"__proto__": {"polluted": 1}}');
  expect(Object.getPrototypeOf(extra)).toBe(Object.prototype);
  expect(({} as Record<string, unknown>)["polluted"]).toBeUndefined();
});

test("a key that is nearly one which is not there is refused; beside the key itself, and far from any, it is left", () => {
  for (const [text, key, meant] of [
    ['{ "pakss": ["a/b"] }', "pakss", "paks"],
    ['{ "paks": ["a/b"], "disable": ["a/b"] }', "disable", "disabled"],
    ['{ "paks": ["a/b"], "agent": ["goose"] }', "agent", "agents"],
    ['{ "paks": ["a/b"], "regstry": "x" }', "regstry", "registry"],
  ] as const)
    expect(() => read(text), text).toThrow(
      expect.objectContaining({
        code: "MANIFEST_INVALID",
        message: `paks.jsonc: "${key}" is not a key that paks reads, and there is no "${meant}".`,
        hint: expect.stringContaining(`Did you mean "${meant}"?`) as string,
      }),
    );
  expect(read('{ "packs": ["a/b"], "pakss": ["c/d"], "targets": [], "agent": 1, "features": 1 }')).toMatchObject({
    paks: ["a/b"],
    extra: { pakss: ["c/d"], agent: 1, features: 1 },
  });
});

test("an error names the line", () => {
  expect(resultOrPaksError(() => read('{\n  "paks": [\n    oops\n  ]\n}'))).toMatchObject({ details: { line: 3 } });
});

const source = fc.stringMatching(/^[a-z]{1,5}\/[a-z]{1,5}(@\^[1-9])?$/);
const comment = fc.constantFrom("", "// a note\n", "/* more */ ");
const workspaceText = fc
  .tuple(fc.uniqueArray(source, { maxLength: 6 }), comment, fc.constantFrom("\n", "\r\n"), fc.boolean())
  .map(([paks, note, end, withPaks]) =>
    withPaks
      ? [
          "{",
          `  ${note}"$schema": "x",`,
          `  "paks": [${note}`,
          ...paks.map((one) => `    ${note}"${one}",`),
          "  ],",
          "}",
          "",
        ].join(end)
      : `{ ${note}"features": [1] }${end}`,
  );

test("a file that begins with a byte order mark is read and edited like any other", () => {
  const text = '\uFEFF{\r\n  "paks": ["acme/pdf"]\r\n}\r\n';
  expect(read(text).paks).toEqual(["acme/pdf"]);
  expect(read(addToWorkspace(text, "acme/text")).paks).toEqual(["acme/pdf", "acme/text"]);
  expect(removeFromWorkspace(addToWorkspace(text, "acme/text"), "acme/text")).toBe(text);
});

test("a file with nothing in it is said to be empty", () => {
  for (const text of ["", "\n", "\uFEFF", " \r\n\t"])
    expect(() => read(text)).toThrow("paks.jsonc: the file is empty.");
});

test("the marks of a merge conflict are told as such, with what to do", () => {
  const text = '{\n  "paks": [\n<<<<<<< HEAD\n    "acme/a"\n=======\n    "acme/b"\n>>>>>>> other\n  ]\n}\n';
  expect(() => read(text)).toThrow(
    expect.objectContaining({
      code: "MANIFEST_INVALID",
      message: "paks.jsonc holds the marks of a merge conflict in line 3.",
      hint: expect.stringContaining("both sides") as string,
    }),
  );
});

test("adding and removing a source changes that source only: comments and other keys stay", () => {
  fc.assert(
    fc.property(workspaceText, source, (text, added) => {
      const before = read(text);
      const after = addToWorkspace(text, added);
      expect(read(after).paks).toEqual(before.paks.includes(added) ? before.paks : [...before.paks, added]);
      expect(read(after).extra).toEqual(before.extra);
      for (const note of text.match(/\/\/ a note|\/\* more \*\//g) ?? []) expect(after).toContain(note);
      expect(addToWorkspace(after, added)).toBe(after);
      const removed = removeFromWorkspace(after, added);
      expect(read(removed).paks).toEqual(before.paks.filter((one) => one !== added));
      expect(removeFromWorkspace(removed, added)).toBe(removed);
    }),
  );
});

const edits: readonly [what: string, before: string, after: string][] = [
  [
    "a list on one line stays on one line",
    '{\n  "paks": ["a/x", "a/y"],\n  "disabled": ["x",  "y"] // why\n}\n',
    '{\n  "paks": ["a/x", "a/y", "b/z"],\n  "disabled": ["x",  "y"] // why\n}\n',
  ],
  ["a comma at the end of a line stays", '{ "paks": ["a/x",] }', '{ "paks": ["a/x", "b/z",] }'],
  [
    "a comma at the end of the list stays, and a note stays with its source",
    '{\n\t"paks": [\n\t\t"a/x", // why\n\t\t"a/y", /* more */\n\t\t// last\n\t],\n}\n',
    '{\n\t"paks": [\n\t\t"a/x", // why\n\t\t"a/y", /* more */\n\t\t"b/z",\n\t\t// last\n\t],\n}\n',
  ],
  [
    "without one the comma comes before the note",
    '{\r\n    "paks": [\r\n        "a/x" // why\r\n    ]\r\n}\r\n',
    '{\r\n    "paks": [\r\n        "a/x", // why\r\n        "b/z"\r\n    ]\r\n}\r\n',
  ],
  [
    "an odd layout stays odd",
    '{"paks":["a/x",\n"a/y"  ]   ,"registry":"r"}',
    '{"paks":["a/x",\n"a/y", "b/z"  ]   ,"registry":"r"}',
  ],
  ["an empty list is filled", '{ "paks": [] }', '{ "paks": ["b/z"] }'],
  [
    "an empty list with a note is filled behind it",
    '{\n  "paks": [\n    // none\n  ]\n}',
    '{\n  "paks": [\n    // none\n    "b/z",\n  ]\n}',
  ],
  [
    "a list that is not there is put behind the rest",
    '{\n  "agents": ["goose"] // mine\n}\n',
    '{\n  "agents": ["goose"], // mine\n  "paks": [\n    "b/z",\n  ]\n}\n',
  ],
  ["an empty object gets its list", "{}", '{ "paks": ["b/z"] }'],
  ["the older word stays", '{ "packs": ["a/x"] }', '{ "packs": ["a/x", "b/z"] }'],
];
test.each(edits)("%s when a source is added", (_, before, after) => {
  expect(addToWorkspace(before, "b/z")).toBe(after);
});

const backAgain = edits.filter(
  ([what]) => !what.includes("filled") && !what.includes("gets its") && !/not there/.test(what),
);
test.each(backAgain)("%s when it is removed again", (_, before, after) => {
  expect(removeFromWorkspace(after, "b/z")).toBe(before);
});

test("a source that is removed takes its own line and note, and its place among the disabled ones", () => {
  const text =
    '{\n  // all\n  "paks": [\n    // one\n    "a/x", // x\n    "a/y" // y\n  ],\n  "disabled": ["a/y", "z"]\n}\n';
  expect(removeFromWorkspace(text, "a/y")).toBe(
    '{\n  // all\n  "paks": [\n    // one\n    "a/x" // x\n  ],\n  "disabled": ["z"]\n}\n',
  );
  expect(removeFromWorkspace('{ "paks": ["a/x", "a/y", "a/z"] }', "a/y")).toBe('{ "paks": ["a/x", "a/z"] }');
  expect(removeFromWorkspace('{ "paks": ["a/x", "a/y"] }', "a/x")).toBe('{ "paks": ["a/y"] }');
  expect(removeFromWorkspace('{ "paks": ["a/x"] }', "a/x")).toBe('{ "paks": [] }');
});

test("a workspace that is not there yet is made", () => {
  const text = addToWorkspace("", "acme/pdf");
  expect(text).toBe('{\n  "paks": [\n    "acme/pdf",\n  ]\n}\n');
  expect(read(addToWorkspace(text, "acme/text")).paks).toEqual(["acme/pdf", "acme/text"]);
});

test("of two branches that each add a source, the lines of both are a workspace", () => {
  const base = addToWorkspace("", "acme/pdf");
  const [ours, theirs] = ["acme/csv", "acme/text"].map((one) => addToWorkspace(base, one).split("\n"));
  const only = theirs!.filter((line) => !ours!.includes(line));
  const merged = [...ours!.slice(0, 4), ...only, ...ours!.slice(4)].join("\n");
  expect(read(merged).paks).toEqual(["acme/pdf", "acme/csv", "acme/text"]);
});

test("a missing comma is told where it belongs", () => {
  const text = '{\n  "paks": [\n    "acme/a" // mine\n    // theirs\n    "acme/b"\n  ]\n}\n';
  expect(() => read(text)).toThrow(
    expect.objectContaining({
      message: "paks.jsonc:3:13: a comma is missing here, at the end of an entry.",
      details: { path: "paks.jsonc", line: 3, column: 13 },
    }),
  );
});

test("whatever the text is, only a PaksError is thrown", () => {
  const mutated = fc.tuple(workspaceText, fc.nat(), fc.string()).map(([text, at, junk]) => {
    const index = at % text.length;
    return text.slice(0, index) + junk + text.slice(index + 1);
  });
  fc.assert(
    fc.property(fc.oneof(fc.string(), fc.json(), mutated), source, (text, added) => {
      const runs: (() => unknown)[] = [
        () => read(text),
        () => addToWorkspace(text, added),
        () => removeFromWorkspace(text, added),
      ];
      for (const run of runs) {
        const result: unknown = resultOrPaksError(run);
        expect(!(result instanceof PaksError) || isPaksError(result, "MANIFEST_INVALID"), inspect(result)).toBe(true);
      }
    }),
    { numRuns: 1000 },
  );
});

test("a workspace is read in time that grows with its size", () => {
  const of = (count: number): string =>
    `{"paks": [${Array.from({ length: count }, (_, index) => `"acme/p${index}" // x\n`).join(",")}]}`;
  const texts = new Map([500, 5000].map((count) => [count, of(count)]));
  expect(timeGrowth((count) => read(texts.get(count)!), [500, 5000])).toBeLessThan(40);
});
