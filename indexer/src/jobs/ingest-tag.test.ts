import { findPak, findRelease, listBindings, listReleaseFiles } from "@paks/db";
import { describeFiles, readArchive, sha256Hex } from "@paks/schema";
import { afterEach, beforeEach, expect, test } from "vitest";

import { outcome, released, versionsOf } from "../testing/steps.ts";
import { openWorld, skill, type World } from "../testing/world.ts";

let world: World;
beforeEach(async () => {
  world = await openWorld();
});
afterEach(() => world.close());

test("a token and a tag that names the pak release it: record, files, archive and digest are the author's", async () => {
  const files = { "SKILL.md": skill("pdf", 'version: "1.0.0"\n'), "scripts/run.sh": "echo hi\n" };
  const author = await world.author("acme/pdf", files);
  const tag = await author.publish({ package: "acme/pdf", version: "1.0.0" });
  const attempt = await world.hint(author, tag, { evidence: await world.token("acme") });
  await world.drain();

  const done = await world.attempt(attempt.id);
  expect(done).toMatchObject({ state: "indexed", stage: "record", code: null, tries: 1 });
  const release = (await findRelease(world.db, { account: "acme", name: "pdf", version: "1.0.0" }))!;
  const facts = describeFiles(
    Object.entries(files).map(([path, text]) => ({ path, executable: false, bytes: Buffer.from(text) })),
  );
  expect(release).toMatchObject({
    tag: "v1.0.0",
    tag_object: await author.git("rev-parse", "v1.0.0"),
    commit: await author.git("rev-parse", "v1.0.0^{commit}"),
    tree: await author.git("rev-parse", "v1.0.0^{tree}"),
    digest: facts.digest,
    evidence: "token",
    file_count: 2,
  });
  expect(done.releases).toEqual([{ account: "acme", name: "pdf", version: "1.0.0", digest: facts.digest, new: true }]);
  expect(await listReleaseFiles(world.db, release)).toHaveLength(2);
  const archive = (await world.deps.objects.get(release.archive_sha256))!;
  expect(sha256Hex(archive)).toBe(release.archive_sha256);
  expect(describeFiles(await readArchive(archive)).digest).toBe(facts.digest);
});

test("a webhook releases a tag without trailers of a bound repository", async () => {
  const author = await released(world);
  await author.write({ "SKILL.md": skill("pdf", "", "More.\n") });
  await author.commit("Second");
  await author.tag("v1.1.0");
  await author.push();
  const evidence = await world.webhook("acme", author.repository);
  const attempt = await world.hint(author, "v1.1.0", { evidence, trigger: "webhook" });
  await world.drain();
  expect(await outcome(world, attempt.id)).toMatchObject({ state: "indexed", releases: ["pdf@1.1.0"] });
  expect(await findRelease(world.db, { account: "acme", name: "pdf", version: "1.1.0" })).toMatchObject({
    evidence: "webhook",
  });
});

test("a webhook never binds a repository, also with trailers", async () => {
  const author = await world.author("acme/pdf", { "SKILL.md": skill("pdf") });
  const tag = await author.publish({ package: "acme/pdf", version: "1.0.0" });
  const evidence = await world.webhook("acme", author.repository);
  const attempt = await world.hint(author, tag, { evidence, trigger: "webhook" });
  await world.drain();
  expect(await outcome(world, attempt.id)).toMatchObject({
    state: "rejected",
    code: "EVIDENCE_TOO_WEAK",
    stage: "check",
  });
  expect(await listBindings(world.db, author.repository.key)).toEqual([]);
});

test("a token without trailers releases nothing from an unbound repository, and the hint says how", async () => {
  const author = await world.author("acme/pdf", { "SKILL.md": skill("pdf") });
  await author.tag("v1.0.0");
  await author.push();
  const attempt = await world.hint(author, "v1.0.0", { evidence: await world.token("acme") });
  await world.drain();
  const refused = await outcome(world, attempt.id);
  expect(refused).toMatchObject({ state: "rejected", code: "NAMESPACE_FORBIDDEN" });
  expect(refused.hint).toContain("paks publish");
});

test("a stranger's hint before, beside and after the author's spoils nothing", async () => {
  const author = await world.author("acme/pdf", { "SKILL.md": skill("pdf") });
  const tag = await author.publish({ package: "acme/pdf", version: "1.0.0" });
  const stranger = await world.hint(author, tag, { evidence: await world.token("mallory"), path: "elsewhere" });
  await world.drain();
  expect(await outcome(world, stranger.id)).toMatchObject({ state: "rejected", code: "NAMESPACE_FORBIDDEN" });

  const again = await world.hint(author, tag, { evidence: await world.token("mallory"), path: "elsewhere" });
  const own = await world.hint(author, tag, { evidence: await world.token("acme") });
  expect(own.id).toBe(again.id);
  await world.drain();
  expect(await outcome(world, own.id)).toMatchObject({ state: "indexed", releases: ["pdf@1.0.0"] });

  const late = await world.hint(author, tag, { evidence: await world.token("mallory") });
  await world.drain();
  expect((await world.attempt(late.id)).releases).toMatchObject([{ new: false }]);
  expect(await versionsOf(world, "pdf")).toEqual(["1.0.0"]);
});

