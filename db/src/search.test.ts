import { sortOrders } from "@paks/schema";
import { sql } from "kysely";
import { afterEach, beforeEach, expect, test } from "vitest";
import { insertRelease } from "./insert-release.ts";
import { listPaks, type PakFilter } from "./search.ts";
import { newRelease, type ReleaseWanted, testDb, type TestDb } from "./testing/index.ts";

let db: TestDb;
beforeEach(async () => {
  db = await testDb({ accounts: ["acme", "other"] });
});
afterEach(() => db.close());

const release = (name: string, more: Partial<ReleaseWanted> = {}) =>
  insertRelease(db, newRelease({ accountId: db.accountIds["acme"]!, name, ...more }));

const list = (filter: Partial<PakFilter> = {}) => listPaks(db, { sort: "relevance", limit: 20, offset: 0, ...filter });
const names = async (filter: Partial<PakFilter> = {}) => (await list(filter)).items.map(({ name }) => name);

test("a word in the name weighs more than in the keywords, the description, the body", async () => {
  await release("in-body", { manifest: { description: "x" }, bodyText: "It knows spreadsheets." });
  await release("in-description", { manifest: { description: "Knows spreadsheets." } });
  await release("in-keywords", { manifest: { description: "x", keywords: ["spreadsheets"] } });
  await release("spreadsheets", { manifest: { description: "x" } });
  await release("another");
  expect(await names({ q: "spreadsheets" })).toEqual(["spreadsheets", "in-keywords", "in-description", "in-body"]);
});

test("stems, parts of names, phrases, exclusions and the account are found", async () => {
  await release("pdf-converter", { manifest: { description: "Converting documents quickly." } });
  await release("the-about", { manifest: { description: "y" } });
  expect(await names({ q: "convert" })).toEqual(["pdf-converter"]);
  expect(await names({ q: "document converts" })).toEqual(["pdf-converter"]);
  expect(await names({ q: '"documents quickly"' })).toEqual(["pdf-converter"]);
  expect(await names({ q: '"quickly documents"' })).toEqual([]);
  expect(await names({ q: "pdf -documents" })).toEqual([]);
  expect(await names({ q: "pdf -invoices" })).toEqual(["pdf-converter"]);
  expect(await names({ q: "acme/pdf-converter" })).toEqual(["pdf-converter"]);
  expect(await names({ q: "invoices or pdf" })).toEqual(["pdf-converter"]);
  // Only stop words.
  expect(await names({ q: "the about" })).toEqual(["the-about"]);
});

test("the last word finds names that begin with it, and only names", async () => {
  await release("terraform-modules", { manifest: { description: "x" } });
  await release("other", { manifest: { description: "Terraformed planets." } });
  expect(await names({ q: "terraf" })).toEqual(["terraform-modules"]);
  expect(await names({ q: "terraform mod" })).toEqual(["terraform-modules"]);
  expect(await names({ q: "Terraform-Mod" })).toEqual(["terraform-modules"]);
  expect(await names({ q: "mod terraf" })).toEqual([]);
});

test("a query of characters that no word has finds nothing, an empty one everything", async () => {
  await release("pdf");
  for (const q of ["!!!", "&|()", "':*", "%", "_", "\\"]) expect(await names({ q })).toEqual([]);
  for (const q of ["", "  "]) expect(await names({ q })).toEqual(["pdf"]);
});

test("the syntax of the database's own queries reaches it as words only", async () => {
  await release("pdf");
  for (const q of ["pdf:*A", "pdf & !x", "(pdf", "pdf'; drop table paks --", "pdf<->x", "pdf\\", "pdf:abc"]) {
    await expect(list({ q })).resolves.toBeDefined();
  }
  expect(await names({ q: "pdf" })).toEqual(["pdf"]);
});

test.each([
  ["257 characters", "a".repeat(257)],
  ["17 words", "a ".repeat(17)],
  ["a NUL", "a\0b"],
  ["an escape", "\u001b[2J"],
  ["a lone surrogate", "\ud800"],
])("a query with %s is refused before the database sees it", async (_, q) => {
  await expect(list({ q })).rejects.toMatchObject({ code: "INVALID_PARAMETER" });
});

test("the longest query that is allowed is answered quickly", async () => {
  await release("pdf");
  await expect(list({ q: "a".repeat(256) })).resolves.toMatchObject({ total: 0 });
  await expect(list({ q: "ab ".repeat(16) })).resolves.toMatchObject({ total: 0 });
});

test("filters hold together with a query and alone", async () => {
  await release("one", {
    manifest: { keywords: ["aws"], categories: ["devops"], license: "MIT", description: "cloud" },
  });
  await release("two", { manifest: { keywords: ["aws", "iam"], license: "Apache-2.0", description: "cloud" } });
  await release("three", { accountId: db.accountIds["other"]!, manifest: { description: "cloud" } });
  expect(await names({ q: "cloud", keyword: "iam" })).toEqual(["two"]);
  expect(await names({ keyword: "aws", sort: "name" })).toEqual(["one", "two"]);
  expect(await names({ category: "devops" })).toEqual(["one"]);
  expect(await names({ license: "mit" })).toEqual(["one"]);
  expect(await names({ account: "other" })).toEqual(["three"]);
  expect(await names({ account: "nobody" })).toEqual([]);
  expect(await names({ kind: "skill", sort: "name" })).toEqual(["one", "three", "two"]);
  expect(await names({ kind: "pack" })).toEqual([]);
  expect(await names({ updatedSince: new Date(Date.now() + 60_000) })).toEqual([]);
  expect(await names({ keyword: "a%" })).toEqual([]);
});

