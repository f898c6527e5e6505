import { Kysely, PostgresDialect, type PostgresPool } from "kysely";
import { Pool } from "pg";
import { openEmbedded } from "./embedded.ts";
import type { Db, Tables } from "./tables.ts";

/** A Postgres server, a folder of the embedded database, or an embedded database that is gone at the end. */
export type DatabaseTarget = { url: string } | { dataDir: string } | { memory: true };

export interface DatabaseOptions {
  /** Told to a second process that finds the embedded database locked. */
  readonly publicUrl?: string | undefined;
  /** Default 10. The embedded database has one. */
  readonly maxConnections?: number | undefined;
  /** Default 2,000; 0 = none. The embedded database cannot end a statement. */
  readonly statementTimeoutMilliseconds?: number | undefined;
  /** Connections that break while nobody uses them. */
  readonly onError?: ((error: unknown) => void) | undefined;
}

export interface Database {
  readonly db: Db;
  readonly kind: "postgres" | "embedded";
  /** Waits for running queries. */
  close(): Promise<void>;
}

/**
 * Opens the database; a server is first spoken to by the first query.
 * Throws DB_LOCKED or DB_INCOMPATIBLE for an embedded one.
 */
export async function openDatabase(target: DatabaseTarget, options: DatabaseOptions = {}): Promise<Database> {
  if ("url" in target) {
    const pool = openPool(target.url, options);
    return { db: kyselyOf(pool), kind: "postgres", close: () => pool.end() };
  }
  const embedded = await openEmbedded("dataDir" in target ? target.dataDir : undefined, options.publicUrl);
  listen(embedded.pool, options);
  return { db: kyselyOf(embedded.pool), kind: "embedded", close: () => embedded.close() };
}

export const kyselyOf = (pool: PostgresPool): Db => new Kysely<Tables>({ dialect: new PostgresDialect({ pool }) });

function openPool(url: string, options: DatabaseOptions): Pool {
  const pool = new Pool({
    connectionString: url,
    max: options.maxConnections ?? 10,
    connectionTimeoutMillis: 5_000,
    statement_timeout: options.statementTimeoutMilliseconds ?? 2_000,
    lock_timeout: 2_000,
    idle_in_transaction_session_timeout: 10_000,
    application_name: "paks-registry",
    keepAlive: true,
  });
  listen(pool, options);
  return pool;
}

/**
 * A broken connection without a listener ends the whole process: the pool listens to idle ones only, and a query's
 * own failure comes before its connection's.
 */
function listen(pool: Pool, options: DatabaseOptions): void {
  pool.on("connect", (client) => client.on("error", (error) => options.onError?.(error)));
  // The same error once more.
  pool.on("error", () => undefined);
}
