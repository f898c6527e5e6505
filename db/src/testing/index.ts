import { randomBytes } from "node:crypto";
import { sql } from "kysely";
import { Pool } from "pg";
import { insertAccount } from "../accounts.ts";
import { kyselyOf, openDatabase } from "../database.ts";
import { migrate } from "../migrate.ts";
import type { Db } from "../tables.ts";

/** A migrated database of one test. */
export type TestDb = Db & {
  /** Name → id of the accounts that were asked for. */
  readonly accountIds: Readonly<Record<string, string>>;
  close(): Promise<void>;
};

/**
 * A schema of the test's own, in Postgres (`PAKS_TEST_DATABASE_URL`) or, with `PAKS_TEST_ENGINE=embedded`, in one
 * embedded database per process.
 */
export async function testDb(options: { readonly accounts?: readonly string[] } = {}): Promise<TestDb> {
  const name = `test_${randomBytes(8).toString("hex")}`;
  const { db, end } =
    process.env["PAKS_TEST_ENGINE"] === "embedded" ? await openEmbeddedSchema(name) : await openSchema(name);
  await migrate(db);
  const accountIds: Record<string, string> = {};
  for (const account of options.accounts ?? []) accountIds[account] = (await insertAccount(db, { name: account })).id;
  return Object.assign(db, { accountIds, close: end });
}

async function openSchema(name: string): Promise<{ db: Db; end: () => Promise<void> }> {
  const url = process.env["PAKS_TEST_DATABASE_URL"];
  if (!url) throw new Error("PAKS_TEST_DATABASE_URL is not set; `npm test` starts a Postgres and sets it.");
  const pool = new Pool({
    connectionString: url,
    max: 8,
    options: `-c search_path=${name},public`,
    statement_timeout: 30_000,
  });
  pool.on("error", () => undefined);
  const db = kyselyOf(pool);
  await sql`create schema ${sql.id(name)}`.execute(db);
  const end = async () => {
    await sql`drop schema ${sql.id(name)} cascade`.execute(db);
    await pool.end();
  };
  return { db, end };
}

let shared: ReturnType<typeof openDatabase> | undefined;

/** Starting the engine takes seconds, so the tests of one process share it and switch the schema. */
async function openEmbeddedSchema(name: string): Promise<{ db: Db; end: () => Promise<void> }> {
  shared ??= openDatabase({ memory: true });
  const { db } = await shared;
  await sql`create schema ${sql.id(name)}`.execute(db);
  await sql`set search_path to ${sql.id(name)}, public`.execute(db);
  return { db, end: async () => void (await sql`drop schema ${sql.id(name)} cascade`.execute(db)) };
}
