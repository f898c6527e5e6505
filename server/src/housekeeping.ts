import { deleteExpiredRows, type Db } from "@paks/db";
import type { Log } from "./log.ts";

const hour = 3_600_000;

export interface Housekeeping {
  stop(): Promise<void>;
}

/** Deletes expired rows at once and then every hour. Any number of processes may do it. */
export function startHousekeeping(db: Db, options: { readonly log: Log; readonly every?: number }): Housekeeping {
  let running: Promise<void> = Promise.resolve();
  const clean = () => {
    running = deleteExpiredRows(db).catch((error: unknown) => {
      // The next round does what this one could not.
      options.log({ level: "warn", event: "housekeeping-failed", error });
    });
  };
  clean();
  const timer = setInterval(clean, options.every ?? hour);
  timer.unref();
  return {
    stop: async () => {
      clearInterval(timer);
      await running;
    },
  };
}
