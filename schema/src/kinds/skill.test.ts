import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { Finding } from "../finding.ts";
import { findManifests, readManifest } from "../manifest.ts";
import { hostileText } from "../testing/properties.ts";
import { pakFiles, readTexts } from "../testing/reading.ts";
import { skillFolders } from "../testing/skill-folders.ts";
import { skillMd } from "../testing/skill-md.ts";

const good = "name: pdf\ndescription: Reads and writes PDF files when asked to.\nlicense: MIT\n";
const skillOf = (yaml: string, body = "# Steps\n") => ({ "SKILL.md": `---\n${yaml}---\n${body}` });
const both = (texts: Record<string, string>, options = {}) => ({
  lenient: readTexts(texts, "lenient", options),
  strict: readTexts(texts, "strict", options),
});
const codes = (findings: readonly Finding[]) => findings.map(({ code }) => code);
const errors = (findings: readonly Finding[]) => findings.filter(({ severity }) => severity === "error");

describe("a good skill", () => {
  test("has no finding in either profile, with the version in metadata", () => {
    for (const { findings, manifest } of Object.values(both({ "SKILL.md": skillMd({ version: "1.2.0" }) }))) {
      expect(findings).toEqual([]);
      expect(manifest).toMatchObject({ kind: "skill", name: "deploy", version: "1.2.0", license: "MIT" });
    }
  });

  test("has no finding with everything of ours in skill.yaml", () => {
    const side = [
      "version: 1.2.0",
      "authors: [Ada, Grace]",
      "repository: https://github.com/acme/skills",
      "homepage: https://example.com/pdf",
      "keywords: [pdf, forms]",
      "categories: [documents]",
      "dependencies:",
      "  acme/fonts: ^1.2",
      "  acme/ocr: '*'",
      "",
    ].join("\n");
    const { lenient, strict } = both({ ...skillOf(good), "skill.yaml": side }, { directory: "pdf" });
    expect([...lenient.findings, ...strict.findings]).toEqual([]);
    expect(strict.manifest).toEqual({
      kind: "skill",
      name: "pdf",
      description: "Reads and writes PDF files when asked to.",
      version: "1.2.0",
      license: "MIT",
      authors: ["Ada", "Grace"],
      repository: "https://github.com/acme/skills",
      homepage: "https://example.com/pdf",
      keywords: ["pdf", "forms"],
      categories: ["documents"],
      dependencies: [
        { account: "acme", name: "fonts", range: "^1.2" },
        { account: "acme", name: "ocr", range: "*" },
      ],
      extra: {},
    });
  });

  test("may keep the same fields in SKILL.md itself", () => {
    const yaml = `${good}version: 1.0.0\nauthors:\n  - Ada\nkeywords:\n  - pdf\ndependencies:\n  - acme/fonts@^1\n  - name: acme/ocr\n    version: 2.0.0\n`;
    const { lenient, strict } = both(skillOf(yaml));
    expect(lenient.findings).toEqual([]);
    expect(errors(strict.findings)).toEqual([]);
    expect(lenient.manifest).toMatchObject({
      version: "1.0.0",
      authors: ["Ada"],
      keywords: ["pdf"],
      dependencies: [
        { account: "acme", name: "fonts", range: "^1" },
        { account: "acme", name: "ocr", range: "2.0.0" },
      ],
    });
  });

  test("keeps metadata and foreign fields as they are written", () => {
    const metadata = { openclaw: { requires: { bins: ["curl"], deep: { a: null, b: true, c: 1.5 } } }, note: "x" };
    const yaml = `${good}metadata: ${JSON.stringify(metadata)}\nhooks:\n  - run: [1, two]\nmodel: small\n`;
    const { manifest } = readTexts(skillOf(yaml), "lenient");
    expect(manifest?.metadata).toEqual(metadata);
    expect(manifest?.extra).toEqual({ hooks: [{ run: [1, "two"] }], model: "small" });
  });

  test("names its author in metadata, as the open format's example does", () => {
    const { manifest } = readTexts(skillOf(`${good}metadata:\n  author: acme-labs\n`), "lenient");
    expect(manifest?.authors).toEqual(["acme-labs"]);
  });
});

