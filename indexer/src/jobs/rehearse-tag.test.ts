import { readdir } from "node:fs/promises";
import { countJobs, enqueueRehearsal, findRehearsal, listAttempts } from "@paks/db";
import { afterEach, beforeEach, expect, test } from "vitest";
import { type Author, openWorld, skill, type World } from "../testing/world.ts";

let world: World;
beforeEach(async () => {
  world = await openWorld();
});
afterEach(() => world.close());

/** Asks and waits for the answer. */
async function whyNot(author: Author, tag: string, asked: { account?: string; path?: string; scopes?: string[] } = {}) {
  const { account, path, scopes } = asked;
  const token = account === undefined ? undefined : await world.token(account, scopes);
  const question = { repository: author.repository, tag, path, asker: "test" };
  const { id } = await enqueueRehearsal(world.db, {
    ...question,
    accountId: token?.accountId,
    tokenId: token?.tokenId,
  });
  await world.drain();
  return (await findRehearsal(world.db, id))!;
}

/** Everything that an ingest writes, besides the answer itself. */
async function records() {
  const tables = ["paks", "releases", "release_files", "bindings", "attempts", "evidence", "audit_events"] as const;
  return Promise.all(tables.map((table) => world.db.selectFrom(table).selectAll().execute()));
}

async function released(files: Record<string, string> = { "SKILL.md": skill("pdf") }) {
  const author = await world.author("acme/pdf", files);
  const tag = await author.publish({ package: "acme/pdf", version: "1.0.0" });
  await world.hint(author, tag, { evidence: await world.token("acme") });
  await world.drain();
  return author;
}

test("a new pak that its author could release is releasable, with the digest it would get, and nothing is recorded", async () => {
  const author = await world.author("acme/pdf", { "SKILL.md": skill("pdf") });
  const tag = await author.publish({ package: "acme/pdf", version: "1.0.0" });
  const before = await records();
  const answer = await whyNot(author, tag, { account: "acme" });
  expect(answer).toMatchObject({ trigger: "why-not", state: "releasable", stage: "record", code: null, tries: 1 });
  expect(answer.releases).toMatchObject([{ account: "acme", name: "pdf", version: "1.0.0", new: true }]);
  expect(answer.details).toMatchObject({ paks: [{ name: "pdf", path: "", code: null }] });
  expect(await records()).toEqual(before);
  expect(await countJobs(world.db)).toMatchObject({ pending: 0, running: 0 });

  const real = await world.hint(author, tag, { evidence: await world.token("acme") });
  await world.drain();
  expect((await world.attempt(real.id)).releases).toEqual(answer.releases);
});

test("no archive is stored for a question", async () => {
  const author = await world.author("acme/pdf", { "SKILL.md": skill("pdf") });
  const tag = await author.publish({ package: "acme/pdf", version: "1.0.0" });
  const put = async () => Promise.reject(new Error("stored"));
  const token = await world.token("acme");
  const question = { repository: author.repository, tag, asker: "test", ...token };
  const { id } = await enqueueRehearsal(world.db, question);
  await world.drain({ objects: { ...world.deps.objects, put } });
  expect(await findRehearsal(world.db, id)).toMatchObject({ state: "releasable" });
  expect(await readdir(world.deps.cage.scratchRoot)).toEqual([]);
});

test("a stranger learns of a bound repository what the poller would find", async () => {
  const author = await released();
  await author.commit("next");
  await author.tag("v1.1.0");
  await author.push();
  const answer = await whyNot(author, "v1.1.0");
  expect(answer).toMatchObject({ state: "releasable", releases: [{ version: "1.1.0", new: true }] });
  expect(await whyNot(author, "v1.0.0")).toMatchObject({
    state: "releasable",
    releases: [{ version: "1.0.0", new: false }],
  });
});

test("a refusal is the very one of the ingest: state, stage, code, message, hint and place", async () => {
  const author = await released();
  await author.write({ "new.txt": "other content\n" });
  await author.commit("other content");
  await author.tag("1.0.0");
  await author.tag("nothing-of-ours");
  await author.write({ "SKILL.md": skill("pdf", "metadata:\n  version: 3.0.0\n") });
  await author.commit("wrong version");
  await author.tag("v2.0.0");
  await author.tag("v1.5.0", "Release\n\nPaks-Package: acme/pdf\n");
  await author.push();
  await author.git("tag", "-f", "v1.0.0");
  await author.push("--force");
  for (const tag of ["v2.0.0", "v1.5.0", "v1.0.0", "1.0.0", "nothing-of-ours"]) {
    const told = await whyNot(author, tag, { account: "acme" });
    const attempt = await world.hint(author, tag, { evidence: await world.token("acme") });
    await world.drain();
    const { state, stage, code, message, hint, details } = await world.attempt(attempt.id);
    expect(state, tag).toBe("rejected");
    expect(told, tag).toMatchObject({ state, stage, code, message, hint });
    const { paks: _paks, ...toldDetails } = told.details ?? {};
    expect(toldDetails, tag).toEqual(details ?? {});
  }
});

