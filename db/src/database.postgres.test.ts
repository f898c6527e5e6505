import { sql } from "kysely";
import { expect, onTestFinished, test } from "vitest";
import { type DatabaseOptions, openDatabase } from "./database.ts";
import { databaseError } from "./database-error.ts";
import { testDatabaseUrl } from "./testing/index.ts";

const failure = (work: Promise<unknown>): Promise<unknown> =>
  work.then(
    () => expect.fail("It did not fail."),
    (error: unknown) => error,
  );

const open = async (url: string, options: DatabaseOptions = {}) => {
  const database = await openDatabase({ url }, options);
  onTestFinished(() => database.close());
  return database.db;
};

test("a killed connection fails its query as DB_UNAVAILABLE, and the next one works", async () => {
  const errors: unknown[] = [];
  const db = await open(testDatabaseUrl(), { maxConnections: 2, onError: (error) => errors.push(error) });
  const pid = async () => (await sql<{ pid: number }>`select pg_backend_pid() as pid`.execute(db)).rows[0]!.pid;
  const other = await open(testDatabaseUrl());
  const sleeping = failure(sql`select pg_sleep(1.5)`.execute(db));
  await expect
    .poll(
      async () =>
        (
          await sql`select pg_terminate_backend(pid) from pg_stat_activity where query = 'select pg_sleep(1.5)'`.execute(
            other,
          )
        ).rows.length,
    )
    .toBeGreaterThan(0);
  expect(databaseError(await sleeping)).toMatchObject({ code: "DB_UNAVAILABLE" });
  await expect.poll(() => pid().catch(databaseError)).toEqual(expect.any(Number));
  // An idle one: nobody waits for it, and without a listener the process would end.
  const idle = await pid();
  await sql`select pg_terminate_backend(${idle}::int)`.execute(other);
  await expect.poll(() => errors.length).toBeGreaterThan(0);
  await expect.poll(() => pid().catch(databaseError)).toEqual(expect.any(Number));
  expect(await pid()).not.toBe(idle);
});

test("a statement, a lock and an idle transaction have their time", async () => {
  const db = await open(testDatabaseUrl(), { statementTimeoutMilliseconds: 100 });
  expect(databaseError(await failure(sql`select pg_sleep(5)`.execute(db)))).toMatchObject({ code: "DB_UNAVAILABLE" });
  const setting = async (name: string) =>
    (await sql<{ value: string }>`select current_setting(${name}) as value`.execute(db)).rows[0]?.value;
  expect(await setting("lock_timeout")).toBe("2s");
  expect(await setting("idle_in_transaction_session_timeout")).toBe("10s");
  const usual = await open(testDatabaseUrl());
  const limit = await sql<{ value: string }>`select current_setting('statement_timeout') as value`.execute(usual);
  expect(limit.rows[0]?.value).toBe("2s");
});

test("a wrong database name is told as what it is", async () => {
  const db = await open(testDatabaseUrl().replace(/\/[^/]*$/, "/does_not_exist"));
  expect(databaseError(await failure(sql`select 1`.execute(db)))?.message).toContain("does not exist");
});

test("a server without a free connection is DB_UNAVAILABLE, and works again when there is one", async () => {
  const role = `limited_${process.pid}`;
  const owner = await open(testDatabaseUrl());
  await sql`create role ${sql.id(role)} login connection limit 1`.execute(owner);
  const url = new URL(testDatabaseUrl());
  url.username = role;
  url.password = "";
  const first = await openDatabase({ url: url.href }, { maxConnections: 1 });
  const second = await openDatabase({ url: url.href }, { maxConnections: 1 });
  onTestFinished(async () => {
    await second.close();
    const drop = await openDatabase({ url: testDatabaseUrl() });
    await sql`drop role ${sql.id(role)}`.execute(drop.db);
    await drop.close();
  });
  const select = (database: typeof first) => sql`select 1`.execute(database.db);
  await select(first);
  expect(databaseError(await failure(select(second)))).toMatchObject({ code: "DB_UNAVAILABLE" });
  await first.close();
  await expect.poll(() => select(second).catch(databaseError), { timeout: 5_000 }).toMatchObject({ rows: [{}] });
});
