import { isPaksError } from "@paks/schema";
import type { Context } from "../context.ts";
import { wait } from "../wait.ts";

/** Milliseconds before the second and the third try. */
const waits = [300, 1000];

/**
 * A question to the git host, asked again when it could not be reached. Only for questions: what changes something is
 * never sent twice. A host that takes its time, or asks for it, is not asked again.
 */
export async function retryHost<T>(
  { signal, debug }: Pick<Context, "signal" | "debug">,
  ask: () => Promise<T>,
): Promise<T> {
  for (const milliseconds of waits) {
    try {
      return await ask();
    } catch (error) {
      if (!isPaksError(error) || error.code !== "GIT_HOST_UNAVAILABLE") throw error;
      debug(`${error.message} Again in ${milliseconds} ms`);
    }
    await wait(milliseconds, signal);
  }
  return await ask();
}
