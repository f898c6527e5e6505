import { createHash } from "node:crypto";
import { lstat, mkdir, readdir, readFile, readlink, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";

export type Bytes = string | Uint8Array;

/** Paths below one folder. */
export type Files = Readonly<Record<string, Bytes>>;

export async function writeFiles(folder: string, files: Files): Promise<void> {
  await mkdir(folder, { recursive: true });
  for (const [path, bytes] of Object.entries(files)) {
    await mkdir(dirname(join(folder, path)), { recursive: true });
    await writeFile(join(folder, path), bytes);
  }
}

/** Everything below a folder: mode and, of files, a hash; of links, where they lead. Links are not followed. */
export async function snapshotOf(folder: string): Promise<Record<string, string>> {
  const found: Record<string, string> = {};
  for (const path of (await readdir(folder, { recursive: true })).sort()) {
    const absolute = join(folder, path);
    const facts = await lstat(absolute);
    const mode = (facts.mode & 0o7777).toString(8);
    if (facts.isSymbolicLink()) found[path] = `link ${await readlink(absolute)}`;
    else if (facts.isDirectory()) found[path] = `folder ${mode}`;
    else
      found[path] = `file ${mode} ${createHash("sha256")
        .update(await readFile(absolute))
        .digest("hex")}`;
  }
  return found;
}

/** Names directly in a folder; none when there is no such folder. */
export const listFolder = (folder: string): Promise<string[]> =>
  readdir(folder).catch((error: NodeJS.ErrnoException) => {
    if (error.code === "ENOENT") return [];
    throw error;
  });
