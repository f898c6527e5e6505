import * as fc from "fast-check";
import { expect, test } from "vitest";
import { PaksError } from "./errors.ts";
import { fixManifest } from "./fix-manifest.ts";
import { hostileText, resultOrPaksError } from "./testing/properties.ts";
import { readTexts } from "./testing/reading.ts";

const good =
  '---\nname: pdf\ndescription: Reads and writes PDF files.\nlicense: MIT\nmetadata:\n  version: "1.2.3"\n---\n# Steps\n';
const fix = (text: string, options: { directory?: string; version?: string } = {}) =>
  fixManifest({ "SKILL.md": text }, { directory: "pdf", ...options });

test("what is right stays as it is, byte for byte", () => {
  expect(fix(good)).toEqual({ texts: { "SKILL.md": good }, fixes: [], lacksVersion: false });
});

test.each([
  ["a byte order mark", `\uFEFF${good}`, good, ["byte-order-mark"]],
  ["CRLF", good.replaceAll("\n", "\r\n"), good, ["line-ends"]],
  ["blanks after the fences", good.replaceAll("---\n", "--- \n"), good, ["fence"]],
  ["both in one file", `\uFEFF${good.replaceAll("\n", "\r\n")}`, good, ["byte-order-mark", "line-ends"]],
  [
    "another name",
    good.replace("name: pdf", "name: other # why"),
    good.replace("name: pdf", "name: pdf # why"),
    ["name"],
  ],
  ["a quoted name", good.replace("name: pdf", "name: 'PDF Tools'"), good.replace("name: pdf", "name: 'pdf'"), ["name"]],
  ["no name", good.replace("name: pdf\n", ""), good, ["name"]],
  ["a version of two numbers", good.replace("1.2.3", "1.2"), good.replace("1.2.3", "1.2.0"), ["version"]],
  ["a version that is a number", good.replace('"1.2.3"', "1.10"), good.replace('"1.2.3"', "1.10.0"), ["version"]],
  ["a license that is a number", good.replace("MIT", "0"), good.replace("MIT", '"0"'), ["quotes"]],
  [
    "a colon in a value",
    good.replace("Reads", "Use when: it reads"),
    good.replace("Reads and writes PDF files.", "'Use when: it reads and writes PDF files.'"),
    ["quotes"],
  ],
])("%s is mended and nothing else changes", (_, before, after, kinds) => {
  const fixed = fix(before);
  expect(fixed.texts["SKILL.md"]).toBe(after);
  expect(fixed.fixes.map(({ kind }) => kind)).toEqual(kinds);
  expect(fix(after).fixes).toEqual([]);
});

test("a missing version is told first, and added when it is given", () => {
  const without = good.replace('metadata:\n  version: "1.2.3"\n', "");
  expect(fix(without)).toMatchObject({ lacksVersion: true, fixes: [] });
  expect(fix(without, { version: "1.2.3" }).texts["SKILL.md"]).toBe(good);
});

test("a version in skill.yaml counts, and is mended there", () => {
  const main = good.replace('metadata:\n  version: "1.2.3"\n', "");
  const fixed = fixManifest({ "SKILL.md": main, "skill.yaml": "# ours\r\nversion: '1.0' # x\r\n" });
  expect(fixed).toMatchObject({
    lacksVersion: false,
    texts: { "SKILL.md": main, "skill.yaml": "# ours\nversion: '1.0.0' # x\n" },
  });
});

test("a name that YAML would read as something else is quoted", () => {
  for (const directory of ["007", "1e3", "null", "true"]) {
    const fixed = fix(good, { directory });
    expect(fixed.texts["SKILL.md"]).toContain(`name: "${directory}"`);
  }
});

test("without a folder's name a good name stays and a bad one becomes the nearest", () => {
  expect(fixManifest({ "SKILL.md": good }).fixes).toEqual([]);
  const bad = good.replace("name: pdf", "name: PDF Tools");
  expect(fixManifest({ "SKILL.md": bad }).texts["SKILL.md"]).toContain("name: pdf-tools\n");
});

test("a name with a slash is not guessed at", () => {
  const text = good.replace("name: pdf", "name: ../pdf");
  expect(fixManifest({ "SKILL.md": text }).texts["SKILL.md"]).toBe(text);
});

test("two versions that differ are the author's to decide", () => {
  const text = good.replace("license: MIT", "version: 1.0");
  expect(fix(text).texts["SKILL.md"]).not.toContain("1.0.0");
});

test("front matter that cannot be read keeps its fields", () => {
  expect(fix("\uFEFF---js\r\nx\r\n---\r\n").texts["SKILL.md"]).toBe("---js\nx\n---\n");
});

test("what is fixed has no error that a program could mend", () => {
  const worst = '\uFEFF--- \nname: My PDF\ndescription: Use when: "x" is read\nversion: 1.10\n---\t\nBody\n'.replaceAll(
    "\n",
    "\r\n",
  );
  const { texts } = fix(worst);
  const { findings } = readTexts({ "SKILL.md": texts["SKILL.md"] }, "strict", { directory: "pdf" });
  expect(findings.filter(({ severity }) => severity === "error")).toEqual([]);
});

test("line ends that were converted twice are mended at once", () => {
  const once = fix(good.replaceAll("\n", "\r\r\n"), { version: "0.1.0" }).texts["SKILL.md"];
  expect(once).not.toContain("\r");
  expect(fix(once, { version: "0.1.0" }).texts["SKILL.md"]).toBe(once);
});

test("no text makes it throw anything but its own error, and a second run finds nothing to do", () => {
  const texts = [
    good,
    good.replaceAll("\n", "\r\n"),
    "---\nname: {a: b}\nversion: [1]\n---\n",
    '---\n{"name": 1}\n---\n',
  ];
  fc.assert(
    fc.property(hostileText(texts), (text) => {
      const once = resultOrPaksError(() => fix(text, { version: "0.1.0" }));
      if (once instanceof PaksError) return;
      // Read by another way than the fix itself does: the description is what it was.
      const description = (one: string) => readTexts({ "SKILL.md": one }, "lenient").manifest?.description;
      const after = description(once.texts["SKILL.md"]);
      expect(after).toBe(description(text) ?? after);
      const twice = fix(once.texts["SKILL.md"], { version: "0.1.0" });
      expect(twice.texts).toEqual(once.texts);
    }),
    { numRuns: 300 },
  );
});
