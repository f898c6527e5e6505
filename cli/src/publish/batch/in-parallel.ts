/**
 * Runs the work with at most `width` at a time; answers in the order of the work. After the first failure nothing more
 * is begun, and it is thrown when what was begun has ended.
 */
export async function inParallel<T>(work: readonly (() => Promise<T>)[], width: number): Promise<T[]> {
  const results: T[] = [];
  const failures: unknown[] = [];
  const queue = work.entries();
  const run = async (): Promise<void> => {
    for (const [at, each] of queue) {
      try {
        results[at] = await each();
      } catch (error) {
        failures.push(error);
      }
      if (failures.length > 0) return;
    }
  };
  await Promise.all(Array.from({ length: Math.min(width, work.length) }, run));
  if (failures.length > 0) throw failures[0];
  return results;
}
