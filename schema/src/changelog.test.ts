import * as fc from "fast-check";
import { expect, test } from "vitest";
import { findChangelogSection, maxChangelogLength, readChangelogSection } from "./changelog.ts";
import { hostileText, timeGrowth } from "./testing/properties.ts";

const keepAChangelog = `# Changelog

All notable changes. The format follows [Keep a Changelog](https://keepachangelog.com).

## [Unreleased]

## [1.2.0] - 2026-01-31

### Added

- **Forms**: fields are [found][docs].

### Fixed

- A crash.

[docs]: https://example.com/docs

## [1.1.0] - 2025-12-24 [YANKED]

- Older.

## 1.0.0

- First.

[unreleased]: https://example.com/compare/v1.2.0...HEAD
[1.2.0]: https://example.com/compare/v1.1.0...v1.2.0
[1.0.0]: https://example.com/releases/v1.0.0
`;

test("a section of Keep a Changelog is what stands below its heading, with its own headings unchanged", () => {
  expect(findChangelogSection(keepAChangelog, "1.2.0")).toBe(
    "### Added\n\n- **Forms**: fields are [found][docs].\n\n### Fixed\n\n- A crash.\n\n[docs]: https://example.com/docs",
  );
  expect(findChangelogSection(keepAChangelog, "1.1.0")).toBe("- Older.");
});

test("the links of the versions at the end of the file are not part of the oldest section", () => {
  expect(findChangelogSection(keepAChangelog, "1.0.0")).toBe("- First.");
});

test("a section of changesets is found", () => {
  const text =
    "# @acme/pdf\n\n## 1.2.0\n\n### Minor Changes\n\n- 4f2a: Forms.\n\n## 1.1.9\n\n### Patch Changes\n\n- x\n";
  expect(findChangelogSection(text, "1.2.0")).toBe("### Minor Changes\n\n- 4f2a: Forms.");
  expect(findChangelogSection(text, "1.1.9")).toBe("### Patch Changes\n\n- x");
});

test.each([
  "## 1.2.0",
  "## v1.2.0",
  "## [1.2.0]",
  "## [v1.2.0]",
  "# 1.2.0",
  "### 1.2.0",
  "## 1.2.0 ##",
  "##   1.2.0 - 2026-01-31",
  "## 1.2.0 – 2026-01-31",
  "## 1.2.0 / 2026-01-31",
  "## 1.2.0 (2026-01-31)",
  "## 1.2.0 2026-01-31",
  "## 1.2.0: Forms",
  "## [1.2.0](https://example.com/compare/v1.1.0...v1.2.0) (2026-01-31)",
  "## [1.2.0][1.2.0] - 2026-01-31",
  "## [1.2.0 - 2026-01-31]",
  "## Version 1.2.0",
  "## Release v1.2.0 - 2026-01-31",
])("%s announces version 1.2.0", (heading) => {
  expect(findChangelogSection(`# Changelog\n\n${heading}\n\n- Forms.\n\n## 1.1.0\n\n- x\n`, "1.2.0")).toBe("- Forms.");
});

test.each([
  "## 1.2.0-beta.1",
  "## 1.2.01",
  "## 11.2.0",
  "## 1.2",
  "## Since 1.2.0",
  "## 1.2.0 and what it means for you",
  "##1.2.0",
  "####### 1.2.0",
  "    ## 1.2.0",
  "[1.2.0]: https://example.com",
  "1.2.0",
])("%s does not announce version 1.2.0", (heading) => {
  expect(findChangelogSection(`# Changelog\n\n${heading}\n\n- Forms.\n`, "1.2.0")).toBeUndefined();
});

test("prereleases and build metadata are versions of their own", () => {
  const text = "## 1.2.0-beta.1\n\nBeta.\n\n## 1.2.0+linux\n\nBuilt.\n\n## 1.2.0\n\nDone.\n";
  expect(findChangelogSection(text, "1.2.0-beta.1")).toBe("Beta.");
  expect(findChangelogSection(text, "1.2.0+linux")).toBe("Built.");
  expect(findChangelogSection(text, "1.2.0")).toBe("Done.");
});

