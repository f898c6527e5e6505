import { basename, resolve } from "node:path";
import { describeFiles } from "@paks/schema";
import { readFetchedManifest } from "./fetched-manifest.ts";
import type { Fetched } from "./fetched.ts";
import { readFolder } from "./read-folder.ts";

/** A folder of this machine, copied as it is. No git runs in it. */
export async function fetchLocalSource(path: string, cwd: string): Promise<Fetched> {
  const folder = resolve(cwd, path);
  const files = await readFolder(folder);
  const { manifest, notes } = readFetchedManifest(files, basename(folder));
  return {
    name: manifest.name,
    account: undefined,
    version: manifest.version ?? null,
    digest: describeFiles(files).digest,
    origin: { type: "local", path: folder },
    files,
    manifest,
    notes,
  };
}
