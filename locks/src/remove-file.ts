import { rmSync, unlinkSync } from "node:fs";
import { rm, unlink } from "node:fs/promises";
import { systemErrorCode } from "@paks/schema";

/**
 * A file or a link is gone; so it is when there was none.
 * @throws the system's error
 */
export async function removeFile(path: string): Promise<void> {
  try {
    await rm(path, { force: true });
  } catch (error) {
    if (!isUnnamed(error)) throw error;
    await unlink(path);
  }
}

export function removeFileSync(path: string): void {
  try {
    rmSync(path, { force: true });
  } catch (error) {
    if (!isUnnamed(error)) throw error;
    unlinkSync(path);
  }
}

/** Bun 1.4 says so of a file that is not to be removed (EPERM), a full disk, a broken one and a path through a file. */
const isUnnamed = (error: unknown): boolean => systemErrorCode(error) === "EFAULT";