test("a patch below a minor version's deeper heading ends the section, as release tools write it", () => {
  const text =
    "## [1.2.0](x) (d)\n\n### Features\n\n- a\n\n### [1.1.1](x) (d)\n\n### Bug Fixes\n\n- b\n\n# [1.1.0](x)\n\n- c\n";
  expect(findChangelogSection(text, "1.2.0")).toBe("### Features\n\n- a");
  expect(findChangelogSection(text, "1.1.1")).toBeUndefined();
  expect(findChangelogSection(text.replace("### Bug Fixes", "#### Bug Fixes"), "1.1.1")).toBe("#### Bug Fixes\n\n- b");
});

test.each(["```", "~~~", "````md"])("a heading inside of code fenced by %s is code", (fence) => {
  const close = fence.replace("md", "");
  const section = `Write:\n\n${fence}\n## 1.1.0\n\n# comment\n${close}\n\nThen go on.`;
  const text = `# Changelog\n\n## 1.2.0\n\n${section}\n\n## 1.1.0\n\n- Older.\n`;
  expect(findChangelogSection(text, "1.2.0")).toBe(section);
  expect(findChangelogSection(text, "1.1.0")).toBe("- Older.");
});

test("a shorter or another fence, or one with words behind it, does not close code", () => {
  const section = "````\n```\n~~~~\n```` js\n## 1.1.0\n````";
  expect(findChangelogSection(`## 1.2.0\n${section}\n## 1.1.0\nx`, "1.2.0")).toBe(section);
});

test("a heading inside of a comment is none", () => {
  const text = "<!--\n## 1.2.0\n\n- Template.\n-->\n\n## 1.2.0\n\n- Real.\n<!-- ## 1.1.0 -->\n";
  expect(findChangelogSection(text, "1.2.0")).toBe("- Real.\n<!-- ## 1.1.0 -->");
});

test("line ends of Windows and a byte order mark change nothing", () => {
  expect(findChangelogSection(`\uFEFF${keepAChangelog.replaceAll("\n", "\r\n")}`, "1.2.0")).toBe(
    findChangelogSection(keepAChangelog, "1.2.0"),
  );
});

test("a byte order mark before the very heading does not hide it", () => {
  expect(findChangelogSection("\uFEFF## 1.2.0\n\n- Forms.\n", "1.2.0")).toBe("- Forms.");
});

test("an empty section and a missing one are undefined", () => {
  expect(findChangelogSection("## 1.2.0\n\n## 1.1.0\n\n- x\n", "1.2.0")).toBeUndefined();
  expect(findChangelogSection("## 1.2.0", "1.2.0")).toBeUndefined();
  expect(findChangelogSection("", "1.2.0")).toBeUndefined();
  expect(findChangelogSection(keepAChangelog, "9.9.9")).toBeUndefined();
});

test("a section of exactly the limit is whole, a longer one is cut at the end of a line and says so", () => {
  const line = "x".repeat(99);
  const whole = `${`${line}\n`.repeat(maxChangelogLength / 100 - 1)}${line}y`;
  expect(findChangelogSection(`## 1.2.0\n${whole}\n`, "1.2.0")).toBe(whole);
  const cut = findChangelogSection(`## 1.2.0\n${whole}z\n`, "1.2.0");
  expect(cut).toBe(`${`${line}\n`.repeat(maxChangelogLength / 100 - 2)}${line}\n\n…`);
});

test("code that is open where a section is cut gets its end", () => {
  const text = `## 1.2.0\n~~~~\n${"code\n".repeat(maxChangelogLength)}~~~~\n`;
  expect(findChangelogSection(text, "1.2.0")).toMatch(/code\n~~~~\n\n…$/);
});

