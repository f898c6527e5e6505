import type { Log } from "./log.ts";
import type { RunningRegistry } from "./registry.ts";

/** Longer than the worker's own 20 s: only what hangs altogether meets this. */
const drainMilliseconds = 25_000;

/** Waits for SIGTERM or SIGINT, then drains. A second signal ends at once. Returns the exit code. */
export async function runUntilSignal(registry: RunningRegistry, log: Log): Promise<number> {
  const signal = await new Promise<NodeJS.Signals>((resolve) => {
    for (const name of ["SIGTERM", "SIGINT"] as const) process.once(name, () => resolve(name));
  });
  log({ event: "draining", signal });
  process.once("SIGINT", () => process.exit(130));
  const overdue = setTimeout(() => {
    log({ level: "error", event: "drain-overdue" });
    process.exit(1);
  }, drainMilliseconds);
  await registry.close();
  clearTimeout(overdue);
  log({ event: "stopped" });
  return 0;
}

/** A fault nobody caught leaves the process in an unknown state: say it, end, let the supervisor start afresh. */
export function endOnFaults(log: Log): void {
  for (const event of ["uncaughtException", "unhandledRejection"] as const) {
    process.on(event, (error: unknown) => {
      log({ level: "error", event, error: error instanceof Error ? error : new Error(String(error)) });
      process.exit(1);
    });
  }
}