describe("published shapes", () => {
  test.each(skillFolders.map((folder) => [folder.shape, folder] as const))(
    "the lenient profile keeps %s",
    (_, { files, path, name, description }) => {
      const places = findManifests(Object.keys(files));
      expect(places.map((place) => place.path)).toEqual([path]);
      const inside = places[0]!.directory === "" ? "" : `${places[0]!.directory}/`;
      const own = Object.entries(files).filter(([file]) => file.startsWith(inside));
      const { manifest, findings } = readTexts(
        Object.fromEntries(own.map(([file, text]) => [file.slice(inside.length), text])),
        "lenient",
        { directory: places[0]!.directory.split("/").at(-1) || undefined },
      );
      expect(errors(findings)).toEqual([]);
      expect(manifest?.name).toBe(name);
      expect(manifest?.description.startsWith(description)).toBe(true);
    },
  );

  test("the strict profile refuses those that break the format and no others", () => {
    const refused = skillFolders.filter(({ files, path }) => {
      const file = path.split("/").at(-1)!;
      return errors(readTexts({ [file]: files[path]! }, "strict").findings).length > 0;
    });
    expect(refused.map(({ shape }) => shape)).toEqual([
      "the file name in lower case",
      "metadata.version of two numbers, in quotes",
      "a version that YAML takes for a number",
      "an unquoted colon in the description",
      "an unquoted colon on a line that continues the description",
      "an unquoted colon inside metadata",
      "no blank after the colon",
      "a description that begins with emphasis",
      "blanks after both fences",
      "a name in upper case with a blank",
      "a name with underscores",
      "a name that YAML takes for a number",
      "a description of 1068 characters",
    ]);
  });
});

