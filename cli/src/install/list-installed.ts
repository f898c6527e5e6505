import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { systemErrorCode } from "@paks/schema";
import { type InstalledState, readInstalledState } from "./installed-state.ts";
import { type InstallRecord, bookkeeping, resolveLinks } from "./record.ts";

export interface InstalledPak {
  readonly record: InstallRecord;
  readonly state: InstalledState["state"];
  /** Absolute. */
  readonly path: string;
  /** Absolute. */
  readonly links: readonly string[];
}

/** What paks installed in a skills folder, by name, with what has become of it. */
export async function listInstalled(skillsFolder: string): Promise<InstalledPak[]> {
  const found: InstalledPak[] = [];
  for (const file of await listRecordFiles(skillsFolder)) {
    const folder = file.slice(0, -".json".length).replace("--", "/");
    const state = await readInstalledState(skillsFolder, folder);
    const { record } = state;
    if (!record) continue;
    const links = resolveLinks(skillsFolder, record);
    found.push({ record, state: state.state, path: join(skillsFolder, folder), links });
  }
  return found;
}

async function listRecordFiles(skillsFolder: string): Promise<string[]> {
  try {
    const names = await readdir(bookkeeping(skillsFolder).base);
    return names.filter((name) => /^[a-z0-9][a-z0-9-]*\.json$/.test(name)).sort();
  } catch (error) {
    if (systemErrorCode(error) === "ENOENT") return [];
    throw error;
  }
}