test("a stranger's trailers do not release under somebody else's account", async () => {
  const author = await world.author("mallory/pdf", { "SKILL.md": skill("pdf") });
  const tag = await author.publish({ package: "acme/pdf", version: "1.0.0" });
  const attempt = await world.hint(author, tag, { evidence: await world.token("mallory") });
  await world.drain();
  expect(await outcome(world, attempt.id)).toMatchObject({ state: "rejected", code: "NAMESPACE_FORBIDDEN" });
});

const digest = "h1:47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=";
test.each([
  ["Paks-Repository", { repository: "https://github.com/acme/other" }],
  ["Paks-Version", { version: "1.0.1" }],
  ["Paks-Path", { path: "elsewhere" }],
  ["Paks-Digest", { digest }],
  ["Paks-Package", { package: "acme/docx" }],
] as const)(
  "a tag whose %s does not say what the repository holds is refused, naming it",
  async (trailer, trailers) => {
    const author = await world.author("acme/pdf", { "SKILL.md": skill("pdf") });
    const tag = await author.publish({ package: "acme/pdf", version: "1.0.0", trailers });
    const attempt = await world.hint(author, tag, { evidence: await world.token("acme") });
    await world.drain();
    const refused = await outcome(world, attempt.id);
    expect(refused).toMatchObject({ state: "rejected", code: "TRAILER_MISMATCH", details: { trailer } });
    expect((await world.attempt(attempt.id)).message).toContain(trailer);
    expect(await versionsOf(world, "pdf")).toEqual([]);
  },
);

test("a copied tag object under another ref name is refused", async () => {
  const author = await released(world);
  await author.git("update-ref", "refs/tags/v1.1.0", await author.git("rev-parse", "v1.0.0"));
  await author.push();
  const attempt = await world.hint(author, "v1.1.0", { evidence: await world.token("acme") });
  await world.drain();
  expect(await outcome(world, attempt.id)).toMatchObject({ code: "TRAILER_MISMATCH", details: { trailer: "tag" } });
});

test("a branch named like the tag is never taken for it", async () => {
  const author = await world.author("acme/pdf", { "SKILL.md": skill("pdf") });
  const tag = await author.publish({ package: "acme/pdf", version: "1.0.0" });
  const commit = await author.git("rev-parse", "HEAD");
  await author.git("checkout", "-q", "-b", "decoy");
  await author.write({ "SKILL.md": skill("pdf", "", "Evil.\n") });
  await author.commit("Evil");
  await author.git("push", "-q", "origin", "HEAD:refs/heads/v1.0.0", "HEAD:refs/heads/refs/tags/v1.0.0");
  await world.hint(author, tag, { evidence: await world.token("acme") });
  await world.drain();
  expect(await findRelease(world.db, { account: "acme", name: "pdf", version: "1.0.0" })).toMatchObject({ commit });

  await author.git("push", "-q", "origin", "HEAD:refs/heads/v2.0.0");
  const absent = await world.hint(author, "v2.0.0", { evidence: await world.token("acme") });
  await world.drain();
  expect(await world.attempt(absent.id)).toMatchObject({ state: "queued", code: "TAG_NOT_FOUND" });
  for (let tries = 2; tries <= 6; tries++) {
    await world.skipWaiting();
    await world.drain();
  }
  expect(await outcome(world, absent.id)).toMatchObject({ state: "failed", code: "TAG_NOT_FOUND" });
});

test("a content error is final for that object; the tag made anew is tried again", async () => {
  const author = await world.author("acme/pdf", { "SKILL.md": skill("pdf", 'version: "2.0.0"\n') });
  await author.publish({ package: "acme/pdf", version: "1.0.0" });
  const first = await world.hint(author, "v1.0.0", { evidence: await world.token("acme") });
  await world.drain();
  expect(await outcome(world, first.id)).toMatchObject({
    state: "rejected",
    code: "VERSION_TAG_MISMATCH",
    stage: "check",
  });
  await author.write({ "SKILL.md": skill("pdf", 'version: "1.0.0"\n') });
  await author.commit("Fixed");
  await author.git("tag", "-d", "v1.0.0");
  await author.git("push", "-q", "origin", ":refs/tags/v1.0.0");
  await author.publish({ package: "acme/pdf", version: "1.0.0" });
  const second = await world.hint(author, "v1.0.0", { evidence: await world.token("acme") });
  await world.drain();
  expect(await outcome(world, second.id)).toMatchObject({ state: "indexed", releases: ["pdf@1.0.0"] });
});