test("for a tag that is not there an ingest waits; a question is answered at once", async () => {
  const author = await released();
  expect(await whyNot(author, "v9.0.0")).toMatchObject({
    state: "failed",
    code: "TAG_NOT_FOUND",
    retryable: true,
    hint: expect.stringContaining("Push it"),
  });
});

test("a question changes nothing for the real thing: no verdict is remembered, no event written", async () => {
  const author = await released();
  await author.write({ "SKILL.md": skill("pdf", "metadata:\n  version: 3.0.0\n") });
  await author.commit("wrong version");
  await author.git("tag", "-f", "v1.0.0");
  await author.push("--force");
  const before = await records();
  expect(await whyNot(author, "v1.0.0")).toMatchObject({ state: "rejected", code: "TAG_MOVED" });
  expect(await records()).toEqual(before);
  const attempts = await listAttempts(world.db, { repositoryKey: author.repository.key, limit: 10 });
  expect(attempts.map(({ trigger }) => trigger)).toEqual(["token"]);
});

test("of a tag for several paks each one's verdict is told, and the first refusal is the whole's", async () => {
  const version = (text: string) => `metadata:\n  version: "${text}"\n`;
  const author = await world.author("acme/many", {
    "a/SKILL.md": skill("a", version("1.0.0")),
    "b/SKILL.md": skill("b", version("1.0.0")),
  });
  const evidence = await world.token("acme");
  for (const name of ["a", "b"]) {
    const tag = await author.publish({ package: `acme/${name}`, version: "1.0.0", path: name });
    await world.hint(author, tag, { evidence });
  }
  await world.drain();
  await author.write({ "a/SKILL.md": skill("a", version("2.0.0")), "b/SKILL.md": skill("b", version("2.0.0")) });
  await author.write({ "b/node_modules/x.js": "x\n" });
  await author.commit("two");
  await author.tag("v2.0.0");
  await author.push();
  const answer = await whyNot(author, "v2.0.0");
  expect(answer).toMatchObject({ state: "rejected", code: "UNSAFE_PATH", stage: "read", releases: [] });
  expect(answer.details?.["paks"]).toMatchObject([
    { name: "a", code: null, stage: null },
    { name: "b", code: answer.code, message: answer.message, hint: answer.hint, stage: answer.stage },
  ]);
});

test("a stranger's token gets the refusal of a stranger", async () => {
  const author = await world.author("acme/pdf", { "SKILL.md": skill("pdf") });
  const tag = await author.publish({ package: "acme/pdf", version: "1.0.0" });
  expect(await whyNot(author, tag, { account: "mallory" })).toMatchObject({
    state: "rejected",
    stage: "check",
    code: "NAMESPACE_FORBIDDEN",
  });
});

test("a host that does not answer ends the question, to be asked again", async () => {
  const author = await released();
  world.setFault(() => ({ type: "status", status: 503 }));
  expect(await whyNot(author, "v1.0.0")).toMatchObject({ state: "failed", retryable: true, stage: "fetch" });
});

test("a question whose worker died is answered by the next one, and one that ends workers is given up", async () => {
  const author = await released();
  const { id } = await enqueueRehearsal(world.db, { repository: author.repository, tag: "v1.0.0", asker: "test" });
  await world.db.updateTable("rehearsals").set({ state: "running", tries: 1 }).execute();
  await world.drain();
  expect(await findRehearsal(world.db, id)).toMatchObject({ state: "releasable", tries: 2 });
  const second = await enqueueRehearsal(world.db, { repository: author.repository, tag: "v1.0.0", asker: "test" });
  await world.db.updateTable("rehearsals").set({ state: "running", tries: 2 }).where("id", "=", second.id).execute();
  await world.drain();
  expect(await findRehearsal(world.db, second.id)).toMatchObject({ state: "failed", code: "INTERNAL" });
});

test("a job whose question is answered already only ends", async () => {
  const author = await released();
  const { id } = await enqueueRehearsal(world.db, { repository: author.repository, tag: "v1.0.0", asker: "test" });
  await world.db.updateTable("rehearsals").set({ state: "rejected" }).execute();
  expect(await world.drain()).toBe(1);
  expect(await findRehearsal(world.db, id)).toMatchObject({ state: "rejected" });
});
