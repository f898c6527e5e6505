import { expect, test } from "vitest";
import { insertRelease } from "./insert-release.ts";
import { listReleases, listVersionsOfPaks } from "./many-paks.ts";
import { listVersions } from "./releases.ts";
import type { Db } from "./tables.ts";
import { newRelease, testDb } from "./testing/index.ts";

/** The statements that run meanwhile. */
async function statementsOf<T>(db: Db, work: (db: Db) => Promise<T>): Promise<{ found: T; statements: number }> {
  let statements = 0;
  const counting = db.withPlugin({
    transformQuery: ({ node }) => node,
    transformResult: async ({ result }) => {
      statements += 1;
      return await Promise.resolve(result);
    },
  });
  const found = await work(counting);
  return { found, statements };
}

async function library(paks: number, versions: number) {
  const db = await testDb({ accounts: ["acme"] });
  const accountId = db.accountIds["acme"]!;
  for (let pak = 0; pak < paks; pak += 1)
    for (let version = 0; version < versions; version += 1)
      await insertRelease(db, newRelease({ accountId, name: `pak-${pak}`, version: `1.${version}.0` }));
  const ids = Array.from({ length: paks }, (_, at) => ({ account: "acme", name: `pak-${at}` }));
  return { db, ids };
}

test("one statement answers for one pak and for fifty, a second one for their releases", async () => {
  const { db, ids } = await library(50, 2);
  for (const some of [ids.slice(0, 1), ids.slice(0, 2), ids]) {
    const { found, statements } = await statementsOf(db, (counting) => listVersionsOfPaks(counting, some));
    expect(statements).toBe(1);
    const newest = found.map((one) => (typeof one === "object" ? one.releaseIds.get("1.1.0")! : ""));
    const releases = await statementsOf(db, (counting) => listReleases(counting, newest));
    expect(releases.statements).toBe(1);
    expect(newest.map((id) => releases.found.get(id)?.name)).toEqual(some.map(({ name }) => name));
  }
  await db.close();
});

test("the versions are those that one pak's own list has", async () => {
  const { db, ids } = await library(2, 3);
  const nobody = { account: "nobody", name: "pak-0" };
  const [first, unknown, second] = await listVersionsOfPaks(db, [ids[1]!, nobody, ids[0]!]);
  expect(unknown).toBeUndefined();
  for (const found of [first, second]) {
    if (typeof found !== "object") throw new Error("not found");
    const id = (
      await db
        .selectFrom("releases")
        .select("pak_id")
        .where("id", "=", [...found.releaseIds.values()][0]!)
        .execute()
    )[0]!;
    const alone = await listVersions(db, id.pak_id);
    expect(found.versions).toEqual(alone.map(({ changelog: _changelog, ...rest }) => rest));
    expect(found.versions.map(({ version }) => version)).toEqual(["1.2.0", "1.1.0", "1.0.0"]);
  }
  await db.close();
});

test("more rows than one answer holds: the paks from there on are cut, none is told in part", async () => {
  const { db, ids } = await library(3, 3);
  const countOf = async (most: number) =>
    (await listVersionsOfPaks(db, ids, most)).map((one) => (typeof one === "object" ? one.versions.length : one));
  expect(await countOf(9)).toEqual([3, 3, 3]);
  expect(await countOf(8)).toEqual([3, 3, "cut"]);
  expect(await countOf(6)).toEqual([3, 3, "cut"]);
  expect(await countOf(5)).toEqual([3, "cut", "cut"]);
  expect(await countOf(2)).toEqual(["cut", "cut", "cut"]);
  await db.close();
});
