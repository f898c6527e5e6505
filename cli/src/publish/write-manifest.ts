import { randomBytes } from "node:crypto";
import { chmod, readFile, rename, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { removeFile } from "@paks/locks";
import { fileSystemError, PaksError, systemErrorCode } from "@paks/schema";
import type { ReleasePlan } from "./release-plan.ts";

/**
 * Replaces the manifest in one step, its mode kept. The draft lies in git's folder, where a process that dies in
 * between leaves nothing for `git status` to show.
 * @throws PaksError WORKTREE_CHANGED when the file is not what the plan has seen; DISK_FULL, READ_ONLY_TARGET
 */
export async function replaceManifest(plan: ReleasePlan, bytes: Buffer): Promise<void> {
  const edit = plan.edit!;
  const path = join(plan.tree.dir, edit.file);
  const expected = bytes.equals(edit.workTree.after) ? edit.workTree.before : edit.workTree.after;
  if (!(await readFile(path)).equals(expected)) {
    throw new PaksError("WORKTREE_CHANGED", `${edit.file} was changed while it was being published.`, {
      hint: "Run the same command again when nobody else writes to it.",
      details: { path: edit.file },
    });
  }
  const draft = join(plan.place.gitDir, `paks-${randomBytes(6).toString("hex")}`);
  try {
    await writeFile(draft, bytes, { flag: "wx" });
    await chmod(draft, (await stat(path)).mode & 0o777);
    await moveOnto(draft, path, bytes);
  } catch (error) {
    throw fileSystemError(error, path) ?? error;
  } finally {
    await removeFile(draft);
  }
}

/** A linked work tree may lie on another disk than git's folder: no rename leads there. */
async function moveOnto(draft: string, path: string, bytes: Buffer): Promise<void> {
  try {
    await rename(draft, path);
  } catch (error) {
    if (systemErrorCode(error) !== "EXDEV") throw error;
    await writeFile(path, bytes);
  }
}
