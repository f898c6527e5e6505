import { readdir, rmdir } from "node:fs/promises";
import { basename, dirname, join, relative, resolve, sep } from "node:path";
import { removeFile } from "@paks/locks";
import { isPaksError, systemErrorCode } from "@paks/schema";
import { replaceUnsynced } from "../write-file.ts";
import { ignoreFile, listAsidePlaces, listNames } from "./aside.ts";
import { readOwnFile } from "./read-own-file.ts";
import { bookkeeping } from "./record.ts";
import { type LinkPlaces, isAccount, listLinkFolders } from "./own-links.ts";
import { isInside } from "./require-inside.ts";

/** Not `.json`: it is no record. */
const listFile = (skillsFolder: string): string => join(bookkeeping(skillsFolder).base, "made");
const mostFolders = 1000;

/**
 * Remembers folders that paks had to make, so that it can take them away when they are empty again; those that were
 * there before are never touched. The caller holds the folder's lock.
 * @param first what `mkdir` answers: the uppermost folder that was made; `undefined`: none
 * @param last the lowest one
 */
export async function rememberMade(skillsFolder: string, first: string | undefined, last: string): Promise<void> {
  if (first === undefined) return;
  const made = [last];
  for (let path = last; path !== first && dirname(path) !== path; path = dirname(path)) made.push(dirname(path));
  const before = await readMade(skillsFolder);
  const all = [...new Set([...before, ...made.map((path) => relative(skillsFolder, path).split(sep).join("/"))])];
  if (all.length > before.length && all.length <= mostFolders) writeMade(skillsFolder, all);
}

/** Nothing waits for the disk: what a power cut takes away are folders that stay. */
const writeMade = (skillsFolder: string, paths: readonly string[]): void =>
  replaceUnsynced({ path: listFile(skillsFolder), bytes: `${JSON.stringify(paths.toSorted(), null, 2)}\n` });

/** Relative to the skills folder; "" is itself. What cannot be read counts as nothing: folders stay then. */
async function readMade(skillsFolder: string): Promise<string[]> {
  try {
    const value: unknown = JSON.parse((await readOwnFile(listFile(skillsFolder))) ?? "[]");
    return Array.isArray(value) ? value.filter((one) => typeof one === "string").slice(0, mostFolders) : [];
  } catch (error) {
    if (error instanceof SyntaxError || isPaksError(error, "INTEGRITY_MISMATCH")) return [];
    throw error;
  }
}

export interface Emptied {
  readonly skillsFolder: string;
  /** The project or home that agents' folders are in, absolute. */
  readonly root: string;
  readonly cwd: string;
  readonly places?: LinkPlaces | undefined;
}

/**
 * Removes folders that paks made and that are empty. When nothing is installed any more and no backup is kept, the
 * bookkeeping goes as well; answers the folders to remove when the lock, which lies in it, is let go.
 * The caller holds the lock.
 */
export async function removeEmptyFolders({ skillsFolder, root, cwd, places }: Emptied): Promise<readonly string[]> {
  const made = (await readMade(skillsFolder)).map((path) => resolve(skillsFolder, path));
  const own: string[] = [];
  for (const path of made) if (await isOurs(path, { skillsFolder, root, cwd, places })) own.push(path);
  const deepestFirst = own.toSorted((a, b) => b.length - a.length);
  const above = (path: string) => skillsFolder === path || skillsFolder.startsWith(path + sep);
  for (const path of deepestFirst.filter((one) => !above(one))) await removeIfEmpty(path);
  await removeAsidePlaces(skillsFolder);
  const { base } = bookkeeping(skillsFolder);
  const left = (await readdir(base)).filter((name) => name !== "made" && name !== "lock" && !name.startsWith("lock."));
  if (left.length > 0) return [];
  await removeFile(listFile(skillsFolder));
  return [base, ...deepestFirst.filter(above)];
}

async function removeAsidePlaces(skillsFolder: string): Promise<void> {
  for (const { base, work, backups } of listAsidePlaces(skillsFolder)) {
    if (listNames(backups).every((name) => name === ignoreFile)) await removeFile(join(backups, ignoreFile));
    for (const path of [work, backups]) await removeIfEmpty(path);
    if (base !== bookkeeping(skillsFolder).base) await removeIfEmpty(base);
  }
}

/** Whoever waits for the lock keeps the bookkeeping where it is. */
export async function removeFolders(paths: readonly string[]): Promise<void> {
  for (const path of paths) if (!(await removeIfEmpty(path))) return;
}

/**
 * The list may have come with a stranger's project: only folders that links need, nothing outside the project, nor what
 * the command stands in. Git, for one, takes a `.git` without its empty folders for none.
 */
async function isOurs(path: string, { skillsFolder, root, cwd, places }: Emptied): Promise<boolean> {
  if (path === root || cwd === path || cwd.startsWith(path + sep)) return false;
  if (skillsFolder === path || skillsFolder.startsWith(path + sep)) return !root.startsWith(path + sep);
  if (!path.startsWith(root + sep) || !(await isInside(dirname(path), root))) return false;
  return listLinkFolders(skillsFolder, places).some(
    ({ folder, layout }) =>
      folder === path ||
      folder.startsWith(path + sep) ||
      (layout === "account/name" && dirname(path) === folder && isAccount(basename(path))),
  );
}

/** A link to a folder is no folder. */
async function removeIfEmpty(path: string): Promise<boolean> {
  try {
    await rmdir(path);
    return true;
  } catch (error) {
    const code = systemErrorCode(error);
    if (code === undefined || !staying.has(code)) throw error;
    return code === "ENOENT";
  }
}

const staying = new Set([
  ...["ENOENT", "ENOTEMPTY", "EEXIST", "ENOTDIR", "ELOOP"],
  ...["EPERM", "EACCES", "EBUSY", "EROFS", "EINVAL"],
]);