test("an item shows the latest release", async () => {
  await release("pdf", { manifest: { keywords: ["k"], categories: ["c"], license: "MIT", description: "Old." } });
  await release("pdf", { version: "1.1.0", manifest: { keywords: ["k2"], description: "New." } });
  expect((await list()).items).toMatchObject([
    {
      account: "acme",
      name: "pdf",
      kind: "skill",
      description: "New.",
      version: "1.1.0",
      keywords: ["k2"],
      downloads: 0,
      license: null,
    },
  ]);
  expect(await names({ q: "old" })).toEqual([]);
});

async function makeMany(): Promise<void> {
  for (let index = 0; index < 9; index++) {
    // Equal keys, so that a page that compares without the id would skip or repeat.
    await release(`skill-${String.fromCodePoint(97 + index)}`, {
      manifest: { description: index % 2 ? "cloud" : "cloud cloud" },
    });
    await db
      .updateTable("paks")
      .set({ downloads: String(index % 3) })
      .where("name", "like", `skill-${String.fromCodePoint(97 + index)}`)
      .execute();
  }
  await db
    .updateTable("paks")
    .set({ updated_at: sql<Date>`'2026-01-01T00:00:00.123456Z'` })
    .where("downloads", "=", "1")
    .execute();
}

test.each(sortOrders)(
  "pages of the order %s by cursor and by offset hold every pak once, in the same order",
  async (sort) => {
    await makeMany();
    for (const q of [undefined, "cloud"]) {
      const all = (await names({ sort, q })).slice();
      expect(new Set(all).size).toBe(9);
      const pages: string[] = [];
      let cursor: string | undefined;
      do {
        const page = await list({ sort, q, limit: 2, cursor });
        expect(page.total).toBe(9);
        pages.push(...page.items.map(({ name }) => name));
        cursor = page.nextCursor ?? undefined;
      } while (cursor !== undefined);
      expect(pages).toEqual(all);
      expect(await names({ sort, q, limit: 4, offset: 4 })).toEqual(all.slice(4, 8));
    }
  },
);

test("the orders are what they are called", async () => {
  await makeMany();
  const downloads = (await list({ sort: "downloads" })).items.map((item) => item.downloads);
  expect(downloads).toEqual(downloads.toSorted((a, b) => b - a));
  const times = (await list({ sort: "recent" })).items.map((item) => item.updated_at);
  expect(times).toEqual(times.toSorted().toReversed());
  const byName = await names({ sort: "name" });
  expect(byName).toEqual(byName.toSorted());
});

test("a cursor that was not made for this list is refused", async () => {
  await makeMany();
  const { nextCursor } = await list({ sort: "name", limit: 1 });
  const forge = (value: unknown) => Buffer.from(JSON.stringify(value)).toString("base64url");
  for (const cursor of [
    "",
    "x",
    "=?",
    "a".repeat(513),
    forge(null),
    forge({ sort: "downloads", key: "1; drop table paks", id: "1" }),
    forge({ sort: "downloads", key: "1", id: "x" }),
    forge({ sort: "downloads", key: "99999999999999999999999", id: "1" }),
    nextCursor!,
  ]) {
    await expect(list({ sort: "downloads", cursor })).rejects.toMatchObject({ code: "INVALID_PARAMETER" });
  }
  for (const day of ["2026-99-99", "2026-02-30", "0000-01-01"]) {
    const cursor = forge({ sort: "recent", key: `${day}T00:00:00.000000Z`, id: "1" });
    await expect(list({ sort: "recent", cursor })).rejects.toMatchObject({ code: "INVALID_PARAMETER" });
  }
  await expect(
    list({ sort: "recent", cursor: forge({ sort: "recent", key: "2026-01-01T24:00:00.000000Z", id: "1" }) }),
  ).rejects.toMatchObject({ code: "INVALID_PARAMETER" });
});

test("a page outside of its limits is refused", async () => {
  for (const page of [
    { limit: 0 },
    { limit: 101 },
    { offset: -1 },
    { offset: 10_001 },
    { limit: 1.5 },
    { offset: Number.NaN },
  ]) {
    await expect(list(page)).rejects.toMatchObject({ code: "INVALID_PARAMETER" });
  }
});

/** Copies of one pak, straight into the table. */
const copyPaks = (howMany: number) =>
  sql`insert into paks (account_id, name, canonical_name, kind, description, latest_release_id, downloads, search)
    select account_id, name || '-' || n, canonical_name || n, kind, description, latest_release_id, n, search
    from paks cross join generate_series(1, ${howMany}::int) as n`.execute(db);

test("totals are exact up to 1,000 and then say 1,001", async () => {
  await release("pdf");
  await copyPaks(999);
  expect((await list({ q: "pdf" })).total).toBe(1_000);
  await sql`insert into paks (account_id, name, canonical_name, kind, description, latest_release_id, search)
    select account_id, 'x' || id, 'x' || id, kind, description, latest_release_id, search from paks limit 50`.execute(
    db,
  );
  expect((await list({ q: "pdf" })).total).toBe(1_001);
});

test("a common word ranks the most downloaded thousand only, and the exact name is always among them", async () => {
  await release("pdf");
  await copyPaks(2_000);
  const page = await list({ q: "pdf", limit: 1 });
  expect(page.items[0]).toMatchObject({ name: "pdf", downloads: 0 });
  expect((await list({ q: "acme/PDF", limit: 2 })).items.map(({ name }) => name)).toEqual(["pdf", "pdf-2000"]);
});