describe("what the lenient profile reads past is an error in the strict one", () => {
  test.each([
    ["NAME_NORMALIZED", "name: PDF_Tools\ndescription: Reads and writes PDF files.\n", "name"],
    ["UNQUOTED_VALUE", "name: 12\ndescription: Reads and writes PDF files.\n", "name"],
    ["UNQUOTED_VALUE", `${good}version: 1.10\n`, "version"],
    ["VERSION_COERCED", `${good}metadata:\n  version: "1.0"\n`, "metadata.version"],
    ["VERSION_COERCED", `${good}version: v1.2.3\n`, "version"],
    ["VERSION_IGNORED", `${good}version: newest\n`, "version"],
    ["VERSION_IGNORED", `${good}version: [1, 2]\n`, "version"],
    ["LONG_DESCRIPTION", `name: pdf\ndescription: ${"x".repeat(1025)}\n`, "description"],
    ["LONG_COMPATIBILITY", `${good}compatibility: ${"x".repeat(501)}\n`, "compatibility"],
    ["FIELD_IGNORED", `${good}compatibility: [a]\n`, "compatibility"],
    ["FIELD_IGNORED", `${good}metadata: text\n`, "metadata"],
    ["FIELD_IGNORED", `${good}metadata: [a]\n`, "metadata"],
    ["FIELD_IGNORED", `${good}homepage: javascript:alert(1)\n`, "homepage"],
    ["FIELD_IGNORED", `${good}homepage: https://user:pass@example.com\n`, "homepage"],
    ["FIELD_IGNORED", `${good}repository: somewhere\n`, "repository"],
    ["FIELD_IGNORED", `${good}dependencies: acme/x\n`, "dependencies"],
    ["FIELD_IGNORED", `${good}dependencies: [nonsense]\n`, "dependencies.0"],
    ["FIELD_IGNORED", `${good}dependencies: [acme/a, acme/a@^2]\n`, "dependencies.1"],
    ["FIELD_IGNORED", `${good}dependencies:\n  - name: acme/a\n    git: https://example.com/x.git\n`, "dependencies.0"],
    ["FIELD_COERCED", `${good}keywords: pdf, forms\n`, "keywords"],
    ["FIELD_CUT", `${good}keywords: [${"x".repeat(33)}]\n`, "keywords"],
    ["FIELD_CUT", `${good}keywords: [${Array.from({ length: 21 }, (_, index) => `k${index}`).join()}]\n`, "keywords"],
    ["FIELD_IGNORED", `${good}other: ${"x".repeat(4096)}\n`, "other"],
  ])("%s", (warning, yaml, field) => {
    const { lenient, strict } = both(skillOf(yaml));
    expect(errors(lenient.findings)).toEqual([]);
    expect(lenient.manifest?.name).toBeTruthy();
    expect(lenient.findings).toContainEqual(
      expect.objectContaining({ code: warning, field, path: "SKILL.md", line: expect.any(Number) }),
    );
    expect(errors(strict.findings)).toContainEqual(expect.objectContaining({ field, line: expect.any(Number) }));
  });

  test("a name that is not the folder's", () => {
    const { lenient, strict } = both(skillOf(good), { directory: "pdf-old" });
    expect(codes(lenient.findings)).toEqual(["NAME_DIRECTORY_MISMATCH"]);
    expect(errors(strict.findings)).toMatchObject([{ field: "name", line: 2, column: 7 }]);
  });

  test("a missing name, where the folder has one", () => {
    const { lenient, strict } = both(skillOf("description: Reads and writes PDF files.\n"), { directory: "PDF Files" });
    expect(lenient.manifest?.name).toBe("pdf-files");
    expect(errors(strict.findings)).toMatchObject([{ code: "MANIFEST_INVALID", field: "name" }]);
  });

  test("limits hold at the limit", () => {
    const yaml = `name: ${"n".repeat(64)}\ndescription: ${"ü".repeat(1024)}\nlicense: MIT\ncompatibility: ${"x".repeat(500)}\nkeywords: [${Array.from({ length: 20 }, (_, index) => `${index}-${"k".repeat(28)}`).join()}]\n`;
    const { strict } = both(skillOf(yaml));
    expect(errors(strict.findings)).toEqual([]);
    expect(strict.manifest?.keywords).toHaveLength(20);
  });
});

