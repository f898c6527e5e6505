import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { createApp } from "@paks/api";
import { type Database, expireLeases, migrate, openDatabase, requireMigrated } from "@paks/db";
import { type GitCage, gitVersion } from "@paks/git";
import { type RunningWorker, runWorker } from "@paks/indexer";
import { openDirectoryObjects, type Objects } from "@paks/objects";
import { defaultLimits, PaksError } from "@paks/schema";
import { listRisks, type ServerConfig } from "./config.ts";
import { makeFault } from "./fault.ts";
import { prepareAdminToken } from "./first-token.ts";
import { startHousekeeping } from "./housekeeping.ts";
import { type HttpServer, openHttpServer } from "./http-server.ts";
import type { Log } from "./log.ts";
import { registryVersion } from "./version.ts";

/** Which parts of the registry one process runs. */
export interface Roles {
  readonly api: boolean;
  readonly indexer: boolean;
  readonly migrate: boolean;
}

export const roles = {
  all: { api: true, indexer: true, migrate: true },
  api: { api: true, indexer: false, migrate: false },
  indexer: { api: false, indexer: true, migrate: false },
} as const satisfies Record<string, Roles>;

export interface ServerIo {
  /** For people, on stdout. */
  readonly print: (text: string) => void;
  readonly log: Log;
}

export interface RunningRegistry {
  /** Where it listens, as seen from this machine; "" for an indexer alone. */
  readonly url: string;
  /** Stops claiming jobs and accepting requests, finishes or hands back what runs, closes the database. */
  readonly close: () => Promise<void>;
}

/** API calls are short; a worker's transaction may write a release of 1,000 files. */
const statementTimeouts = { api: 2_000, indexer: 30_000 } as const;

interface Starting {
  readonly config: ServerConfig;
  readonly io: ServerIo;
  readonly roles: Roles;
  /** What uses the databases: requests and jobs. */
  readonly traffic: (() => Promise<void>)[];
  readonly databases: (() => Promise<void>)[];
  /** What requests have left running. */
  readonly background: Set<Promise<void>>;
}

/** Requests and jobs end before the databases go away; what cannot be closed must not keep the rest open. */
async function closeAll({ traffic, databases }: Starting): Promise<void> {
  const ended = [];
  for (const open of [traffic, databases]) {
    ended.push(...(await Promise.allSettled(open.splice(0).map((close) => close()))));
  }
  const failed = ended.find((each) => each.status === "rejected");
  if (failed) throw failed.reason;
}

/**
 * Starts the registry and returns when it answers.
 * @throws PaksError when a setting, the port, the database or git is not usable; nothing stays open then
 */
export async function startRegistry(
  config: ServerConfig,
  io: ServerIo,
  wanted: Roles = roles.all,
): Promise<RunningRegistry> {
  const starting: Starting = { config, io, roles: wanted, traffic: [], databases: [], background: new Set() };
  try {
    for (const risk of listRisks(config)) io.log({ level: "warn", event: "risk", message: risk });
    requireSharedDatabase(starting);
    const http = wanted.api ? await openHttp(starting) : undefined;
    const stores = await openStores(starting, http?.url);
    const worker = wanted.indexer ? await startWorker(starting, stores) : undefined;
    if (http) serveApi(starting, stores, { http, onEnqueue: () => worker?.wake() });
    // Last of all that can fail: a token that was made and not shown would be lost.
    const adminToken = await prepareToken(starting, stores);
    announce(starting, http, adminToken);
    return { url: http?.url ?? "", close: () => closeAll(starting) };
  } catch (error) {
    await closeAll(starting);
    throw error;
  }
}

/** The first admin's token is shown by whoever migrates; the one of the environment counts wherever the API runs. */
async function prepareToken({ config, roles: { api, migrate } }: Starting, { database }: Stores) {
  if (!migrate && !(api && config.adminToken !== undefined)) return undefined;
  return prepareAdminToken(database.db, config.adminToken);
}

