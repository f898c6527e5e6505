/**
 * Does `work` for every item, at most `most` at a time, in the order of the items. When one fails no further one is
 * begun, those under way are waited for, and of what failed the first in the order of the items is thrown: all before
 * it were begun, so that the same failure is told however fast each of them is.
 */
export async function eachAtOnce<T, R>(
  items: readonly T[],
  most: number,
  work: (item: T, index: number) => Promise<R>,
): Promise<R[]> {
  const results: R[] = [];
  const failures: { readonly index: number; readonly error: unknown }[] = [];
  let next = 0;
  const worker = async (): Promise<void> => {
    while (next < items.length && failures.length === 0) {
      const index = next++;
      try {
        results[index] = await work(items[index]!, index);
      } catch (error) {
        failures.push({ index, error });
      }
    }
  };
  await Promise.all(Array.from({ length: Math.min(most, items.length) }, worker));
  const [first] = failures.sort((a, b) => a.index - b.index);
  if (first !== undefined) throw first.error;
  return results;
}
