import { listMigrations, type Migration } from "@paks/migrations";
import { sql } from "kysely";
import { afterEach, beforeEach, expect, test } from "vitest";
import { migrate, requireMigrated } from "./migrate.ts";
import { testDb, type TestDb } from "./testing/index.ts";

let db: TestDb;
beforeEach(async () => {
  db = await testDb();
});
afterEach(() => db.close());

const extra = (sqlText: string, more: Partial<Migration> = {}): Migration[] => {
  const all = listMigrations();
  return [...all, { version: all.length + 1, name: "extra", sql: sqlText, checksum: "c", ...more }];
};
const hasTable = async (name: string) =>
  (await sql<{ found: boolean }>`select to_regclass(${name}::text) is not null as found`.execute(db)).rows[0]?.found;

test("the files are numbered from 1 without a gap, and their checksum does not depend on line ends", () => {
  const all = listMigrations();
  expect(all.map(({ version }) => version)).toEqual(all.map((_, index) => index + 1));
  expect(all[0]).toMatchObject({ name: "registry" });
  expect(all[0]?.checksum).toMatch(/^[0-9a-f]{64}$/);
  expect(all.every(({ sql }) => !sql.includes("\r"))).toBe(true);
});

test("a database that is up to date stays as it is", async () => {
  expect(await migrate(db)).toEqual({ applied: [] });
});

test("processes that start together apply a migration once", async () => {
  const migrations = extra("create table extra (id integer); select pg_sleep(0.1);");
  const results = await Promise.all([migrate(db, migrations), migrate(db, migrations), migrate(db, migrations)]);
  expect(results.flatMap(({ applied }) => applied)).toEqual([`000${migrations.length}_extra`]);
});

test("a migration that fails in the middle leaves nothing, and runs when it is repaired", async () => {
  await expect(migrate(db, extra("create table half (id integer); select 1 / 0;"))).rejects.toThrow("division by zero");
  expect(await hasTable("half")).toBe(false);
  await migrate(db, extra("create table half (id integer);"));
  expect(await hasTable("half")).toBe(true);
});

test("a program that is older than the schema refuses to work", async () => {
  await migrate(db, extra("select 1;"));
  await expect(migrate(db)).rejects.toMatchObject({
    code: "DB_INCOMPATIBLE",
    details: { version: listMigrations().length + 1 },
  });
});

test("a program that does not migrate wants its own migrations applied and minds no newer ones", async () => {
  await requireMigrated(db);
  await expect(requireMigrated(db, extra("select 1;"))).rejects.toMatchObject({ code: "DB_INCOMPATIBLE" });
  await migrate(db, extra("select 1;"));
  await expect(requireMigrated(db)).resolves.toBeUndefined();
  await sql`drop table schema_migrations`.execute(db);
  await expect(requireMigrated(db)).rejects.toMatchObject({ code: "DB_INCOMPATIBLE" });
});

test("a migration that was changed after it was applied is refused", async () => {
  const changed = listMigrations().map((migration) => ({ ...migration, checksum: "0".repeat(64) }));
  await expect(migrate(db, changed)).rejects.toMatchObject({ code: "DB_INCOMPATIBLE" });
});

test("a long migration is not ended by the timeouts of requests", async () => {
  await sql`set statement_timeout = 50`.execute(db);
  expect((await migrate(db, extra("select pg_sleep(0.2);"))).applied).toHaveLength(1);
});
