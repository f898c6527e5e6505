import type { CommandModule } from "yargs";
import type { CommandIo } from "../command-io.ts";

type Role = "all" | "api" | "indexer";

const serveCommand = (
  role: Role,
  describe: string,
  { io, done }: { io: CommandIo; done: (exitCode: number) => void },
): CommandModule => ({
  command: role,
  describe,
  handler: async () => {
    const config = io.readConfig();
    const log = io.openLog(config.logLevel);
    // Loaded here: the operator's commands need neither Hono nor the indexer.
    const [{ roles, startRegistry }, { endOnFaults, runUntilSignal }] = await Promise.all([
      import("../registry.ts"),
      import("../run-until-signal.ts"),
    ]);
    endOnFaults(log);
    done(await runUntilSignal(await startRegistry(config, { print: io.print, log }, roles[role]), log));
  },
});

/** Where the roles run apart, nobody else shows the first admin's token. */
const migratedText = (applied: readonly string[], adminToken: string | undefined): string =>
  [
    applied.length === 0 ? "Up to date." : `Applied: ${applied.join(", ")}`,
    ...(adminToken === undefined ? [] : [`Admin token, shown this once: ${adminToken}`]),
  ].join("\n");

const migrateCommand = (io: CommandIo): CommandModule<object, { json: boolean }> => ({
  command: "migrate",
  describe: "Bring the database's tables up to date, then end",
  handler: async ({ json }) => {
    const config = io.readConfig();
    const [{ migrate, openDatabase }, { prepareAdminToken }] = await Promise.all([
      import("@paks/db"),
      import("../first-token.ts"),
    ]);
    const target = config.databaseUrl === undefined ? { dataDir: config.dataDir } : { url: config.databaseUrl };
    const database = await openDatabase(target, { statementTimeoutMilliseconds: 0 });
    try {
      const { applied } = await migrate(database.db);
      const adminToken = await prepareAdminToken(database.db, config.adminToken);
      io.print(json ? JSON.stringify({ applied, admin_token: adminToken }) : migratedText(applied, adminToken));
    } finally {
      await database.close();
    }
  },
});

/** The roles of the process. `done` is told the exit code when one has been drained. */
export const serveCommands = (io: CommandIo, done: (exitCode: number) => void): CommandModule<object, never>[] =>
  [
    serveCommand("all", "API and indexer in one process, on the embedded database unless DATABASE_URL is set", {
      io,
      done,
    }),
    serveCommand("api", "The API alone; needs DATABASE_URL", { io, done }),
    serveCommand("indexer", "The indexer alone; needs DATABASE_URL", { io, done }),
    migrateCommand(io),
  ] as CommandModule<object, never>[];
