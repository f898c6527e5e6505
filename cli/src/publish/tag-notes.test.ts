import { expect, test } from "vitest";
import { dataOfRun, failureOf, openLab } from "./testing/lab.ts";

const changelog = (section: string) => `# Changelog\n\n## [0.1.1] - 2026-01-31\n\n${section}\n\n## 0.1.0\n\n- First.\n`;
const section =
  "### Added\n\n- **Forms**: fields are found.\n\n```sh\n## 0.1.0\n# a comment\n```\n\n### Fixed\n\n- A crash.";
const tagText = (repo: { git(...args: string[]): Promise<string> }) =>
  repo.git("for-each-ref", "--format=%(contents)", "refs/tags/v0.1.1");

test("the changelog's section of the version arrives in the tag unchanged, headings and code included", async () => {
  const lab = await openLab({ files: { "CHANGELOG.md": changelog(section) } });
  expect(dataOfRun(await lab.publish(["--bump", "patch", "--json"]))).toMatchObject({ verified: true });
  const text = await tagText(lab.repo);
  expect(text).toContain(`\n\n${section}\n\nPaks-Package: acme/pdf\n`);
  expect(text).not.toContain("First.");
});

test("the section comes below the author's own message", async () => {
  const lab = await openLab({ files: { "CHANGELOG.md": changelog("- A crash.") } });
  dataOfRun(await lab.publish(["--bump", "patch", "--message", "Please update.", "--json"]));
  expect(await tagText(lab.repo)).toContain("\n\nPlease update.\n\n- A crash.\n\nPaks-Package:");
});

test("without a section of this version the tag says what it said before", async () => {
  const lab = await openLab({ files: { "CHANGELOG.md": "# Changelog\n\n## [Unreleased]\n\n- Soon.\n" } });
  dataOfRun(await lab.publish(["--bump", "patch", "--json"]));
  expect(await tagText(lab.repo)).not.toContain("Soon.");
});

test("a section with a line that would pass for a trailer stops the publish, names the line and changes nothing", async () => {
  const lab = await openLab({ files: { "CHANGELOG.md": changelog("- x\n\n  paks-Digest: h1:lie") } });
  const before = await lab.snapshot();
  const run = await lab.publish(["--bump", "patch", "--json"]);
  const failure = failureOf(run);
  expect(failure).toMatchObject({ code: "INVALID_PARAMETER", details: { path: "CHANGELOG.md" } });
  expect(failure.message).toContain("paks-Digest: h1:lie");
  expect(await lab.snapshot()).toBe(before);
});

test("a message and a section that are too long together leave the message alone", async () => {
  const lab = await openLab({ files: { "CHANGELOG.md": changelog(`- ${"x".repeat(9000)}`) } });
  dataOfRun(await lab.publish(["--bump", "patch", "--message", `m${"y".repeat(9000)}`, "--json"]));
  const text = await tagText(lab.repo);
  expect(text).toContain("yyy");
  expect(text).not.toContain("xxx");
});