describe("what neither profile keeps", () => {
  test.each([
    ["MANIFEST_INVALID", "name: pdf\n", "description"],
    ["MANIFEST_INVALID", "name: pdf\ndescription:\n", "description"],
    ["MANIFEST_INVALID", 'name: pdf\ndescription: ""\n', "description"],
    ["MANIFEST_INVALID", "name: pdf\ndescription: [a]\n", "description"],
    ["MANIFEST_INVALID", `name: pdf\ndescription: ${"x".repeat(4097)}\n`, "description"],
    ["MANIFEST_INVALID", "description: Reads and writes PDF files.\n", "name"],
    ["INVALID_NAME", "name: ../../evil\ndescription: Reads and writes PDF files.\n", "name"],
    ["INVALID_NAME", "name: acme/pdf\ndescription: Reads and writes PDF files.\n", "name"],
    ["INVALID_NAME", "name: '???'\ndescription: Reads and writes PDF files.\n", "name"],
    ["INVALID_CHARACTERS", 'name: "pd\\u200bf"\ndescription: Reads and writes PDF files.\n', "name"],
    ["INVALID_CHARACTERS", "name: pdf\ndescription: Reads \u202Eand writes.\n", "description"],
    ["INVALID_CHARACTERS", 'name: pdf\ndescription: "Reads \\e[31m and writes."\n', "description"],
    ["INVALID_CHARACTERS", "name: pdf\ndescription: Hidden \u{E0041}\u{E0042} words.\n", "description"],
    ["INVALID_CHARACTERS", `${good}keywords: ["a\\u2066b"]\n`, "keywords.0"],
    ["INVALID_CHARACTERS", `${good}authors: ["a\\u0007b"]\n`, "authors.0"],
  ])("%s: %j", (code, yaml, field) => {
    for (const { findings } of Object.values(both(skillOf(yaml)))) {
      expect(findings).toContainEqual(expect.objectContaining({ severity: "error", code, field }));
    }
  });

  test("more than 64 unknown fields", () => {
    const yaml = (count: number) => good + Array.from({ length: count }, (_, index) => `x${index}: 1\n`).join("");
    expect(errors(readTexts(skillOf(yaml(64)), "lenient").findings)).toEqual([]);
    expect(errors(readTexts(skillOf(yaml(65)), "lenient").findings)).toMatchObject([{ code: "MANIFEST_INVALID" }]);
  });

  test("a file of more than 256 KiB", () => {
    const body = (bytes: number) => "x".repeat(bytes - good.length - 8);
    expect(errors(readTexts(skillOf(good, body(262_144)), "lenient").findings)).toEqual([]);
    expect(errors(readTexts(skillOf(good, body(262_145)), "lenient").findings)).toMatchObject([{ code: "TOO_LARGE" }]);
  });

  test("bytes that are not UTF-8, in SKILL.md and in skill.yaml", () => {
    const latin = Uint8Array.from([0x2d, 0xfc]);
    const files = [new Map([["SKILL.md", latin]]), pakFiles(skillOf(good)).set("skill.yaml", latin)];
    for (const each of files) {
      const { manifest, findings } = readManifest(each, { profile: "lenient" });
      expect(manifest).toBeUndefined();
      expect(codes(findings)).toEqual(["INVALID_ENCODING"]);
    }
  });

  test("a skill.yaml that is no map, with its own place", () => {
    const { findings } = readTexts({ ...skillOf(good), "skill.yaml": "version: 1.0.0\n\tx: y\n" }, "lenient");
    expect(findings).toMatchObject([{ code: "MANIFEST_INVALID", path: "skill.yaml", line: 2 }]);
  });

  test("no manifest at all", () => {
    const { findings } = readTexts({ "README.md": "hello" }, "lenient", { path: "skills/pdf" });
    expect(findings).toMatchObject([{ code: "MANIFEST_MISSING", message: "There is no skills/pdf/SKILL.md." }]);
  });

  test("two manifests in one folder that differ only in case", () => {
    const { manifest, findings } = readTexts({ ...skillOf(good), "skill.md": "---\n---\n" }, "lenient");
    expect(manifest).toBeUndefined();
    expect(findings).toMatchObject([{ code: "AMBIGUOUS_MANIFEST" }]);
  });
});

describe("the version", () => {
  test.each([
    ["metadata and top level", `${good}version: 1.0.0\nmetadata:\n  version: 1.0.1\n`, undefined],
    ["metadata and skill.yaml", `${good}metadata:\n  version: 1.0.0\n`, "version: 2.0.0\n"],
    ["top level and skill.yaml", `${good}version: 1.0.0\n`, "version: 2.0.0\n"],
  ])("may not differ between %s, whatever the profile", (_, yaml, side) => {
    const texts = { ...skillOf(yaml), ...(side && { "skill.yaml": side }) };
    for (const { findings } of Object.values(both(texts))) {
      expect(errors(findings)).toMatchObject([{ code: "MANIFEST_INVALID", hint: "Keep the version in one place." }]);
    }
  });

  test("may stand in several places when they agree", () => {
    const texts = {
      ...skillOf(`${good}version: "1.0.0"\nmetadata:\n  version: 1.0.0\n`),
      "skill.yaml": "version: '1.0.0'\n",
    };
    const { lenient, strict } = both(texts);
    expect(lenient).toMatchObject({ manifest: { version: "1.0.0" }, findings: [] });
    expect(errors(strict.findings)).toEqual([]);
  });

  test.each([
    ["1.0", "1.0.0"],
    ["'1'", "1.0.0"],
    ["v1.2.3", "1.2.3"],
    ["1.10", "1.10.0"],
    ["2024.01.15", "2024.1.15"],
    ["1.2-beta.1", "1.2.0-beta.1"],
  ])("%s is read leniently as %s", (text, version) => {
    expect(readTexts(skillOf(`${good}version: ${text}\n`), "lenient").manifest?.version).toBe(version);
  });

  test("a number is told to be quoted, with its text", () => {
    const { findings } = readTexts(skillOf(`${good}version: 1.10\n`), "strict");
    expect(errors(findings)).toMatchObject([{ line: 5, column: 10, hint: expect.stringContaining("Quote it") }]);
    expect(errors(findings)[0]?.message).toContain("1.10 as the number 1.1");
  });

  test("without one, the tag decides", () => {
    for (const yaml of [good, `${good}version:\n`, `${good}metadata:\n`, `${good}metadata:\n  version:\n`]) {
      expect(readTexts(skillOf(yaml), "strict").manifest).not.toHaveProperty("version");
    }
  });
});