function requireSharedDatabase({ config, roles: { api, indexer } }: Starting): void {
  if (config.databaseUrl !== undefined || (api && indexer)) return;
  throw new PaksError(
    "INVALID_PARAMETER",
    "The embedded database admits one process; roles of their own need DATABASE_URL.",
    {
      hint: "Run `paks-registry all`, or set DATABASE_URL.",
    },
  );
}

async function openHttp({ config, traffic, background }: Starting): Promise<HttpServer> {
  const http = await openHttpServer(config);
  traffic.push(async () => {
    await http.close();
    await Promise.all(background);
  });
  return http;
}

interface Stores {
  readonly database: Database;
  readonly objects: Objects;
}

async function openStores(starting: Starting, url: string | undefined): Promise<Stores> {
  const { config, io } = starting;
  await mkdir(config.dataDir, { recursive: true, mode: 0o700 });
  const database = await openDb(starting, statementTimeouts.api, url);
  if (starting.roles.migrate) {
    const { applied } = await migrate(database.db);
    if (applied.length > 0) io.log({ event: "migrated", applied });
  } else await requireMigrated(database.db);
  return { database, objects: await openDirectoryObjects(join(config.dataDir, "objects")) };
}

async function openDb(
  { config, io, databases }: Starting,
  statementTimeoutMilliseconds: number,
  publicUrl?: string,
): Promise<Database> {
  const target = config.databaseUrl === undefined ? { dataDir: config.dataDir } : { url: config.databaseUrl };
  const database = await openDatabase(target, {
    publicUrl,
    statementTimeoutMilliseconds,
    onError: (error) => io.log({ level: "warn", event: "database-connection-lost", error }),
  });
  databases.push(() => database.close());
  return database;
}

function serveApi(
  { config, io, background }: Starting,
  { database, objects }: Stores,
  { http, onEnqueue }: { http: HttpServer; onEnqueue: () => void },
): void {
  const app = createApp({
    db: database.db,
    objects,
    publicUrl: config.publicUrl ?? http.url,
    gitPolicy: config.gitPolicy,
    limits: defaultLimits,
    version: registryVersion,
    log: io.log,
    rateLimits: config.rateLimits,
    trustedProxies: config.trustedProxies,
    onEnqueue,
    onBackground: (task) => {
      background.add(task);
      void task.finally(() => background.delete(task));
    },
  });
  http.serve((request, env) => app.fetch(request, env));
}

async function startWorker(starting: Starting, { database, objects }: Stores): Promise<RunningWorker> {
  const { config, io, traffic } = starting;
  const scratchRoot = join(config.dataDir, "scratch");
  await mkdir(scratchRoot, { recursive: true, mode: 0o700 });
  io.log({ event: "git", version: await gitVersion(config.machine) });
  // The embedded database has one connection for everybody.
  const own = database.kind === "embedded" ? database : await openDb(starting, statementTimeouts.indexer);
  const cage: GitCage = { policy: config.gitPolicy, limits: defaultLimits, scratchRoot, machine: config.machine };
  const fault = config.fault && makeFault(config.fault);
  // Whoever held a lease on it is dead: the embedded database admits one process.
  if (database.kind === "embedded") await expireLeases(database.db);
  const deps = { db: own.db, objects, cage, log: io.log, ...(fault ? { fault } : {}) };
  const worker = runWorker(deps, { leaseSeconds: config.leaseSeconds });
  const housekeeping = startHousekeeping(own.db, { log: io.log });
  traffic.push(
    () => worker.stop(),
    () => housekeeping.stop(),
  );
  return worker;
}

function announce(
  { config, io, roles: { indexer } }: Starting,
  http: HttpServer | undefined,
  adminToken: string | undefined,
): void {
  const url = http && (config.publicUrl ?? http.url);
  io.log({ event: "started", version: registryVersion, url: url ?? null, listens: http?.url ?? null, indexer });
  if (url !== undefined) io.print(`paks registry ${registryVersion} at ${url}`);
  if (adminToken === undefined) return;
  io.print(`Admin token, shown this once: ${adminToken}`);
  io.print("Next: PAKS_ADMIN_TOKEN=<the token> paks-registry admin accounts add <name>");
}
