import { existsSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { hasCode, type LockFile, type LockHolder, takeLockFile } from "@paks/locks";
import { fileSystemError, PaksError } from "@paks/schema";
import { Pool, type PoolConfig } from "pg";

/** The Postgres major version inside the pinned PGlite; a test compares it with what the engine says. */
export const embeddedMajor = 18;

export interface EmbeddedPool {
  readonly pool: Pool;
  close(): Promise<void>;
}

/**
 * Opens the embedded database. With a folder: `<dataDir>/lock` (one process), `<dataDir>/engine.json` (which
 * engine wrote the files), `<dataDir>/postgres/` (the files).
 * Throws DB_LOCKED, DB_INCOMPATIBLE, DISK_FULL, READ_ONLY_TARGET.
 */
export async function openEmbedded(dataDir: string | undefined, url?: string): Promise<EmbeddedPool> {
  if (dataDir === undefined) return openEngine(undefined);
  try {
    mkdirSync(dataDir, { recursive: true, mode: 0o700 });
    return await openLocked(dataDir, takeLockFile(join(dataDir, "lock"), { url, busy: databaseLocked }));
  } catch (error) {
    throw fileSystemError(error, dataDir) ?? error;
  }
}

async function openLocked(dataDir: string, lock: LockFile): Promise<EmbeddedPool> {
  try {
    requireSameEngine(dataDir);
    const engine = await openFolder(dataDir);
    return {
      pool: engine.pool,
      close: async () => {
        await engine.close();
        lock.release();
      },
    };
  } catch (error) {
    lock.release();
    throw error;
  }
}

/** Making the files takes seconds; when that was interrupted, what is there is no database and is made anew. */
async function openFolder(dataDir: string): Promise<EmbeddedPool> {
  const folder = join(dataDir, "postgres");
  const incomplete = join(dataDir, "postgres.incomplete");
  if (existsSync(incomplete)) rmSync(folder, { recursive: true, force: true });
  const isNew = !existsSync(folder);
  if (isNew) writeFileSync(incomplete, "", { mode: 0o600 });
  const engine = await openEngine(folder);
  if (isNew) rmSync(incomplete);
  return engine;
}

async function openEngine(folder: string | undefined): Promise<EmbeddedPool> {
  // Loaded here: 27 MiB that nobody with a DATABASE_URL needs.
  const [{ PGlite }, { createPgConfig }] = await Promise.all([
    import("@electric-sql/pglite"),
    import("@electric-sql/pglite/node-postgres"),
  ]);
  const engine = await PGlite.create(folder === undefined ? {} : { dataDir: folder });
  // One session, so one client for ever: a second would speak into the first one's open transaction.
  const pool = new Pool({ ...engineConfig(createPgConfig(engine)), max: 1, idleTimeoutMillis: 0 });
  return {
    pool,
    close: async () => {
      await pool.end();
      await engine.close();
    },
  };
}

// pg takes a `connection` object in place of a socket; its types do not say so.
const engineConfig = (config: object): PoolConfig => config;

function databaseLocked(holder: (LockHolder & { elsewhere: boolean }) | undefined, path: string): PaksError {
  if (!holder) {
    return new PaksError("DB_LOCKED", `The lock file ${path} cannot be read.`, {
      hint: "Make sure that no registry uses this folder, then delete the file.",
      details: { path },
    });
  }
  const where = holder.elsewhere ? ` on ${holder.hostname}` : "";
  const address = holder.url === null ? "" : `, which serves ${holder.url},`;
  return new PaksError("DB_LOCKED", `Process ${holder.pid}${where}${address} uses this embedded database.`, {
    hint: holder.elsewhere
      ? `If that machine is gone, delete ${path}.`
      : "Use its address, stop it, or set DATABASE_URL: the embedded database admits one process.",
    details: { pid: holder.pid, hostname: holder.hostname, url: holder.url, path },
  });
}

function requireSameEngine(dataDir: string): void {
  const file = join(dataDir, "engine.json");
  const marker = JSON.stringify({ engine: "pglite", postgres: embeddedMajor });
  const found = readMarker(file);
  if (found === undefined) {
    writeFileSync(`${file}.new`, `${marker}\n`, { mode: 0o600 });
    renameSync(`${file}.new`, file);
    return;
  }
  if (found.trim() === marker) return;
  throw new PaksError("DB_INCOMPATIBLE", `The embedded database in ${dataDir} was written by another engine version.`, {
    hint: "Start the version of paks-registry that wrote it, or use another PAKS_DATA_DIR: the registry is rebuilt from the tags.",
    details: { expected: marker, found: found.trim().slice(0, 200) },
  });
}

function readMarker(file: string): string | undefined {
  try {
    return readFileSync(file, "utf8");
  } catch (error) {
    if (hasCode(error, "ENOENT")) return undefined;
    throw error;
  }
}
