import { describe, expect, test } from "vitest";
import type { PaksError } from "./errors.ts";
import {
  checkManifestNames,
  checkManifestPlaces,
  findManifests,
  manifestFileNames,
  requireManifest,
} from "./manifest.ts";
import { resultOrPaksError } from "./testing/properties.ts";
import { readTexts } from "./testing/reading.ts";

const skillOf = (yaml: string) => ({ "SKILL.md": `---\n${yaml}---\n# Steps\n` });

describe("places", () => {
  test("every folder with a manifest is found, nested ones and other spellings too", () => {
    const paths = [
      "SKILL.md",
      "README.md",
      "skills/a/SKILL.md",
      "skills/a/b/skill.md",
      "SKILL.md/x",
      "xSKILL.md",
      "docs/Skill.MD",
    ];
    expect(findManifests(paths)).toEqual([
      { kind: "skill", path: "SKILL.md", directory: "" },
      { kind: "skill", path: "skills/a/SKILL.md", directory: "skills/a" },
      { kind: "skill", path: "skills/a/b/skill.md", directory: "skills/a/b" },
      { kind: "skill", path: "docs/Skill.MD", directory: "docs" },
    ]);
  });

  test("two in one folder are ambiguous, one in each of two folders is fine", () => {
    expect(checkManifestPlaces(findManifests(["a/SKILL.md", "b/SKILL.md", "SKILL.md"]))).toEqual([]);
    // The Kelvin sign is a k to a file system that folds case.
    for (const twin of ["a/skill.md", "a/S\u212AILL.md"]) {
      expect(checkManifestPlaces(findManifests(["a/SKILL.md", twin]))).toMatchObject([{ code: "AMBIGUOUS_MANIFEST" }]);
    }
  });

  test("two paks with one name in one repository are ambiguous", () => {
    const paks = [
      { name: "pdf", directory: "" },
      { name: "ocr", directory: "ocr" },
    ];
    expect(checkManifestNames(paks)).toEqual([]);
    const findings = checkManifestNames([...paks, { name: "pdf", directory: "skills/pdf" }]);
    expect(findings).toMatchObject([{ code: "AMBIGUOUS_MANIFEST", path: "skills/pdf" }]);
    expect(findings[0]?.message).toBe("the root and skills/pdf both hold a pak named pdf.");
  });

  test("a skill's files are SKILL.md and skill.yaml", () => {
    expect(manifestFileNames("skill")).toEqual(["SKILL.md", "skill.yaml"]);
    expect(manifestFileNames("pack")).toEqual([]);
  });
});

describe("requireManifest", () => {
  test("gives the manifest when there are only warnings", () => {
    expect(requireManifest(readTexts(skillOf("name: pdf\ndescription: PDF\n"), "lenient")).name).toBe("pdf");
  });

  test("throws the first error with its place and all findings", () => {
    const reading = readTexts(skillOf("name: PDF\ndescription: Reads PDF.\nversion: 1.0\n"), "strict");
    const error = resultOrPaksError(() => requireManifest(reading)) as PaksError;
    expect(error).toMatchObject({
      code: "INVALID_NAME",
      hint: "For example: pdf",
      details: { path: "SKILL.md", line: 2, column: 7, field: "name", findings: reading.findings },
    });
  });
});
