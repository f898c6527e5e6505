import { listMigrations, type Migration } from "@paks/migrations";
import { PaksError } from "@paks/schema";
import { CompiledQuery, sql } from "kysely";
import type { Db } from "./tables.ts";

/** "PAKM": together with the schema's name it is the advisory lock of migrations. */
const lockClass = 0x50414b4d;

interface Applied {
  readonly version: number;
  readonly name: string;
  readonly checksum: string;
}

/**
 * Brings the schema up to date, one transaction per file. Two processes that start together take turns.
 * Throws DB_INCOMPATIBLE when the schema is newer than this program or an applied file was changed.
 */
export async function migrate(
  db: Db,
  migrations: readonly Migration[] = listMigrations(),
): Promise<{ applied: string[] }> {
  const applied: string[] = [];
  for (;;) {
    const name = await db.transaction().execute((trx) => applyNext(trx, migrations));
    if (name === undefined) return { applied };
    applied.push(name);
  }
}

/**
 * For programs that do not migrate. A newer schema is fine: every migration leaves what older programs need.
 * @throws PaksError DB_INCOMPATIBLE when a migration that this program needs was not applied
 */
export async function requireMigrated(db: Db, migrations: readonly Migration[] = listMigrations()): Promise<void> {
  const done = (await hasHistory(db)) ? await readHistory(db) : [];
  const missing = migrations.filter(({ version }) => !done.some((row) => row.version === version));
  if (missing.length === 0) return;
  throw new PaksError("DB_INCOMPATIBLE", `The database lacks ${missing.length} of this program's migrations.`, {
    hint: "Run `paks-registry migrate` first.",
    details: { missing: missing.map(({ version }) => version) },
  });
}

async function hasHistory(db: Db): Promise<boolean> {
  const table = await sql<{ found: boolean }>`select to_regclass('schema_migrations') is not null as found`.execute(db);
  return table.rows[0]?.found === true;
}

const readHistory = (db: Db): Promise<Applied[]> =>
  db.selectFrom("schema_migrations").select(["version", "name", "checksum"]).orderBy("version").execute();

async function applyNext(trx: Db, migrations: readonly Migration[]): Promise<string | undefined> {
  await sql`set local statement_timeout = 0`.execute(trx);
  await sql`set local lock_timeout = '60s'`.execute(trx);
  await sql`select pg_advisory_xact_lock(${lockClass}, hashtext(current_schema()))`.execute(trx);
  const done = await listApplied(trx);
  requireSameHistory(done, migrations);
  const next = migrations[done.length];
  if (!next) return undefined;
  // Without parameters the driver sends the whole file as one simple query.
  await trx.executeQuery(CompiledQuery.raw(next.sql));
  await trx
    .insertInto("schema_migrations")
    .values({ version: next.version, name: next.name, checksum: next.checksum })
    .execute();
  return `${String(next.version).padStart(4, "0")}_${next.name}`;
}

async function listApplied(trx: Db): Promise<Applied[]> {
  if (!(await hasHistory(trx))) {
    await sql`create table schema_migrations (
      version integer primary key,
      name text not null,
      checksum text not null,
      applied_at timestamptz not null default now()
    )`.execute(trx);
  }
  return readHistory(trx);
}

function requireSameHistory(done: readonly Applied[], migrations: readonly Migration[]): void {
  for (const [index, row] of done.entries()) {
    const file = migrations[index];
    if (!file) {
      throw new PaksError(
        "DB_INCOMPATIBLE",
        `The database has schema version ${done.length}; this program knows only ${migrations.length}.`,
        { hint: "Start the newer version of paks-registry again.", details: { version: done.length } },
      );
    }
    if (file.version !== row.version || file.checksum !== row.checksum) {
      throw new PaksError(
        "DB_INCOMPATIBLE",
        `Migration ${row.version} (${row.name}) was changed after it was applied.`,
        {
          hint: "Use the files it was applied from; a change of the schema is a new migration.",
          details: { version: row.version },
        },
      );
    }
  }
}
