import { lstatSync, readlinkSync, realpathSync, statSync } from "node:fs";
import { basename, dirname, isAbsolute, join, relative, resolve, sep } from "node:path";
import { PaksError, systemErrorCode } from "@paks/schema";

const mostLinks = 40;

/** Where a path really leads, also where nothing is yet: a link to a folder that is still to be made is followed. */
export function realPlace(path: string, links = mostLinks): string {
  if (dirname(path) === path) return path;
  // Asked first, because most of the tools' folders are not there, and an error that is thrown takes ten times as long.
  const facts = unlessGone(() => lstatSync(path, { throwIfNoEntry: false }));
  const real = facts === undefined ? undefined : unlessGone(() => realpathSync.native(path));
  if (real !== undefined) return real;
  const here = join(realPlace(dirname(path), links), basename(path));
  const leadsTo = facts?.isSymbolicLink() === true && links > 0 ? unlessGone(() => readlinkSync(here)) : undefined;
  return leadsTo === undefined ? here : realPlace(resolve(dirname(here), leadsTo), links - 1);
}

/** The place of the path itself: when that is a link, it is not followed. */
export const placeItself = (path: string): string => join(realPlace(dirname(path)), basename(path));

/**
 * The same for all paths to one folder: by links, by a bind mount, in upper and lower case where the disk makes no
 * difference.
 */
export function folderIdentity(path: string): string {
  const facts = unlessGone(() => statSync(path, { bigint: true, throwIfNoEntry: false }));
  // Some file systems number nothing.
  return facts === undefined || facts.ino === 0n ? realPlace(path) : `${facts.dev}:${facts.ino}`;
}

export const isSameFolder = (a: string, b: string): boolean => a === b || folderIdentity(a) === folderIdentity(b);

/** Whether no folder between `root` and `path` is a link. */
export const isDirect = (path: string, root: string): boolean =>
  realPlace(path) === join(realPlace(root), relative(root, path));

/** Whether what stands at `path` is `to` and no link to it: they differ only by the links above them. */
export function isItself(path: string, to: string): boolean {
  if (placeItself(path) === placeItself(to)) return true;
  const facts = unlessGone(() => lstatSync(path));
  return facts?.isDirectory() === true && isSameFolder(path, to);
}

/** Whether the link at `path`, or what it would lead to if that were there, is `to`. */
export function leadsTo(path: string, to: string): boolean {
  const value = readlinkSync(path);
  const next = isAbsolute(value) ? resolve(value) : resolve(realPlace(dirname(path)), value);
  return next === to || [next, realPlace(path)].includes(realPlace(to));
}

/**
 * The last guard before something is deleted or moved away for a link: never the installed folder itself, nor what
 * holds it or lies in it.
 * @throws PaksError UNSAFE_TARGET
 */
export function requireApart(path: string, to: string): void {
  const here = placeItself(path);
  const isApart = [placeItself(to), realPlace(to)].every((own) => !isWithin(here, own) && !isWithin(own, here));
  if (isApart && !isItself(path, to)) return;
  throw new PaksError("UNSAFE_TARGET", `${path} and the installed ${to} are one folder, or one holds the other.`, {
    hint: "Look at the links among these folders; nothing was deleted.",
    details: { path, installed: to },
  });
}

const isWithin = (path: string, folder: string): boolean => path === folder || path.startsWith(folder + sep);

function unlessGone<T>(read: () => T): T | undefined {
  try {
    return read();
  } catch (error) {
    if (!nothing.has(systemErrorCode(error) ?? "")) throw error;
    return undefined;
  }
}

/** `EINVAL`: it is no link. */
const nothing = new Set(["ENOENT", "ENOTDIR", "ELOOP", "EINVAL"]);
