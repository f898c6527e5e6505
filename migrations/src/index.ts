import { createHash } from "node:crypto";
import { readdirSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";

export interface Migration {
  /** The file's number; migrations are applied in its order. */
  readonly version: number;
  /** The file's name without number and ending. */
  readonly name: string;
  readonly sql: string;
  /** Lower-case hex SHA-256 of the text with LF line ends, so that a Windows checkout has the same one. */
  readonly checksum: string;
}

const filePattern = /^(\d{4})_([a-z0-9_]+)\.sql$/;

// In a bundle the build copies the files beside the executable (or one folder up from its chunks);
// in the source they lie above `src`.
const folders = ["./migrations/", "../migrations/", "../"];

/** All migrations in order. Throws when the files are missing, or numbered with a gap or twice. */
export function listMigrations(): Migration[] {
  const found = folders
    .map((folder) => readMigrations(new URL(folder, import.meta.url)))
    .find((list) => list.length > 0);
  if (!found) throw new Error(`No migration files were found near ${fileURLToPath(import.meta.url)}.`);
  found.forEach((migration, index) => {
    if (migration.version !== index + 1) throw new Error(`Migration ${index + 1} is missing or there twice.`);
  });
  return found;
}

function readMigrations(folder: URL): Migration[] {
  return listFolder(folder)
    .toSorted()
    .flatMap((file) => {
      const match = filePattern.exec(file);
      if (!match?.[1] || !match[2]) return [];
      const sql = readFileSync(new URL(file, folder), "utf8").replaceAll("\r\n", "\n");
      const checksum = createHash("sha256").update(sql).digest("hex");
      return [{ version: Number(match[1]), name: match[2], sql, checksum }];
    });
}

function listFolder(folder: URL): string[] {
  try {
    return readdirSync(folder);
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "ENOENT") return [];
    throw error;
  }
}
