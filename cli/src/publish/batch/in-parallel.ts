/** Runs the work with at most `width` at a time; answers in the order of the work. The first failure ends it. */
export async function inParallel<T>(work: readonly (() => Promise<T>)[], width: number): Promise<T[]> {
  const results: T[] = [];
  const queue = work.entries();
  const run = async (): Promise<void> => {
    for (const [at, each] of queue) results[at] = await each();
  };
  await Promise.all(Array.from({ length: Math.min(width, work.length) }, run));
  return results;
}
