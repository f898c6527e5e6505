import { setMaxListeners } from "node:events";

export interface TimeLimit {
  /** Aborted with the given signal's reason, or with a `TimeoutError` when the time is over. */
  readonly signal: AbortSignal;
  /** Whether it was the time. */
  isOver(): boolean;
  close(): void;
}

/**
 * Not `AbortSignal.any` with `AbortSignal.timeout`: Node 20 collects what these return as garbage while somebody listens
 * to it, and nobody is told that the time is over. Whoever opens it closes it.
 */
export function openTimeLimit(signal: AbortSignal, milliseconds: number): TimeLimit {
  const end = new AbortController();
  let over = false;
  const stop = () => end.abort(signal.reason);
  const timer = setTimeout(
    () => {
      over = true;
      end.abort(new DOMException("The time is over.", "TimeoutError"));
    },
    Math.max(0, Math.ceil(milliseconds)),
  );
  // Many requests at a time are no leak, of which Node would warn at the eleventh.
  setMaxListeners(0, signal);
  if (signal.aborted) stop();
  else signal.addEventListener("abort", stop, { once: true });
  return {
    signal: end.signal,
    isOver: () => over,
    close: () => {
      clearTimeout(timer);
      signal.removeEventListener("abort", stop);
    },
  };
}
