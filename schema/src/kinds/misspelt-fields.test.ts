import { describe, expect, test } from "vitest";
import type { Finding } from "../finding.ts";
import { readTexts } from "../testing/reading.ts";

const good = "name: pdf\ndescription: Reads and writes PDF files when asked to.\nlicense: MIT\n";
const skillOf = (yaml: string) => ({ "SKILL.md": `---\n${yaml}---\n# Steps\n` });
const both = (texts: Record<string, string>) => ({
  lenient: readTexts(texts, "lenient", {}),
  strict: readTexts(texts, "strict", {}),
});

describe("a misspelt field", () => {
  const unread = ({ findings }: { findings: readonly Finding[] }) =>
    findings.flatMap(({ code, severity, field, message, hint }) =>
      code === "UNKNOWN_FIELD" ? [{ severity, field, said: `${message} ${hint}` }] : [],
    );

  test.each([
    ["dependancies", "dependencies"],
    ["licence", "license"],
    ["metadta", "metadata"],
    ["allowed_tools", "allowed-tools"],
    ["allowedTools", "allowed-tools"],
    ["keyword", "keywords"],
    ["Licence", "license"],
  ])("%s is told with the field that is meant, and is no error", (written, meant) => {
    const { lenient, strict } = both(skillOf(`name: pdf\ndescription: Reads and writes PDF files.\n${written}: x\n`));
    expect(unread(lenient)).toMatchObject([{ severity: "warning", field: written }]);
    expect(unread(lenient)[0]!.said).toBe(`${written} is not read; is ${meant} meant? Write ${meant}.`);
    expect(unread(strict)).toMatchObject([{ severity: "warning", field: written }]);
    expect(unread(strict)[0]!.said).toContain(`Did you mean ${meant}?`);
    expect([...lenient.findings, ...strict.findings].filter(({ severity }) => severity === "error")).toEqual([]);
    expect(lenient.manifest?.extra).toEqual({ [written]: "x" });
  });

  test("says so where the field is missed", () => {
    const { lenient } = both(skillOf("name: pdf\ndesciption: Reads and writes PDF files.\n"));
    expect(lenient.findings.map(({ message }) => message)).toEqual([
      "description is missing.",
      "desciption is not read; is description meant?",
    ]);
  });

  test("is told for skill.yaml too, with the fields that are read there", () => {
    const side = { "skill.yaml": "keyword: [pdf]\ndesciption: x\ndescription: x\n" };
    const { lenient } = both({ ...skillOf(good), ...side });
    expect(unread(lenient).map(({ said }) => said)).toEqual([
      "keyword is not read; is keywords meant? Write keywords.",
      "desciption is not read. Check its spelling.",
      "description is not read. Check its spelling.",
    ]);
  });

  test("is none where another tool's field is meant, the right one stands beside it, or it is far off", () => {
    const others = "tags: x\ntitle: x\ncategory: x\nallowed-hosts: x\npaths: x\nmodel: x\nlicence: x\nnamespace: x\n";
    expect(unread(both(skillOf(good + others)).lenient)).toEqual([]);
  });
});
