import { sql } from "kysely";
import { afterEach, beforeEach, expect, test } from "vitest";
import { insertAccount } from "./accounts.ts";
import { listAuditEvents } from "./audit.ts";
import { listBindings } from "./bindings.ts";
import { checkNewRelease } from "./check-new-release.ts";
import { insertRelease } from "./insert-release.ts";
import { findPak, findPakRow } from "./paks.ts";
import { findRelease, findReleaseOf, listReleasedTags, listReleaseFiles, listVersions } from "./releases.ts";
import { newRelease, type ReleaseWanted, testDb, type TestDb } from "./testing/index.ts";
import { inTransaction } from "./transaction.ts";

let db: TestDb;
let acme: string;
beforeEach(async () => {
  db = await testDb({ accounts: ["acme"] });
  acme = db.accountIds["acme"]!;
});
afterEach(() => db.close());

const release = (more: Partial<ReleaseWanted> = {}) => insertRelease(db, newRelease({ accountId: acme, ...more }));
const latest = async (name = "pdf") => (await findPak(db, { account: "acme", name }))?.latest.version;
const count = async (table: "paks" | "releases" | "release_files" | "bindings" | "audit_events" | "dependencies") =>
  Number(
    (
      await db
        .selectFrom(table)
        .select(sql<string>`count(*)`.as("n"))
        .executeTakeFirstOrThrow()
    ).n,
  );

test("a release can be read back with everything it was recorded with", async () => {
  const wanted = newRelease({
    accountId: acme,
    path: "skills/pdf",
    repository: "https://github.com/acme/skills",
    manifest: {
      keywords: ["pdf"],
      license: "MIT",
      dependencies: [{ account: "acme", name: "text", range: "^1" }],
      metadata: { "odd\0key": ["\ud800", "fine"] },
    },
    warnings: [{ severity: "warning", code: "NAME_DIFFERS", message: "The folder has another name." }],
  });
  const { pakId, created } = await insertRelease(db, wanted);
  expect(created).toBe(true);
  expect(await findRelease(db, { account: "acme", name: "pdf", version: "1.0.0" })).toMatchObject({
    kind: "skill",
    digest: wanted.digest,
    tag: "v1.0.0",
    tag_object: wanted.tagObject,
    commit: wanted.commit,
    tree: wanted.tree,
    repository: "https://github.com/acme/skills",
    path: "skills/pdf",
    archive_sha256: wanted.archive.sha256,
    file_count: 2,
    yanked: false,
    manifest: { keywords: ["pdf"], metadata: { "odd\uFFFDkey": ["\uFFFD", "fine"] } },
    warnings: [{ severity: "warning", code: "NAME_DIFFERS" }],
  });
  expect(await listReleaseFiles(db, { account: "acme", name: "pdf", version: "1.0.0" })).toEqual(wanted.files);
  expect(await findReleaseOf(db, { pakId, versionKey: "1.0.0" })).toMatchObject({
    tag: "v1.0.0",
    digest: wanted.digest,
  });
  expect(await listBindings(db, wanted.repository.key)).toMatchObject([{ pakId, account: "acme", path: "skills/pdf" }]);
  expect(await listReleasedTags(db, wanted.repository.key)).toMatchObject([{ tag: "v1.0.0", pakId }]);
  expect(await listAuditEvents(db, pakId)).toMatchObject([{ action: "release", details: { version: "1.0.0" } }]);
  expect(await count("dependencies")).toBe(1);
  expect(await findPak(db, { account: "acme", name: "pdf" })).toMatchObject({
    license: "MIT",
    repository: "https://github.com/acme/skills",
    path: "skills/pdf",
    downloads: 0,
    channels: { latest: "1.0.0" },
  });
  expect(await findPakRow(db, { account: "acme", name: "pdf" })).toMatchObject({ id: pakId, accountId: acme });
});

test("files come in the order of their bytes, which is the digest's, whatever the database's locale", async () => {
  const files = ["B.md", "a.md", "a/b.md", "a_.md", "é.md", "𝒜.md", "\uffee.md"].map((path) => ({
    path,
    size: 1,
    sha256: "0".repeat(64),
    executable: false,
  }));
  await release({ files });
  const paths = (await listReleaseFiles(db, { account: "acme", name: "pdf", version: "1.0.0" })).map(
    ({ path }) => path,
  );
  expect(paths).toEqual(paths.toSorted((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b))));
});

test("the same release again is confirmed and changes nothing", async () => {
  const first = await release();
  expect(await release()).toEqual({ ...first, created: false });
  expect(await count("releases")).toBe(1);
  expect(await count("audit_events")).toBe(1);
});

test("the same content under a moved tag is an event, once", async () => {
  const { pakId } = await release();
  const moved = { tagObject: "f".repeat(40) };
  expect(await release(moved)).toMatchObject({ created: false });
  await release(moved);
  expect((await listAuditEvents(db, pakId)).map(({ action }) => action)).toEqual(["tag-moved-same-content", "release"]);
  expect((await findRelease(db, { account: "acme", name: "pdf", version: "1.0.0" }))?.tag_object).not.toBe(
    moved.tagObject,
  );
});

