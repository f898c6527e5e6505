import { setTimeout as delay } from "node:timers/promises";

/** Rejects with the signal's own reason, so that Ctrl-C stays Ctrl-C. */
export async function wait(milliseconds: number, signal: AbortSignal): Promise<void> {
  try {
    await delay(milliseconds, undefined, { signal });
  } catch (error) {
    signal.throwIfAborted();
    throw error;
  }
}