test("secrets in a released file are warnings with the value hidden", async () => {
  const secret = `ghp_${"a1B2c3D4e5".repeat(4).slice(0, 36)}`;
  const author = await world.author("acme/pdf", { "SKILL.md": skill("pdf"), "notes.md": `token: ${secret}\n` });
  const tag = await author.publish({ package: "acme/pdf", version: "1.0.0" });
  await world.hint(author, tag, { evidence: await world.token("acme") });
  await world.drain();
  const release = (await findRelease(world.db, { account: "acme", name: "pdf", version: "1.0.0" }))!;
  expect(release.warnings.filter(({ code }) => code === "SECRET_DETECTED")).toMatchObject([
    { severity: "warning", path: "notes.md", line: 1 },
  ]);
  expect(JSON.stringify(release.warnings)).not.toContain(secret);
});

test("paks in folders and around them: each tag releases its own, a repository-wide one all that agree", async () => {
  const author = await world.author("acme/skills", {
    "SKILL.md": skill("all"),
    "skills/pdf/SKILL.md": skill("pdf"),
    "skills/docx/SKILL.md": skill("docx", 'version: "3.0.0"\n'),
  });
  const evidence = await world.token("acme");
  for (const [name, path, version] of [
    ["all", "", "1.0.0"],
    ["pdf", "skills/pdf", "1.0.0"],
    ["docx", "skills/docx", "3.0.0"],
  ] as const) {
    const tag = await author.publish({ package: `acme/${name}`, version, path });
    const attempt = await world.hint(author, tag, { evidence });
    await world.drain();
    expect(await outcome(world, attempt.id)).toMatchObject({ state: "indexed", releases: [`${name}@${version}`] });
  }
  const root = (await findRelease(world.db, { account: "acme", name: "all", version: "1.0.0" }))!;
  expect((await listReleaseFiles(world.db, root)).map(({ path }) => path)).toContain("skills/pdf/SKILL.md");

  await author.tag("v2.0.0");
  await author.push();
  const wide = await world.hint(author, "v2.0.0", { evidence });
  await world.drain();
  expect((await outcome(world, wide.id)).releases).toEqual(["all@2.0.0", "pdf@2.0.0"]);
  expect(await versionsOf(world, "docx")).toEqual(["3.0.0"]);
});

test("a token of the bound account adds a folder by naming it", async () => {
  const author = await world.author("acme/skills", { "a/SKILL.md": skill("a"), "b/SKILL.md": skill("b") });
  const evidence = await world.token("acme");
  await world.hint(author, await author.publish({ package: "acme/a", version: "1.0.0", path: "a" }), { evidence });
  await world.drain();
  await author.tag("b--v1.0.0");
  await author.push();
  const stranger = await world.hint(author, "b--v1.0.0", { evidence: await world.token("mallory"), path: "b" });
  await world.drain();
  expect(await outcome(world, stranger.id)).toMatchObject({ state: "rejected", code: "NAMESPACE_FORBIDDEN" });
  const own = await world.hint(author, "b--v1.0.0", { evidence, path: "b" });
  await world.drain();
  expect(await outcome(world, own.id)).toMatchObject({ state: "indexed", releases: ["b@1.0.0"] });
});

test("a pak is not released from a second repository", async () => {
  await released(world);
  const fork = await world.author("acme/fork", { "SKILL.md": skill("pdf") });
  const tag = await fork.publish({ package: "acme/pdf", version: "1.1.0" });
  const attempt = await world.hint(fork, tag, { evidence: await world.token("acme") });
  await world.drain();
  expect(await outcome(world, attempt.id)).toMatchObject({ state: "rejected", code: "BINDING_CONFLICT" });
});

test("latest is the highest stable version, not the one that was indexed last", async () => {
  const author = await released(world);
  for (const tag of ["v1.2.0", "v2.0.0-beta.1", "v1.1.0"]) {
    await author.tag(tag);
    await author.push();
    await world.hint(author, tag, { evidence: await world.token("acme") });
    await world.drain();
  }
  expect((await findPak(world.db, { account: "acme", name: "pdf" }))?.latest.version).toBe("1.2.0");
  expect(await versionsOf(world, "pdf")).toEqual(["2.0.0-beta.1", "1.2.0", "1.1.0", "1.0.0"]);
});
