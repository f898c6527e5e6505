import { type ChildProcess, spawn } from "node:child_process";
import { cpSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { hostname, tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { buildSync } from "esbuild";
import { sql } from "kysely";
import { afterAll, beforeAll, expect, onTestFinished, test } from "vitest";
import { type Database, openDatabase } from "./database.ts";
import { embeddedMajor } from "./embedded.ts";
import { findFact, insertFact } from "./facts.ts";
import { migrate } from "./migrate.ts";

// Inside of the package, so that what is not bundled is found.
const built = join(import.meta.dirname, "..", "node_modules", `.embedded-writer-${process.pid}`);
beforeAll(() => {
  buildSync({
    entryPoints: [join(import.meta.dirname, "testing", "embedded-writer.ts")],
    outfile: join(built, "writer.mjs"),
    bundle: true,
    platform: "node",
    format: "esm",
    external: ["@electric-sql/*", "pg", "kysely"],
  });
  // As the build does.
  const migrations = join(import.meta.dirname, "..", "..", "migrations");
  cpSync(migrations, join(built, "migrations"), { recursive: true, filter: (file) => !/node_modules|src/.test(file) });
});
afterAll(() => rmSync(built, { recursive: true, force: true }));

const dataFolder = (): string => {
  const folder = mkdtempSync(join(tmpdir(), "paks-embedded-"));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
};

const open = async (dataDir: string): Promise<Database> => {
  const database = await openDatabase({ dataDir });
  onTestFinished(() => database.close());
  return database;
};

interface Writer {
  readonly child: ChildProcess;
  /** Every line it has said. */
  readonly lines: string[];
  said(condition: (lines: string[]) => boolean): Promise<void>;
  kill(): Promise<void>;
}

function startWriter(dataDir: string): Writer {
  const child = spawn(process.execPath, [join(built, "writer.mjs"), dataDir], { stdio: ["ignore", "pipe", "ignore"] });
  const lines: string[] = [];
  createInterface({ input: child.stdout }).on("line", (line) => lines.push(line));
  const ended = new Promise<void>((resolve) => child.on("close", () => resolve()));
  const kill = async () => {
    child.kill("SIGKILL");
    await ended;
  };
  onTestFinished(kill);
  const said = (condition: (lines: string[]) => boolean) =>
    expect.poll(() => condition(lines) || child.exitCode !== null, { timeout: 50_000 }).toBe(true);
  return { child, lines, said, kill };
}

test("a second process is refused and told who has the database; when that one is killed, it is taken over and holds every acknowledged row", async () => {
  const dataDir = dataFolder();
  const writer = startWriter(dataDir);
  await writer.said((lines) => lines.length > 20);

  await expect(openDatabase({ dataDir })).rejects.toMatchObject({
    code: "DB_LOCKED",
    details: { pid: writer.child.pid, url: "http://127.0.0.1:8787" },
  });
  const refused = startWriter(dataDir);
  await expect.poll(() => refused.child.exitCode, { timeout: 20_000 }).toBe(1);

  const before = writer.lines.length;
  await writer.said((lines) => lines.length > before + 20);
  await writer.kill();
  const { db } = await open(dataDir);
  const acknowledged = writer.lines.filter((line) => /^\d+$/.test(line)).map(Number);
  expect(acknowledged.length).toBeGreaterThan(40);
  for (const count of acknowledged) {
    expect([count, await findFact(db, `first-${count}`), await findFact(db, `second-${count}`)]).toEqual([
      count,
      count,
      "x".repeat(2_000),
    ]);
  }
  // What was not acknowledged is there as a whole or not at all.
  const next = acknowledged.at(-1)! + 1;
  expect((await findFact(db, `first-${next}`)) === undefined).toBe(
    (await findFact(db, `second-${next}`)) === undefined,
  );
});

test("a first start that was killed in the middle does not spoil the folder", async () => {
  const dataDir = dataFolder();
  const writer = startWriter(dataDir);
  await expect.poll(() => existsSync(join(dataDir, "postgres", "PG_VERSION")), { timeout: 50_000 }).toBe(true);
  await writer.kill();
  expect(writer.lines).toEqual([]);
  const { db } = await open(dataDir);
  expect((await migrate(db)).applied).not.toEqual([]);
  expect(existsSync(join(dataDir, "postgres.incomplete"))).toBe(false);
});

test("of several processes that find a dead one's lock at once, one gets the database", async () => {
  const dataDir = dataFolder();
  const dead = { pid: 2 ** 22 + 1, startTime: "1", bootId: null, hostname: hostname(), url: null, nonce: "n" };
  writeFileSync(join(dataDir, "lock"), JSON.stringify(dead));
  const writers = Array.from({ length: 4 }, () => startWriter(dataDir));
  await expect.poll(() => writers.filter(({ child }) => child.exitCode === 1).length, { timeout: 50_000 }).toBe(3);
  const owner = writers.find(({ child }) => child.exitCode === null);
  await owner?.said((lines) => lines.includes("ready"));
  expect(JSON.parse(readFileSync(join(dataDir, "lock"), "utf8"))).toMatchObject({ pid: owner?.child.pid });
});

test("what was written is there after it was closed, and the lock is gone", async () => {
  const dataDir = dataFolder();
  const first = await openDatabase({ dataDir });
  await migrate(first.db);
  await insertFact(first.db, "kept", 1);
  await expect(openDatabase({ dataDir })).rejects.toMatchObject({ code: "DB_LOCKED", details: { pid: process.pid } });
  await first.close();
  const second = await open(dataDir);
  expect(await migrate(second.db)).toEqual({ applied: [] });
  expect(await findFact(second.db, "kept")).toBe(1);
});

test("the lock of another machine is never taken over", async () => {
  const dataDir = dataFolder();
  const holder = { pid: 1, startTime: null, bootId: null, hostname: "elsewhere", url: null, nonce: "n" };
  writeFileSync(join(dataDir, "lock"), JSON.stringify(holder));
  await expect(openDatabase({ dataDir })).rejects.toMatchObject({
    code: "DB_LOCKED",
    details: { hostname: "elsewhere" },
    hint: expect.stringContaining(join(dataDir, "lock")),
  });
});

test("files of another engine version are not touched, and the lock is free again", async () => {
  const dataDir = dataFolder();
  writeFileSync(join(dataDir, "engine.json"), JSON.stringify({ engine: "pglite", postgres: 17 }));
  for (const _ of [1, 2]) await expect(openDatabase({ dataDir })).rejects.toMatchObject({ code: "DB_INCOMPATIBLE" });
});

test("the marker names the engine that runs", async () => {
  const dataDir = dataFolder();
  const { db } = await open(dataDir);
  const version = await sql<{
    major: number;
  }>`select current_setting('server_version_num')::int / 10000 as major`.execute(db);
  expect(version.rows[0]?.major).toBe(embeddedMajor);
  expect(JSON.parse(readFileSync(join(dataDir, "engine.json"), "utf8"))).toMatchObject({ postgres: embeddedMajor });
});

test("many transactions at once take turns on the one connection", async () => {
  const { db } = await open(dataFolder());
  await migrate(db);
  await Promise.all(
    Array.from({ length: 20 }, (_, index) => db.transaction().execute((trx) => insertFact(trx, `k${index}`, index))),
  );
  expect(await findFact(db, "k19")).toBe(19);
});

test("a folder that cannot be made is named", async () => {
  const file = join(dataFolder(), "file");
  writeFileSync(file, "");
  await expect(openDatabase({ dataDir: join(file, "below") })).rejects.toThrow("ENOTDIR");
});

test.runIf(process.platform === "linux")("a folder that cannot be written is READ_ONLY_TARGET", async () => {
  await expect(openDatabase({ dataDir: "/sys/paks-test" })).rejects.toMatchObject({ code: "READ_ONLY_TARGET" });
});