test("only the file CHANGELOG.md of the pak's top folder is read", () => {
  const file = (path: string) => ({ path, bytes: Buffer.from("## 1.2.0\n\n- Forms.\n") });
  expect(readChangelogSection([file("SKILL.md"), file("CHANGELOG.md")], "1.2.0")).toBe("- Forms.");
  expect(readChangelogSection([file("docs/CHANGELOG.md"), file("changes.md")], "1.2.0")).toBeUndefined();
});

test("a changelog that is not UTF-8 is refused by its name", () => {
  const bytes = Buffer.concat([Buffer.from("## 1.2.0\n\n"), Buffer.from([0xff])]);
  expect(() => readChangelogSection([{ path: "CHANGELOG.md", bytes }], "1.2.0")).toThrow(
    expect.objectContaining({ code: "INVALID_ENCODING" }),
  );
});

const versionText = fc.tuple(fc.nat(30), fc.nat(30), fc.nat(30)).map((parts) => parts.join("."));
const bodyLine = fc.oneof(
  fc.constantFrom("### Added", "#### Deeper", "- a change", "", "text", "    ## indented", "####### seven", "#hash"),
  fc.string({ maxLength: 40 }).map((text) => `- ${text.replaceAll(/[\r\n]/g, " ")}`),
  fc.constant("```\n## 9.9.9\n```"),
);
const body = fc
  .array(bodyLine, { minLength: 1, maxLength: 12 })
  .map((lines) => lines.join("\n").replaceAll(/^(?:[ \t]*\n)+|(?:\n[ \t]*)+$/g, ""))
  .filter((text) => text.trim() !== "");
const heading = fc.constantFrom(
  (version: string) => `## ${version}`,
  (version: string) => `## v${version}`,
  (version: string) => `## [${version}] - 2026-01-31`,
  (version: string) => `## [${version}](https://example.com) (2026-01-31)`,
);

test("whatever sections a changelog has, each version gets its own and nothing else", () => {
  const sections = fc.uniqueArray(fc.tuple(versionText, heading, body), {
    selector: ([version]) => version,
    minLength: 1,
    maxLength: 8,
  });
  fc.assert(
    fc.property(sections, fc.constantFrom("\n", "\r\n"), (list, end) => {
      const text = list.map(([version, write, content]) => `${write(version)}\n\n${content}\n\n`).join("");
      const file = `# Changelog\n\n${text}`.replaceAll("\n", end);
      for (const [version, , content] of list) expect(findChangelogSection(file, version)).toBe(content);
    }),
  );
});

test("whatever the text is, the section is within the limit, has no carriage return and is taken out of the text", () => {
  fc.assert(
    fc.property(hostileText([keepAChangelog, "## 1.2.0\n\n```\n", "## 1.2.0\r\n\r\nx\r\n"]), (text) => {
      const section = findChangelogSection(text, "1.2.0");
      if (section === undefined) return;
      expect(section.length).toBeLessThanOrEqual(maxChangelogLength);
      expect(section).not.toContain("\r");
      expect(text.replaceAll(/\r\n|\r/g, "\n")).toContain(section);
    }),
  );
});

test.each([
  ["blanks in headings", (size: number) => `## ${" ".repeat(size)}x\n`],
  ["brackets", (size: number) => `## [1.2.0${"[".repeat(size)}\n`],
  ["fences", (size: number) => "```\n".repeat(size)],
  ["a long fence", (size: number) => `## 1.2.0\n${"`".repeat(size)}\nx`],
  ["comments", (size: number) => "<!--\n".repeat(size)],
  ["links", (size: number) => `## 1.2.0\nx\n${"[1.2.0]:\n".repeat(size)}`],
])("time grows with the length of the text, not faster: %s", (_name, make) => {
  const texts = new Map([50_000, 200_000].map((size) => [size, make(size)]));
  expect(timeGrowth((size) => findChangelogSection(texts.get(size)!, "1.2.0"), [50_000, 200_000])).toBeLessThan(10);
});
