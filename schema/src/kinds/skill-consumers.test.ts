import { expect, test } from "vitest";
import { readTexts } from "../testing/reading.ts";
import { skillMd } from "../testing/skill-md.ts";
import { consumers, judgeByConsumer } from "./consumers.ts";

const { specification, reference, upload, copilot, registry } = consumers;
const good = "name: pdf\ndescription: Reads and writes PDF files when asked to.\nlicense: MIT\n";
const skill = (yaml: string) => `---\n${yaml}---\n# Steps\n`;
const refusedBy = (text: string, directory?: string) => {
  const { findings } = readTexts({ "SKILL.md": text }, "strict", { directory });
  return judgeByConsumer(findings).flatMap(({ consumer, accepts }) => (accepts ? [] : [consumer]));
};

test("a plain skill works everywhere", () => {
  expect(refusedBy(skillMd({ version: "1.0.0" }))).toEqual([]);
});

test.each([
  ["a field of one agent", skill(`${good}model: small\n`), [reference, upload]],
  ["our fields at top level", skill(`${good}keywords:\n  - pdf\n`), [reference, upload]],
  ["CRLF", skill(good).replaceAll("\n", "\r\n"), [upload]],
  ["a byte order mark", `\uFEFF${skill(good)}`, [reference, upload]],
  ["blanks after the opening fence", skill(good).replace("---\n", "--- \n"), [upload]],
  ["three hyphens in a value", skill(`${good}compatibility: a---b\n`), [reference]],
  ["nested metadata", skill(`${good}metadata:\n  a:\n    b: c\n`), [specification]],
  ["a list of tools", skill(`${good}allowed-tools:\n  - Read\n`), [specification]],
  ["brackets", skill(`${good}metadata: {a: b}\n`), [reference]],
  ["brackets further down", skill(`${good}metadata:\n  a: [b]\n`), [specification, reference]],
  ["angle brackets in the description", skill(good.replace("PDF", "<PDF>")), [upload]],
  ["a vendor's word in the name", skill(good.replace("name: pdf", "name: claude-pdf")), [upload]],
  ["a version of two numbers", skill(`${good}metadata:\n  version: "1.0"\n`), [registry]],
  ["a name in upper case", skill(good.replace("name: pdf", "name: PDF")), [specification, reference, upload, registry]],
  ["no description", skill("name: pdf\nlicense: MIT\n"), Object.values(consumers)],
])("%s", (_, text, refusing) => {
  expect(refusedBy(text)).toEqual(refusing);
});

test("a folder with another name is refused by the format, its validator and Copilot", () => {
  expect(refusedBy(skill(good), "other")).toEqual([specification, reference, copilot]);
});

test("what only some consumers refuse is a warning that names them, and only in the strict profile", () => {
  const text = `\uFEFF${skill(`${good}model: small\nmetadata: {a: [b]}\n`)}`;
  const strict = readTexts({ "SKILL.md": text }, "strict").findings;
  expect(strict.map(({ severity }) => severity)).toEqual(strict.map(() => "warning"));
  expect(strict.every(({ consumers }) => consumers!.length > 0)).toBe(true);
  expect(readTexts({ "SKILL.md": text }, "lenient").findings).toEqual([]);
});

test("a field that a tool reads is told with the tool's name", () => {
  const { findings } = readTexts({ "SKILL.md": skill(`${good}hooks:\n  a: b\nverison: 1.0.0\n`) }, "strict");
  expect(findings.map(({ message }) => message)).toEqual([
    "hooks is no field of the open format; Claude Code reads it.",
    "verison is no field of the open format.",
  ]);
});
