import { PaksError } from "@paks/schema";

/** Nobody changes a project this often. */
const mostPlans = 50;

/**
 * What another command changes between plan and deed is planned again.
 * @param what begins the error's sentence
 * @param attempt `undefined`: the place is no longer the one that was planned for
 * @throws PaksError LOCK_BUSY
 */
export async function untilUnchanged<T>(what: string, attempt: () => Promise<T | undefined>): Promise<T> {
  for (let tries = 0; tries < mostPlans; tries += 1) {
    const done = await attempt();
    if (done !== undefined) return done;
  }
  throw new PaksError("LOCK_BUSY", `${what} is being changed all the time.`, {
    hint: "Run the same command again when the other one has ended.",
  });
}
