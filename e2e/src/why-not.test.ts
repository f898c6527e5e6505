import { afterAll, beforeAll, expect, test } from "vitest";
import { fetchData, mustEndWell, openLabLoggedIn, pushedRepository, skillText } from "./harness/journey.ts";
import type { Lab } from "./harness/lab.ts";

let lab: Lab;
beforeAll(async () => {
  lab = await openLabLoggedIn();
});
afterAll(() => lab.close());

test("the changelog's section goes from the file over the tag to info --versions and the API", async () => {
  const section = "### Added\n\n- Forms.\n\n### Fixed\n\n- A crash.";
  const { dir } = await pushedRepository(lab, "logged", {
    "SKILL.md": skillText("logged"),
    "CHANGELOG.md": `# Changelog\n\n## [0.1.1] - 2026-01-31\n\n${section}\n\n## 0.1.0\n\n- First.\n`,
  });
  mustEndWell("publish", await lab.paks(dir, ["publish", "--bump", "patch", "--yes", "--json"]));
  const tag = mustEndWell("git", await lab.git(dir, "for-each-ref", "--format=%(contents)", "refs/tags/v0.1.1"));
  expect(tag.stdout).toContain(`\n\n${section}\n\nPaks-Package: acme/logged\n`);
  const info = mustEndWell("info", await lab.paks(dir, ["info", "acme/logged", "--versions"]));
  expect(info.stdout).toContain("\n0.1.1:\n  ### Added\n\n  - Forms.\n\n  ### Fixed\n\n  - A crash.\n");
  const release = await fetchData<{ changelog: string }>(lab, "/api/skills/acme/logged/versions/0.1.1");
  expect(release.changelog).toBe(section);
});

test("why-not tells what an ingest would say, with and without a login, and releases nothing", async () => {
  const { dir } = await pushedRepository(lab, "asked", { "SKILL.md": skillText("asked") });
  const whyNot = (tag: string, env = {}) => lab.paks(dir, ["why-not", ".", tag], { env });
  mustEndWell("publish", await lab.paks(dir, ["publish", "--bump", "patch", "--yes", "--json", "--skip-registry"]));

  const before = await whyNot("v0.1.1");
  expect(before.stdout, before.stderr).toMatch(/^✓ acme\/asked@0\.1\.1 would be released {2}h1:/);
  expect(before.exitCode).toBe(0);
  const stranger = await whyNot("v0.1.1", { HOME: await lab.folder("stranger"), XDG_CONFIG_HOME: "" });
  expect(stranger.exitCode, stranger.stdout).toBe(4);
  expect(stranger.stderr).toContain("AUTH_REQUIRED");
  expect((await lab.paks(dir, ["info", "acme/asked"])).exitCode).toBe(3);

  mustEndWell("publish", await lab.paks(dir, ["publish", "--yes", "--json"]));
  mustEndWell("git tag", await lab.git(dir, "tag", "v7.0.0"));
  mustEndWell("git push", await lab.git(dir, "push", "-q", "origin", "v7.0.0"));
  const refused = await whyNot("v7.0.0", { HOME: await lab.folder("other-stranger"), XDG_CONFIG_HOME: "" });
  expect(refused.stdout, refused.stderr).toContain("✗ acme/asked@7.0.0  refused at check [VERSION_TAG_MISMATCH]");
  expect(refused.stdout).toContain("  hint: ");
  expect(refused.exitCode).toBe(5);
});
