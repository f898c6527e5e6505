import { PaksError } from "./errors.ts";

// The last is what the `rm` of Bun 1.4 says of every code that it does not name, where it removes a whole folder: a full disk
// is the one that happens.
const full = new Set(["ENOSPC", "EDQUOT", "EFBIG", "EFAULT"]);
const readOnly = new Set(["EROFS", "EACCES", "EPERM"]);

/** The code of one of Node's system errors, e.g. `ENOENT`. */
export const systemErrorCode = (error: unknown): string | undefined =>
  error instanceof Error && "code" in error && typeof error.code === "string" ? error.code : undefined;

/** There is nothing at the path, or a file where one of its folders should be. */
export const isMissing = (error: unknown): boolean => ["ENOENT", "ENOTDIR"].includes(systemErrorCode(error) ?? "");

/** No more files can be open: of this process, or of all together. */
export const isOutOfHandles = (error: unknown): boolean => ["EMFILE", "ENFILE"].includes(systemErrorCode(error) ?? "");

/** What the system says that it was asked about. Of a link it says first what that was to lead to: its place is meant. */
export function systemErrorPath(error: unknown): string | undefined {
  if (!(error instanceof Error)) return undefined;
  if ("syscall" in error && error.syscall === "symlink" && "dest" in error && typeof error.dest === "string")
    return error.dest;
  return "path" in error && typeof error.path === "string" ? error.path : undefined;
}

/** What the system was asked to do when it only looked. It says `open` of reading and of writing. */
const looking = new Set(["access", "lstat", "opendir", "read", "readlink", "realpath", "scandir", "stat"]);

const isLooking = (error: Error): boolean =>
  "syscall" in error && typeof error.syscall === "string" && looking.has(error.syscall);

/** For callers that were reading; `undefined` for what is no matter of who may read. */
export function unreadableError(error: unknown, path: string): PaksError | undefined {
  const code = systemErrorCode(error);
  if (code === undefined || !readOnly.has(code)) return undefined;
  return new PaksError("READ_ONLY_TARGET", `${path} cannot be read (${code}).`, {
    cause: error,
    details: { path, system: code },
    hint: "Check who owns it and who may read it, and the folders above it too.",
  });
}

/**
 * The failure that a user can do something about: DISK_FULL or READ_ONLY_TARGET naming the place. Undefined for
 * every other error, which the caller throws on as it is.
 */
export function fileSystemError(error: unknown, path: string): PaksError | undefined {
  const code = systemErrorCode(error);
  if (code === undefined) return undefined;
  const options = { cause: error, details: { path, system: code } };
  if (full.has(code))
    return new PaksError("DISK_FULL", `There is no space left to write ${path}.`, {
      ...options,
      hint: "Free some space and run the same command again; nothing was changed.",
    });
  // The place that could not be looked at says more than the one that the work is about.
  if (isLooking(error as Error)) {
    const unreadable = unreadableError(error, systemErrorPath(error) ?? path);
    if (unreadable !== undefined) return unreadable;
  }
  if (readOnly.has(code))
    return new PaksError("READ_ONLY_TARGET", `${path} cannot be written (${code}).`, {
      ...options,
      hint: "Check who owns the folder and whether it is read-only.",
    });
  if (isOutOfHandles(error))
    return new PaksError("READ_ONLY_TARGET", `${path} cannot be opened: too many files are open at once (${code}).`, {
      ...options,
      hint:
        code === "EMFILE"
          ? "Allow a process more of them (see `ulimit -n`), and run the same command again."
          : "End programs that hold many of them, and run the same command again.",
    });
  if (code === "EIO")
    return new PaksError("READ_ONLY_TARGET", `The disk failed at ${path} (EIO).`, {
      ...options,
      hint: "Look at the disk, or at the connection to it, before you run the same command again.",
    });
  return undefined;
}
