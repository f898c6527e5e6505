import { stat } from "node:fs/promises";
import { type Database, migrate, openDatabase } from "@paks/db";
import { isPaksError, PaksError } from "@paks/schema";
import type { ServerConfig } from "../config.ts";
import type { Admin } from "./admin.ts";
import { databaseAdmin } from "./database-admin.ts";
import { httpAdmin } from "./http-admin.ts";

/**
 * In another folder than the registry's, its commands would quietly make a second one.
 * @throws PaksError NOT_FOUND
 */
async function requireFolder(dataDir: string): Promise<void> {
  if (await stat(dataDir).catch(() => undefined)) return;
  throw new PaksError("NOT_FOUND", `There is no registry in ${dataDir}.`, {
    hint: "Run this where the registry runs, or set PAKS_DATA_DIR to its folder; a new registry is made by `paks-registry all`.",
    details: { path: dataDir },
  });
}

/** The embedded database, or the address of the registry that holds it. */
async function openEmbedded(config: ServerConfig): Promise<Database | { url: string }> {
  try {
    return await openDatabase({ dataDir: config.dataDir });
  } catch (error) {
    const url = isPaksError(error, "DB_LOCKED") ? error.details?.["url"] : undefined;
    if (typeof url === "string") return { url };
    throw error;
  }
}

/**
 * Where operators' commands are carried out: the database itself, or, while a registry on this machine holds the
 * embedded one, that registry. @throws PaksError AUTH_REQUIRED when it then has no token
 */
export async function openAdmin(config: ServerConfig, token: string | undefined): Promise<Admin> {
  if (config.databaseUrl !== undefined) return databaseAdmin(config, await openDatabase({ url: config.databaseUrl }));
  await requireFolder(config.dataDir);
  const opened = await openEmbedded(config);
  if ("url" in opened) {
    if (token !== undefined) return httpAdmin(opened.url, token);
    throw new PaksError(
      "AUTH_REQUIRED",
      `A registry runs at ${opened.url} and holds the database; asking it needs an admin token.`,
      {
        hint: "Set PAKS_ADMIN_TOKEN or give --token.",
      },
    );
  }
  // Operators often make the first account before the first start.
  await migrate(opened.db);
  return databaseAdmin(config, opened);
}
