import { type DestinationStream, destination, pino } from "pino";
import type { ServerConfig } from "./config.ts";

export type LogEvent = Readonly<Record<string, unknown>>;
export type Log = (event: LogEvent) => void;

const maxLength = 1024;
/** A stack with its causes. */
const maxErrorLength = 8 * 1024;
const maxDepth = 4;

const secretKey = /^(?:authorization|token|secret|password|cookie|x-hub-signature(?:-256)?)$/i;

/** Our tokens and webhook secrets wherever they stand, and what a URL carries before its `@`. */
const redactText = (text: string): string =>
  text
    .replaceAll(/\b(paks_|whsec_)[0-9A-Za-z]{8,}/g, "$1[redacted]")
    .replaceAll(/(:\/\/)[^/\s@]*@/g, "$1[redacted]@")
    .replaceAll(/\bBearer +\S+/gi, "Bearer [redacted]");

const cut = (text: string, length: number): string => (text.length <= length ? text : `${text.slice(0, length)}…`);

function clean(key: string, value: unknown, depth: number): unknown {
  if (secretKey.test(key) && value !== null && value !== undefined) return "[redacted]";
  if (value instanceof Error) return clean("error", value.stack ?? value.message, depth);
  if (typeof value === "string") return redactText(cut(value, key === "error" ? maxErrorLength : maxLength));
  if (typeof value !== "object" || value === null || value instanceof Date) return value;
  if (depth >= maxDepth) return "[…]";
  if (Array.isArray(value)) return value.slice(0, 100).map((each) => clean("", each, depth + 1));
  return Object.fromEntries(Object.entries(value).map(([name, each]) => [name, clean(name, each, depth + 1)]));
}

/** What may be written of an event: values cut to 1 KiB, nothing that opens a door. */
export const cleanEvent = (event: LogEvent): LogEvent => clean("", event, 0) as LogEvent;

type Level = "debug" | "info" | "warn" | "error";
const isLevel = (value: unknown): value is Level => ["debug", "info", "warn", "error"].includes(value as string);

function openStderr(): DestinationStream {
  const stream = destination({ fd: 2, sync: true });
  // Whoever read the log has gone away; the registry goes on.
  stream.on("error", () => undefined);
  return stream;
}

/** One JSON object per line on stderr. An event's `level` decides; `info` without one. */
export function openLog(level: ServerConfig["logLevel"], stream: DestinationStream = openStderr()): Log {
  const options = { level, base: null, timestamp: pino.stdTimeFunctions.isoTime };
  const logger = pino({ ...options, formatters: { level: (label) => ({ level: label }) } }, stream);
  return ({ level: wanted, ...event }) => logger[isLevel(wanted) ? wanted : "info"](cleanEvent(event));
}
