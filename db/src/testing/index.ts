import { randomBytes } from "node:crypto";
import { type PostgresPool, sql } from "kysely";
import { Pool } from "pg";
import { insertAccount } from "../accounts.ts";
import { kyselyOf } from "../database.ts";
import { openEmbedded } from "../embedded.ts";
import { countJobs } from "../jobs.ts";
import { migrate } from "../migrate.ts";
import type { Db } from "../tables.ts";

/** A migrated database of one test. */
export type TestDb = Db & {
  /** Name → id of the accounts that were asked for. */
  readonly accountIds: Readonly<Record<string, string>>;
  /** Drops it. */
  close(): Promise<void>;
};

/** Which engine this test process uses. */
export const testEngine = (): "postgres" | "embedded" =>
  process.env["PAKS_TEST_ENGINE"] === "embedded" ? "embedded" : "postgres";

/**
 * A schema of the test's own, in Postgres (`PAKS_TEST_DATABASE_URL`) or, with `PAKS_TEST_ENGINE=embedded`, in one
 * embedded database per process.
 */
export async function testDb(options: { readonly accounts?: readonly string[] } = {}): Promise<TestDb> {
  const schema = `test_${randomBytes(8).toString("hex")}`;
  const pool = testEngine() === "embedded" ? await embeddedPool(schema) : postgresPool(schema);
  const db = kyselyOf(pool);
  await sql`create schema ${sql.id(schema)}`.execute(db);
  await migrate(db);
  const accountIds: Record<string, string> = {};
  for (const account of options.accounts ?? []) accountIds[account] = (await insertAccount(db, { name: account })).id;
  const close = async () => {
    await sql`drop schema ${sql.id(schema)} cascade`.execute(db);
    await db.destroy();
  };
  return Object.assign(db, { accountIds, close });
}

/** Fails when the test left a job that waits or runs, or a transaction that nobody ended. */
export async function expectNoLeftovers(db: Db): Promise<void> {
  const { pending, running } = await countJobs(db);
  if (pending + running > 0) throw new Error(`The test left ${pending} pending and ${running} running jobs.`);
  const open = await sql<{ count: string }>`
    select count(*) as count from pg_stat_activity
    where state like 'idle in transaction%' and application_name = current_setting('application_name')
      and application_name like 'test_%'`.execute(db);
  if (open.rows[0]?.count !== "0") throw new Error(`The test left ${open.rows[0]?.count} transactions open.`);
}

/** The address of the tests' Postgres. */
export function testDatabaseUrl(): string {
  const url = process.env["PAKS_TEST_DATABASE_URL"];
  if (url) return url;
  throw new Error("PAKS_TEST_DATABASE_URL is not set; `npm test` starts a Postgres and sets it.");
}

function postgresPool(schema: string): Pool {
  const pool = new Pool({
    connectionString: testDatabaseUrl(),
    max: 8,
    application_name: schema,
    options: `-c search_path=${schema}`,
    statement_timeout: 30_000,
    lock_timeout: 10_000,
  });
  pool.on("error", () => undefined);
  return pool;
}

let engine: ReturnType<typeof openEmbedded> | undefined;

/**
 * Starting the engine takes seconds, so the tests of one process share it. It has one session: whoever gets it
 * switches it to the schema of his own test first.
 */
async function embeddedPool(schema: string): Promise<PostgresPool> {
  engine ??= openEmbedded(undefined);
  const { pool } = await engine;
  return {
    connect: async () => {
      const client = await pool.connect();
      try {
        await client.query(`set search_path to ${schema}`);
      } catch (error) {
        client.release();
        throw error;
      }
      return client;
    },
    // The engine ends with the process.
    end: () => Promise.resolve(),
  };
}

export { newRelease, type ReleaseWanted } from "./new-release.ts";