const otherDigest = `h1:${Buffer.alloc(32, 1).toString("base64")}`;

test("other content under a recorded version is refused and the first stays", async () => {
  const first = await release();
  await expect(release({ digest: otherDigest })).rejects.toMatchObject({
    code: "TAG_MOVED",
    details: { pak_id: first.pakId, release_id: first.releaseId, found: { digest: otherDigest } },
  });
  await expect(release({ digest: otherDigest, tag: "pdf--v1.0.0" })).rejects.toMatchObject({ code: "VERSION_EXISTS" });
  expect((await findRelease(db, { account: "acme", name: "pdf", version: "1.0.0" }))?.digest).toBe(
    newRelease({ accountId: acme }).digest,
  );
});

test("versions that differ only in build metadata are one version", async () => {
  await release({ version: "1.0.0+a" });
  await expect(release({ version: "1.0.0+b" })).rejects.toMatchObject({ code: "VERSION_EXISTS" });
});

test("two tags of one pak that finish out of order leave the highest stable version as the latest", async () => {
  for (const version of ["1.2.0", "1.10.0-beta.1", "1.1.0", "1.10.0-beta.2", "0.9.0"]) {
    await release({ version, manifest: { description: `This is ${version}.` } });
  }
  const pak = await findPak(db, { account: "acme", name: "pdf" });
  expect(pak).toMatchObject({ description: "This is 1.2.0.", channels: { latest: "1.2.0", beta: "1.10.0-beta.2" } });
  const { id } = (await findPakRow(db, { account: "acme", name: "pdf" }))!;
  expect((await listVersions(db, id)).map(({ version }) => version)).toEqual([
    "1.10.0-beta.2",
    "1.10.0-beta.1",
    "1.2.0",
    "1.1.0",
    "0.9.0",
  ]);
});

test("a pak without a stable version shows its highest prerelease", async () => {
  await release({ version: "1.0.0-beta.2" });
  await release({ version: "1.0.0-beta.1" });
  expect(await latest()).toBe("1.0.0-beta.2");
});

test("a yanked version is never the latest while another stands", async () => {
  await release({ version: "2.0.0" });
  await db.updateTable("releases").set({ yanked_at: new Date() }).execute();
  await release({ version: "1.0.0" });
  expect(await latest()).toBe("1.0.0");
});

test("many tags of a new pak at once are one pak, one binding and the right latest version", async () => {
  const versions = Array.from({ length: 12 }, (_, index) => `1.${index}.0`);
  const results = await Promise.all(versions.toReversed().map((version) => release({ version })));
  expect(new Set(results.map(({ pakId }) => pakId)).size).toBe(1);
  expect(results.every(({ created }) => created)).toBe(true);
  expect(await count("bindings")).toBe(1);
  expect(await latest()).toBe("1.11.0");
});

test("one tag indexed by two workers at once is one release", async () => {
  const results = await Promise.all([release(), release(), release()]);
  expect(results.filter(({ created }) => created)).toHaveLength(1);
  expect(await count("release_files")).toBe(2);
});

test("one name first released from two repositories at once belongs to one of them", async () => {
  const results = await Promise.allSettled([
    release({ repository: "https://github.com/acme/one" }),
    release({ repository: "https://github.com/acme/two", version: "2.0.0" }),
  ]);
  expect(results.map(({ status }) => status).toSorted()).toEqual(["fulfilled", "rejected"]);
  expect(results.find(({ status }) => status === "rejected")).toMatchObject({ reason: { code: "BINDING_CONFLICT" } });
  expect(await count("releases")).toBe(1);
});

test("two names that differ only in hyphens cannot both be released, also at once", async () => {
  const names = ["my-skill", "myskill"];
  const results = await Promise.allSettled(names.map((name) => release({ name })));
  expect(results.find(({ status }) => status === "rejected")).toMatchObject({ reason: { code: "NAME_TAKEN" } });
  expect(await count("paks")).toBe(1);
});

test("a pak is released from one repository and folder only", async () => {
  await release({ path: "a" });
  await expect(release({ version: "2.0.0", path: "b" })).rejects.toMatchObject({
    code: "BINDING_CONFLICT",
    details: { repository: "https://github.com/acme/pdf", path: "a" },
  });
  await expect(
    release({ version: "2.0.0", path: "a", repository: "https://github.com/evil/pdf" }),
  ).rejects.toMatchObject({
    code: "BINDING_CONFLICT",
  });
  expect(await latest()).toBe("1.0.0");
});

test("a folder belongs to one pak", async () => {
  await release({ repository: "https://github.com/acme/skills" });
  await expect(release({ name: "other", repository: "https://github.com/acme/skills" })).rejects.toMatchObject({
    code: "BINDING_CONFLICT",
    message: "acme/pdf is released from https://github.com/acme/skills.",
    details: { bound: "acme/pdf" },
  });
  expect(await count("paks")).toBe(1);
});

