import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { testDb } from "@paks/db/testing";
import { onTestFinished } from "vitest";
import { type Environment, parseConfig } from "../config.ts";
import type { CommandIo } from "../command-io.ts";
import type { LogEvent } from "../log.ts";
import { main } from "../main.ts";
import { roles, type Roles, type RunningRegistry, startRegistry } from "../registry.ts";

export const onEmbedded = process.env["PAKS_TEST_ENGINE"] === "embedded";

/** The schema of a test's own as a database URL; undefined when the embedded engine is under test. */
async function databaseUrl(migrated: boolean): Promise<string | undefined> {
  if (onEmbedded) return undefined;
  const db = await testDb();
  if (!migrated) await db.schema.dropTable("schema_migrations").execute();
  onTestFinished(() => db.close());
  const { schema } = await db
    .selectNoFrom((eb) => eb.fn<string>("current_schema", []).as("schema"))
    .executeTakeFirstOrThrow();
  const url = new URL(process.env["PAKS_TEST_DATABASE_URL"]!);
  url.searchParams.set("options", `-c search_path=${schema}`);
  return url.href;
}

/** One installation: a data folder and a database that several processes may be started on, one after the other. */
export async function testInstallation({ migrated = true } = {}) {
  const dataDir = await mkdtemp(join(tmpdir(), "paks-server-"));
  onTestFinished(() => rm(dataDir, { recursive: true, force: true }));
  const url = await databaseUrl(migrated);
  const base: Environment = {
    PATH: process.env["PATH"],
    PORT: "0",
    PAKS_DATA_DIR: dataDir,
    DATABASE_URL: url,
    PAKS_RATE_LIMIT_ANONYMOUS: "0",
  };

  const start = async (environment: Environment = {}, wanted: Roles = roles.all) => {
    const printed: string[] = [];
    const events: LogEvent[] = [];
    const io = { print: (text: string) => printed.push(text), log: (event: LogEvent) => events.push(event) };
    const registry: RunningRegistry = await startRegistry(parseConfig({ ...base, ...environment }), io, wanted);
    let closed = false;
    const close = async () => {
      if (!closed) await registry.close();
      closed = true;
    };
    onTestFinished(close);
    return { url: registry.url, printed, events, close };
  };

  /** One command line of the executable. */
  const run = async (argv: readonly string[], environment: Environment = {}) => {
    const out: string[] = [];
    const err: string[] = [];
    const io: CommandIo = {
      print: (text) => out.push(text),
      printError: (text) => err.push(text),
      readConfig: () => parseConfig({ ...base, ...environment }),
      openLog: () => () => undefined,
    };
    return { exitCode: await main(argv, io), stdout: out.join("\n"), stderr: err.join("\n") };
  };

  return { dataDir, start, run };
}