describe("allowed-tools", () => {
  test.each([
    ["Read Write", ["Read", "Write"]],
    ["Read, Grep,Glob", ["Read", "Grep", "Glob"]],
    ["Bash(git add:*, git commit:*) Read", ["Bash(git add:*, git commit:*)", "Read"]],
    ["[Read, 'Bash(a b)']", ["Read", "Bash(a b)"]],
    ["Bash(open Read", ["Bash(open Read"]],
    ["[]", []],
  ])("%s", (text, tools) => {
    expect(readTexts(skillOf(`${good}allowed-tools: ${text}\n`), "lenient").manifest?.allowedTools).toEqual(tools);
  });
});

describe("advice", () => {
  test.each([
    ["MISSING_LICENSE", { "SKILL.md": "---\nname: pdf\ndescription: Reads and writes PDF files.\n---\nx\n" }],
    ["SHORT_DESCRIPTION", skillOf("name: pdf\ndescription: PDF things\nlicense: MIT\n")],
    ["LONG_BODY", skillOf(good, "x\n".repeat(501))],
    ["EMPTY_BODY", skillOf(good, "\n\n")],
  ])("%s is a warning in both profiles", (code, texts) => {
    for (const { findings } of Object.values(both(texts)))
      expect(findings).toMatchObject([{ severity: "warning", code }]);
  });

  test("a license file is a license, and 500 lines are not too many", () => {
    const text = `---\nname: pdf\ndescription: Reads and writes PDF files.\n---\n${"x\n".repeat(500)}`;
    expect(readTexts({ "SKILL.md": text, "LICENSE.txt": "MIT" }, "strict").findings).toEqual([]);
  });

  test("findings carry the pak's folder when it is given", () => {
    const { findings } = readTexts(skillOf("name: pdf\ndescription: PDF\nlicense: MIT\n"), "lenient", {
      path: "a/pdf",
    });
    expect(findings).toMatchObject([{ path: "a/pdf/SKILL.md" }]);
  });
});

test("whatever the files, reading throws nothing, and no manifest means an error", () => {
  const texts = [
    "---\nname: pdf\ndescription: Reads PDF.\nversion: 1.0\n---\n",
    "---\nname: [a]\ndescription: {b: c}\nkeywords: {a: 1}\nauthors: 5\nallowed-tools: {x: y}\n---\n",
    "---\nmetadata: [1]\ndependencies: {a: {b: c}}\nhomepage: 1\nrepository: true\nlicense: []\n---\n",
    "version: 1\nkeywords: [[a]]\n",
    ...skillFolders.flatMap(({ files }) => Object.values(files)),
  ];
  fc.assert(
    fc.property(
      hostileText(texts),
      hostileText(texts),
      fc.boolean(),
      fc.constantFrom("pdf", "A b", undefined),
      (text, side, isStrict, directory) => {
        const files = { "SKILL.md": text, "skill.yaml": side };
        const { manifest, findings } = readTexts(files, isStrict ? "strict" : "lenient", { directory });
        expect(manifest !== undefined || errors(findings).length > 0).toBe(true);
        expect(JSON.stringify(findings)).not.toContain("\\u0000");
      },
    ),
    { numRuns: 1500 },
  );
});
