/** Loads what an answer will need while the answer is on its way. */
export interface WhileWaiting {
  /** What to load when the next request has been sent; not at all when none is. */
  add(load: () => Promise<unknown>): void;
  /** A request has been sent. */
  begin(): void;
}

export function openWhileWaiting(): WhileWaiting {
  const loads = new Set<() => Promise<unknown>>();
  return {
    add: (load) => void loads.add(load),
    begin: () => {
      for (const load of loads) {
        loads.delete(load);
        // Whoever needs it loads it again, and meets the failure there.
        load().catch(() => undefined);
      }
    },
  };
}
