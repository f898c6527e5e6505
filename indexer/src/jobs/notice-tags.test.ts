import { enqueueReconciles, type EvidenceKind, findPak, findRelease, listAttempts } from "@paks/db";
import { afterEach, beforeEach, expect, test } from "vitest";

import { listedAttempts, outcome, released, tagEvents, versionsOf } from "../testing/steps.ts";
import { openWorld, skill, type World } from "../testing/world.ts";

let world: World;
beforeEach(async () => {
  world = await openWorld();
});
afterEach(() => world.close());

test("ten tags pushed at once are all found by one hint", async () => {
  const author = await world.author("acme/pdf", { "SKILL.md": skill("pdf") });
  for (let minor = 0; minor < 10; minor++) await author.tag(`v0.${minor}.0`);
  const tag = await author.publish({ package: "acme/pdf", version: "1.0.0" });
  await world.hint(author, tag, { evidence: await world.token("acme") });
  await world.drain();
  expect(await versionsOf(world, "pdf")).toHaveLength(11);
  expect(await findRelease(world.db, { account: "acme", name: "pdf", version: "0.3.0" })).toMatchObject({
    evidence: "binding",
  });
  expect(await listedAttempts(world, author)).toHaveLength(10);

  for (let patch = 1; patch <= 5; patch++) await author.tag(`v1.0.${patch}`);
  await author.push();
  await world.hint(author, "v1.0.3", { evidence: await world.webhook("acme", author.repository), trigger: "webhook" });
  await world.drain();
  expect(await versionsOf(world, "pdf")).toHaveLength(16);
  expect((await findPak(world.db, { account: "acme", name: "pdf" }))?.latest.version).toBe("1.0.5");
});

test("a repository without paks is not listed", async () => {
  const author = await world.author("acme/pdf", { "SKILL.md": skill("pdf") });
  for (const tag of ["v1.0.0", "v1.1.0"]) await author.tag(tag);
  await author.push();
  await world.hint(author, "v1.0.0", { evidence: await world.token("acme") });
  await world.drain();
  expect(await listAttempts(world.db, { repositoryKey: author.repository.key, limit: 100 })).toHaveLength(1);
});

test("a moved tag with the same content is an event and nothing else, once", async () => {
  const author = await released(world);
  const before = await findRelease(world.db, { account: "acme", name: "pdf", version: "1.0.0" });
  await author.git("tag", "-f", "v1.0.0", "HEAD");
  await author.tag("nightly");
  await author.push("--force");
  for (const tag of ["v1.0.0", "v1.0.0", "nightly", "nightly"]) {
    await world.hint(author, tag, { evidence: await world.token("acme") });
    await world.drain();
  }
  expect(await findRelease(world.db, { account: "acme", name: "pdf", version: "1.0.0" })).toEqual(before);
  expect(await tagEvents(world)).toHaveLength(1);
  expect(await listedAttempts(world, author)).toEqual([]);
});

test("a moved tag with other content leaves the release, tells the author and is an event, once", async () => {
  const author = await released(world);
  const before = await findRelease(world.db, { account: "acme", name: "pdf", version: "1.0.0" });
  await author.write({ "SKILL.md": skill("pdf", "", "Other.\n") });
  await author.commit("Other");
  await author.git("tag", "-f", "v1.0.0", "HEAD");
  await author.push("--force");
  const found = await author.git("rev-parse", "HEAD");
  const evidence = await world.webhook("acme", author.repository);
  for (let round = 0; round < 2; round++) {
    const attempt = await world.hint(author, "v1.0.0", { evidence, trigger: "webhook" });
    await world.drain();
    const refused = await outcome(world, attempt.id);
    expect(refused).toMatchObject({ state: "rejected", code: "TAG_MOVED" });
    expect(refused.hint).toContain("release the next one");
    expect(JSON.stringify(refused.details)).not.toContain("pak_id");
  }
  expect(await findRelease(world.db, { account: "acme", name: "pdf", version: "1.0.0" })).toEqual(before);
  expect(await tagEvents(world)).toMatchObject([
    { action: "tag-moved", details: { tag: "v1.0.0", tag_object: found } },
  ]);
});

test("a moved tag is noticed by listing, also when it leads to something broken, and judged once", async () => {
  const author = await released(world);
  await author.write({ "SKILL.md": "no front matter\n" });
  await author.commit("Broken");
  await author.git("tag", "-f", "v1.0.0", "HEAD");
  await author.tag("nightly");
  await author.push("--force");
  const evidence = await world.webhook("acme", author.repository);
  for (let round = 0; round < 3; round++) {
    await world.hint(author, "nightly", { evidence, trigger: "webhook" });
    await world.drain();
  }
  expect(await listedAttempts(world, author)).toMatchObject([{ tag: "v1.0.0", state: "rejected", code: "TAG_MOVED" }]);
  expect(await tagEvents(world)).toMatchObject([{ action: "tag-moved" }]);
});

