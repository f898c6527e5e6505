import { PaksError } from "@paks/schema";

const connectionMeaning = "The registry's database cannot be reached.";

/** SQLSTATE (or its class of two characters) and Node's network codes → what to tell people. */
const meanings: Readonly<Record<string, string>> = {
  "08": connectionMeaning,
  "28": "The registry's database refuses the login.",
  "3D000": "The registry's database does not exist.",
  "53100": "The registry's storage is full.",
  "53": "The registry's database has no room for another connection or query.",
  "57014": "The registry's database took too long.",
  "57P": "The registry's database is starting or stopping.",
  "55P03": "The registry's database is busy.",
  "25P03": "The registry's database ended an idle transaction.",
  "25006": "The registry's database is read-only at the moment.",
  "40001": "The registry's database is busy.",
  "40P01": "The registry's database is busy.",
  "58030": "The registry's storage fails.",
  ECONNREFUSED: connectionMeaning,
  ECONNRESET: connectionMeaning,
  EPIPE: connectionMeaning,
  ETIMEDOUT: connectionMeaning,
  ENOTFOUND: connectionMeaning,
  EAI_AGAIN: connectionMeaning,
  EHOSTUNREACH: connectionMeaning,
  ENETUNREACH: connectionMeaning,
  ENOENT: connectionMeaning,
};

// pg has no codes for what it finds out by itself.
const connectionMessages =
  /^(Connection terminated|timeout exceeded when trying to connect|Client has encountered a connection error|Cannot use a pool after calling end|Client was closed and is not queryable)/;

/** The code of a driver's error, also one level down. */
export function sqlState(error: unknown): string | undefined {
  if (!(error instanceof Error)) return undefined;
  if ("code" in error && typeof error.code === "string" && !(error instanceof PaksError)) return error.code;
  return error.cause === undefined ? undefined : sqlState(error.cause);
}

/** `DB_UNAVAILABLE` for what comes from the database's state and not from the query; else undefined. */
export function databaseError(error: unknown): PaksError | undefined {
  if (error instanceof PaksError) return error.code === "DB_UNAVAILABLE" ? error : undefined;
  const message = meaningOf(error);
  if (message === undefined) return undefined;
  return new PaksError("DB_UNAVAILABLE", message, { hint: "Try again in a few seconds.", cause: error });
}

function meaningOf(error: unknown): string | undefined {
  const code = sqlState(error);
  if (code !== undefined) {
    // A file system call has `path`, a socket has not: ENOENT counts only for a Unix socket.
    const known = meanings[code] ?? meanings[code.slice(0, 3)] ?? meanings[code.slice(0, 2)];
    return code === "ENOENT" && !isConnectError(error) ? undefined : known;
  }
  return error instanceof Error && connectionMessages.test(error.message) ? connectionMeaning : undefined;
}

const isConnectError = (error: unknown): boolean =>
  error instanceof Error && "syscall" in error && error.syscall === "connect";