test("whoever publishes from another account's folder is told which pak has it, and that it is not theirs", async () => {
  const { id: evil } = await insertAccount(db, { name: "evil" });
  const repository = "https://github.com/acme/skills";
  await release({ repository });
  const taken = "acme/pdf, a pak of another account, is released from";
  await expect(insertRelease(db, newRelease({ accountId: evil, name: "pdf", repository }))).rejects.toMatchObject({
    code: "BINDING_CONFLICT",
    message: expect.stringContaining(taken),
  });
  const repositoryKey = newRelease({ accountId: evil, repository }).repository.key;
  expect(
    await checkNewRelease(db, { accountId: evil, name: "pdf", version: "1.0.0", repositoryKey, path: "" }),
  ).toMatchObject([{ code: "BINDING_CONFLICT", message: expect.stringContaining(taken) }]);
});

test("weak evidence makes no pak and no binding, but releases a bound pak", async () => {
  await expect(release({ mayBind: false })).rejects.toMatchObject({ code: "EVIDENCE_TOO_WEAK" });
  await release();
  expect(await release({ version: "1.1.0", mayBind: false, evidence: "webhook" })).toMatchObject({ created: true });
  await db.updateTable("bindings").set({ state: "released" }).execute();
  await expect(release({ version: "1.2.0", mayBind: false })).rejects.toMatchObject({ code: "EVIDENCE_TOO_WEAK" });
  expect(await release({ version: "1.2.0", repository: "https://github.com/acme/new-home" })).toMatchObject({
    created: true,
  });
});

test("a frozen pak takes no release", async () => {
  await release();
  await db.updateTable("bindings").set({ state: "frozen" }).execute();
  await expect(release({ version: "1.1.0" })).rejects.toMatchObject({ code: "REPOSITORY_IDENTITY_CHANGED" });
});

test("reserved names are refused for new paks, and an account that is gone is named", async () => {
  await expect(release({ name: "admin" })).rejects.toMatchObject({ code: "NAME_RESERVED" });
  await expect(release({ accountId: "999" })).rejects.toMatchObject({ code: "ACCOUNT_NOT_FOUND" });
});

test("what happens to the transaction happens to the whole release", async () => {
  const work = inTransaction(db, async (trx) => {
    await insertRelease(trx, newRelease({ accountId: acme }));
    throw new Error("the lease was lost");
  });
  await expect(work).rejects.toThrow("the lease was lost");
  expect([await count("paks"), await count("releases"), await count("bindings"), await count("audit_events")]).toEqual([
    0, 0, 0, 0,
  ]);
});

test("a recorded release cannot be changed, deleted or truncated, except that it is hidden or yanked", async () => {
  await release();
  for (const statement of [
    sql`update releases set digest = ${otherDigest}`,
    sql`update releases set version = '9.9.9'`,
    sql`delete from releases`,
    sql`truncate releases cascade`,
    sql`update release_files set size = 1`,
    sql`delete from release_files`,
    sql`truncate release_files`,
    sql`delete from audit_events`,
    sql`update audit_events set action = 'x'`,
    sql`truncate audit_events`,
  ]) {
    await expect(statement.execute(db)).rejects.toThrow(/immutable|append-only/);
  }
  await sql`update releases set yanked_at = now(), visible_at = null`.execute(db);
  expect(await findRelease(db, { account: "acme", name: "pdf", version: "1.0.0" })).toBeUndefined();
});

test("the dry run names what the release would be refused for", async () => {
  await insertAccount(db, { name: "somebody" });
  const plan = {
    accountId: acme,
    name: "pdf",
    version: "1.0.0",
    repositoryKey: newRelease({ accountId: acme }).repository.key,
    path: "",
  };
  const codes = async (more: Partial<typeof plan> = {}) =>
    (await checkNewRelease(db, { ...plan, ...more })).map(({ code }) => code);
  expect(await codes()).toEqual([]);
  expect(await codes({ name: "admin" })).toEqual(["NAME_RESERVED"]);
  await release();
  expect(await codes({ version: "1.0.1" })).toEqual([]);
  expect(await codes({ version: "1.0.0+build" })).toEqual(["VERSION_EXISTS"]);
  expect(await codes({ path: "elsewhere", version: "1.0.1" })).toEqual(["BINDING_CONFLICT"]);
  expect(await codes({ path: "elsewhere" })).toEqual(["BINDING_CONFLICT", "VERSION_EXISTS"]);
  expect(await codes({ name: "p-df", version: "2.0.0" })).toEqual(["NAME_TAKEN"]);
  expect(await codes({ name: "word" })).toEqual(["BINDING_CONFLICT"]);
  expect(await checkNewRelease(db, { accountId: acme, name: "pdf", version: "1.0.1" })).toEqual([]);
  await db.updateTable("bindings").set({ state: "frozen" }).execute();
  expect(await codes({ version: "1.0.1" })).toEqual(["REPOSITORY_IDENTITY_CHANGED"]);
});