test("a deleted tag leaves the release and is an event, once", async () => {
  const author = await released(world);
  await author.git("push", "-q", "origin", ":refs/tags/v1.0.0");
  const evidence = await world.webhook("acme", author.repository);
  for (let round = 0; round < 2; round++) {
    await world.hint(author, "nightly", { evidence, trigger: "webhook" });
    await world.drain();
  }
  expect(await versionsOf(world, "pdf")).toEqual(["1.0.0"]);
  expect(await tagEvents(world)).toMatchObject([{ action: "tag-deleted", details: { tag: "v1.0.0" } }]);
  for (let tries = 0; tries < 6; tries++) {
    await world.skipWaiting();
    await world.drain();
  }
});

test("a login page in front of the host deletes nothing", async () => {
  const author = await released(world);
  world.setFault(() => ({ type: "html" }));
  const attempt = await world.hint(author, "v1.0.0", { evidence: await world.token("acme") });
  await world.drain();
  expect(await tagEvents(world)).toEqual([]);
  expect(await world.attempt(attempt.id)).toMatchObject({ state: "queued", code: "GIT_PROTOCOL_ERROR" });
  world.setFault(undefined);
  await world.skipWaiting();
  await world.drain();
  expect(await outcome(world, attempt.id)).toMatchObject({ state: "indexed" });
});

test("a broken tag that listing found is judged once, and again when it leads to something else", async () => {
  const author = await released(world);
  await author.write({ "SKILL.md": "no front matter\n" });
  await author.commit("Broken");
  await author.tag("v1.1.0");
  await author.push();
  const evidence = await world.webhook("acme", author.repository);
  const hint = () => world.hint(author, "v1.0.0", { evidence, trigger: "webhook" });
  for (let round = 0; round < 3; round++) {
    await hint();
    await world.drain();
  }
  expect(await listedAttempts(world, author)).toMatchObject([
    { tag: "v1.1.0", state: "rejected", code: "FRONTMATTER_MISSING", details: { path: "SKILL.md" } },
  ]);
  await author.write({ "SKILL.md": skill("pdf", "", "Fixed.\n") });
  await author.commit("Fixed");
  await author.git("tag", "-f", "v1.1.0");
  await author.push("--force");
  await hint();
  await world.drain();
  expect(await listedAttempts(world, author)).toMatchObject([{ state: "indexed" }, { state: "rejected" }]);
  expect(await versionsOf(world, "pdf")).toEqual(["1.1.0", "1.0.0"]);
});

test("what a hint was refused for its content is not looked at again by listing; a stranger's hint releases like it", async () => {
  const author = await released(world);
  const evidence = await world.webhook("acme", author.repository);
  await author.tag("v1.1.0-beta.1");
  await author.write({ "SKILL.md": "no front matter\n" });
  await author.commit("Broken");
  await author.tag("v1.1.0");
  await author.push();
  await world.hint(author, "v1.1.0", { evidence, trigger: "webhook" });
  await world.hint(author, "v1.1.0-beta.1", { evidence: await world.token("mallory"), path: "elsewhere" });
  await world.drain();
  await world.hint(author, "v1.0.0", { evidence, trigger: "webhook" });
  await world.drain();
  expect(await listedAttempts(world, author)).toEqual([]);
  expect(await versionsOf(world, "pdf")).toEqual(["1.1.0-beta.1", "1.0.0"]);
});

test("listing makes its attempts in the same order as a request for several tags, so that none waits for the other", async () => {
  const author = await released(world);
  const tags = ["v1.9.0", "v1.10.0", "v1.8.0"];
  for (const tag of tags) await author.tag(tag);
  await author.push();
  const evidence = await world.webhook("acme", author.repository);
  await world.hint(author, "v1.0.0", { evidence, trigger: "webhook" });
  await world.drain();
  const inOrder = async (kind: EvidenceKind) =>
    (
      await world.db
        .selectFrom("evidence")
        .innerJoin("attempts", "attempts.id", "evidence.attempt_id")
        .select("attempts.tag")
        .where("evidence.kind", "=", kind)
        .where("attempts.tag", "in", tags)
        .orderBy("evidence.id")
        .execute()
    ).map(({ tag }) => tag);
  const { repository } = author;
  const token = await world.token("acme");
  await enqueueReconciles(
    world.db,
    tags.map((tag) => ({ repository, tag, trigger: "token", evidence: token })),
  );
  expect(await inOrder("binding")).toEqual(["v1.10.0", "v1.8.0", "v1.9.0"]);
  expect(await inOrder("token")).toEqual(await inOrder("binding"));
  await world.drain();
});
