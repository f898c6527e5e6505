import { accessSync, constants, statSync } from "node:fs";
import { dirname, isAbsolute } from "node:path";
import { PaksError, fileSystemError, systemErrorCode, systemErrorPath } from "@paks/schema";

/**
 * What an error of the file system means that nobody has explained: what stands at the place, or on the way to it, is
 * the user's or a project's doing, and no fault of paks. `undefined` for every other error.
 */
export function describeSystemError(error: unknown): PaksError | undefined {
  const code = systemErrorCode(error);
  const path = systemErrorPath(error);
  if (code === undefined) return undefined;
  if (path === undefined || !isAbsolute(path)) return fileSystemError(error, path ?? "a file");
  if (isRefusedOpening(error) && kindAt(path) !== undefined) return unopened(error, { code, path });
  const known = fileSystemError(error, findUnwritable(error, path) ?? path);
  if (known !== undefined) return known;
  const inTheWay = findInTheWay(path);
  if (inTheWay === undefined && code === "ENOENT") return gone(error, path);
  const told = inTheWay ?? { place: path, what: `${path} cannot be used (${code}).` };
  return new PaksError("UNSAFE_TARGET", told.what, {
    hint: "Look at what it is, and move it away.",
    details: { path: told.place, system: code },
    cause: error,
  });
}

/** Runs work whose errors of the file system are told by the place that refused. */
export async function tellingPlaces<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    throw error instanceof PaksError ? error : (describeSystemError(error) ?? error);
  }
}

/** The system does not say whether it was to be read or written. */
const isRefusedOpening = (error: unknown): boolean =>
  ["EACCES", "EPERM"].includes(systemErrorCode(error) ?? "") &&
  error instanceof Error &&
  "syscall" in error &&
  error.syscall === "open";

const unopened = (cause: unknown, { code, path }: { readonly code: string; readonly path: string }): PaksError =>
  new PaksError("READ_ONLY_TARGET", `${path} cannot be opened (${code}).`, {
    hint: "Check who owns it, and whether you may read it and write to it.",
    details: { path, system: code },
    cause,
  });

const gone = (cause: unknown, path: string): PaksError =>
  new PaksError("UNSAFE_TARGET", `${path} is not there any more.`, {
    hint: "Another program seems to have taken it away meanwhile; run the same command again.",
    details: { path, system: "ENOENT" },
    cause,
  });

/** Files are made, moved and deleted by who may write to their folders; a folder that is moved changes itself, too. */
function findUnwritable(error: unknown, path: string): string | undefined {
  const to = error instanceof Error && "dest" in error && typeof error.dest === "string" ? [dirname(error.dest)] : [];
  return [dirname(path), path, ...to].find((one) => kindAt(one) === "a folder" && !isWritable(one));
}

function isWritable(path: string): boolean {
  try {
    accessSync(path, constants.W_OK);
    return true;
  } catch (error) {
    if (systemErrorCode(error) === undefined) throw error;
    return false;
  }
}

/** The uppermost place on the way that is no folder; of the path itself, a folder or a link in a circle. */
function findInTheWay(path: string): { readonly place: string; readonly what: string } | undefined {
  const above: string[] = [];
  for (let one = dirname(path); dirname(one) !== one; one = dirname(one)) above.unshift(one);
  for (const place of above) {
    const kind = kindAt(place);
    if (kind === undefined) return undefined;
    if (kind !== "a folder") return { place, what: `${place} is ${kind}, and paks needs a folder there.` };
  }
  const kind = kindAt(path);
  return kind === undefined ? undefined : { place: path, what: `${path} is ${kind}, and paks cannot use it there.` };
}

/** `undefined`: nothing that can be seen. */
function kindAt(path: string): string | undefined {
  try {
    const facts = statSync(path);
    if (facts.isDirectory()) return "a folder";
    return facts.isFile() ? "a file" : "a pipe or a device";
  } catch (error) {
    if (systemErrorCode(error) === "ELOOP") return "a link that leads nowhere";
    if (systemErrorCode(error) === undefined) throw error;
    return undefined;
  }
}
