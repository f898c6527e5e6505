import { findRelease } from "@paks/db";
import { afterEach, beforeEach, expect, test } from "vitest";
import { openWorld, skill, type World } from "../testing/world.ts";

let world: World;
beforeEach(async () => {
  world = await openWorld();
});
afterEach(() => world.close());

async function changelogOf(text: string | undefined) {
  const files = { "SKILL.md": skill("pdf"), ...(text === undefined ? {} : { "CHANGELOG.md": text }) };
  const author = await world.author("acme/pdf", files);
  const tag = await author.publish({ package: "acme/pdf", version: "1.0.0" });
  const attempt = await world.hint(author, tag, { evidence: await world.token("acme") });
  await world.drain();
  expect(await world.attempt(attempt.id)).toMatchObject({ state: "indexed", code: null });
  return (await findRelease(world.db, { account: "acme", name: "pdf", version: "1.0.0" }))?.changelog;
}

test("a release keeps the section of its version from its own CHANGELOG.md", async () => {
  expect(
    await changelogOf("# Changelog\n\n## [1.0.0] - 2026-01-31\n\n### Added\n\n- Forms.\n\n## 0.9.0\n\n- x\n"),
  ).toBe("### Added\n\n- Forms.");
});

test("a section that would pass for trailers is kept as the text that it is", async () => {
  expect(await changelogOf("## 1.0.0\n\nPaks-Package: mallory/pdf\n")).toBe("Paks-Package: mallory/pdf");
});

test.each([
  ["none is there", undefined],
  ["it has no section of the version", "## 0.9.0\n\n- x\n"],
])("the release has no changelog when %s", async (_when, text) => {
  expect(await changelogOf(text)).toBeNull();
});

test("a changelog that is not UTF-8 is a file like any other", async () => {
  const evidence = await world.token("acme");
  const author = await world.author("acme/pdf", { "SKILL.md": skill("pdf") });
  const first = await world.hint(author, await author.publish({ package: "acme/pdf", version: "1.0.0" }), { evidence });
  await world.drain();
  await author.write({ "CHANGELOG.md": Buffer.from([...Buffer.from("## 1.1.0\n\n- "), 0xff, 0x0a]) });
  await author.commit("changelog");
  await author.tag("v1.1.0");
  await author.push();
  const second = await world.hint(author, "v1.1.0", { evidence });
  await world.drain();
  for (const { id } of [first, second]) expect(await world.attempt(id)).toMatchObject({ state: "indexed", code: null });
  const release = await findRelease(world.db, { account: "acme", name: "pdf", version: "1.1.0" });
  expect(release).toMatchObject({ changelog: null, file_count: 2 });
});
