import { randomBytes } from "node:crypto";
import { lstatSync, readdirSync, renameSync, rmSync } from "node:fs";
import { dirname, join } from "node:path";
import { removeFileSync } from "@paks/locks";
import { isPaksError, systemErrorCode } from "@paks/schema";
import { inOrder } from "../in-order.ts";
import { makeFolder } from "../make-folder.ts";
import { rootOfSkillsFolder } from "../workspace/open-workspace.ts";
import { writeNewFile } from "../write-file.ts";
import { bookkeeping } from "./record.ts";

/** Two folders of paks' own: for a command's work, and for what is kept. */
interface AsidePlace {
  readonly base: string;
  readonly work: string;
  readonly backups: string;
}

/**
 * Where what is put aside can lie, the best place first. Some tools take every SKILL.md below a skills folder for a
 * skill, folders with a dot included; `.agents` itself is read by none. Beside a folder of `--dir` may be anything.
 */
export function listAsidePlaces(skillsFolder: string): readonly AsidePlace[] {
  const { base, work, backups } = bookkeeping(skillsFolder);
  const inside = { base, work, backups };
  if (rootOfSkillsFolder(skillsFolder) === undefined) return [inside];
  const beside = join(dirname(skillsFolder), ".paks");
  return [{ base: beside, work: join(beside, "work"), backups: join(beside, "backups") }, inside];
}

export interface WorkFolder {
  readonly path: string;
  /** Where what is to be kept is renamed to. */
  readonly backups: string;
  /** Folders that had to be made, to be synced with what is put here. */
  readonly made: readonly string[];
  close(): void;
}

/** The places in a work folder for the pak with this number. */
export const placesIn = ({ path }: Pick<WorkFolder, "path">, index: number) => ({
  /** Files are written here first, then renamed into place. */
  fresh: join(path, `new-${index}`),
  aside: join(path, `old-${index}`),
  undone: join(path, `undone-${index}`),
});

/**
 * A temporary folder from which a rename into the skills folder is one step. It is made in the skills folder and renamed
 * to where no tool looks: where that works, renames work, whatever is mounted or linked there; else it stays.
 */
export function openWorkFolder(skillsFolder: string): WorkFolder {
  const name = randomBytes(8).toString("hex");
  const [best, inside = best] = listAsidePlaces(skillsFolder);
  const first = join(inside!.work, name);
  // Not through the thread pool: the way there and back takes longer than making or deleting a small file.
  makeFolder(first);
  const moved = best === inside ? undefined : moveTo(first, best!, name);
  const path = moved?.path ?? first;
  const close = () => rmSync(path, { recursive: true, force: true });
  return { path, backups: (moved === undefined ? inside! : best!).backups, made: moved?.made ?? [], close };
}

function moveTo(from: string, { base, work }: AsidePlace, name: string) {
  try {
    const made = makeFolder(work) === undefined ? [] : [base, dirname(base)];
    const path = join(work, name);
    renameSync(from, path);
    return { path, made };
  } catch (error) {
    if (isPaksError(error, "READ_ONLY_TARGET") || elsewhere.has(systemErrorCode(error) ?? "")) return undefined;
    rmSync(from, { recursive: true, force: true });
    throw error;
  }
}

/** Another file system, or a place where only the skills folder may be written. */
const elsewhere = new Set(["EXDEV", "EACCES", "EPERM", "EROFS", "ENOTDIR", "EEXIST"]);

/** Where what is to be kept can be renamed to. */
export function findBackups(skillsFolder: string): string {
  const work = openWorkFolder(skillsFolder);
  work.close();
  return work.backups;
}

/** Nobody wants what is kept in a commit of the project. */
export function makeBackupsFolder(backups: string): void {
  makeFolder(backups);
  const path = join(backups, ignoreFile);
  if (lstatSync(path, { throwIfNoEntry: false }) === undefined) writeNewFile(path, "*\n", 0o644);
}

export const ignoreFile = ".gitignore";

/**
 * Takes what is kept in the skills folder out of the tools' sight: what older versions put there is moved to the better
 * place, and where there is none its manifests get another name. Answers where it was moved to.
 */
export function settleBackups(skillsFolder: string): string | undefined {
  const { backups: inside } = bookkeeping(skillsFolder);
  const names = listNames(inside).filter((name) => name !== ignoreFile);
  if (names.length === 0) return undefined;
  const backups = rootOfSkillsFolder(skillsFolder) === undefined ? inside : findBackups(skillsFolder);
  if (backups === inside) {
    for (const name of names) hideManifests(join(inside, name));
    return undefined;
  }
  makeBackupsFolder(backups);
  for (const name of names) renameSync(join(inside, name), freeName(join(backups, name)));
  removeFileSync(join(inside, ignoreFile));
  return backups;
}

/** A tool knows a skill by the name of this file; links are not followed. */
function hideManifests(path: string): void {
  if (lstatSync(path, { throwIfNoEntry: false })?.isDirectory() !== true) return;
  for (const entry of inOrder(readdirSync(path, { withFileTypes: true }))) {
    const full = join(path, entry.name);
    if (entry.isDirectory()) hideManifests(full);
    else if (entry.name.toLowerCase() === "skill.md") renameSync(full, freeName(`${full}.kept`));
  }
}

function freeName(path: string): string {
  let free = path;
  for (let count = 2; lstatSync(free, { throwIfNoEntry: false }) !== undefined; count += 1) free = `${path}-${count}`;
  return free;
}

/** Nothing where there is no such folder. */
export function listNames(folder: string): string[] {
  try {
    // By name, which Node does by itself and Bun 1.4 does not.
    return readdirSync(folder).toSorted();
  } catch (error) {
    if (systemErrorCode(error) === "ENOENT") return [];
    throw error;
  }
}
