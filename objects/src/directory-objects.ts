import { randomBytes } from "node:crypto";
import { mkdir, open, readFile, rename, rm, stat } from "node:fs/promises";
import { join } from "node:path";
import { PaksError, fileSystemError, sha256Hex, systemErrorCode } from "@paks/schema";
import type { Objects } from "./objects.ts";

const hex = /^[0-9a-f]{64}$/;

/**
 * Objects in a directory, as `ab/cdef…`. Two processes may put the same object at once: both write the same bytes and
 * the rename of either is whole.
 */
export async function openDirectoryObjects(directory: string): Promise<Objects> {
  await explain(directory, () => mkdir(directory, { recursive: true }));
  const pathOf = (sha256: string): string => {
    if (!hex.test(sha256)) throw new PaksError("INTERNAL", "An object's name is not a SHA-256.");
    return join(directory, sha256.slice(0, 2), sha256.slice(2));
  };
  const has = (sha256: string): Promise<boolean> => isThere(pathOf(sha256));

  return {
    put: async (bytes) => {
      const sha256 = sha256Hex(bytes);
      if (!(await has(sha256))) await explain(directory, () => write(pathOf(sha256), bytes));
      return { sha256, bytes: bytes.length };
    },
    get: async (sha256) => {
      const bytes = await readIfThere(pathOf(sha256));
      if (bytes === undefined || sha256Hex(bytes) === sha256) return bytes;
      throw new PaksError("INTEGRITY_MISMATCH", `The stored object ${sha256} is damaged.`, {
        hint: "Delete it and index its release again; the tag in the repository has the same bytes.",
        details: { sha256 },
      });
    },
    has,
    check: () => explain(directory, () => checkWritable(directory)),
  };
}

async function write(path: string, bytes: Uint8Array): Promise<void> {
  const folder = join(path, "..");
  await mkdir(folder, { recursive: true });
  const draft = join(folder, `.${randomBytes(8).toString("hex")}.new`);
  try {
    await writeSynced(draft, bytes);
    await rename(draft, path);
    await syncFolder(folder);
  } catch (error) {
    await rm(draft, { force: true });
    throw error;
  }
}

async function writeSynced(path: string, bytes: Uint8Array): Promise<void> {
  const handle = await open(path, "wx", 0o644);
  try {
    await handle.writeFile(bytes);
    await handle.sync();
  } finally {
    await handle.close();
  }
}

/** A rename survives a power cut only when its folder was synced too; folders cannot be opened on Windows. */
async function syncFolder(path: string): Promise<void> {
  if (process.platform === "win32") return;
  const handle = await open(path, "r");
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

async function checkWritable(directory: string): Promise<void> {
  const probe = join(directory, `.${randomBytes(8).toString("hex")}.probe`);
  await writeSynced(probe, Buffer.from("probe"));
  await rm(probe);
}

async function isThere(path: string): Promise<boolean> {
  try {
    return (await stat(path)).isFile();
  } catch (error) {
    if (systemErrorCode(error) === "ENOENT") return false;
    throw error;
  }
}

async function readIfThere(path: string): Promise<Uint8Array | undefined> {
  try {
    return await readFile(path);
  } catch (error) {
    if (systemErrorCode(error) === "ENOENT") return undefined;
    throw error;
  }
}

async function explain<T>(path: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    throw fileSystemError(error, path) ?? error;
  }
}
