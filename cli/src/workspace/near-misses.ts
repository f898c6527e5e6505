import { findNearKey } from "@paks/schema";

/**
 * Keys of a workspace's file that do nothing and are nearly ones that are there as well: where they are not, the file is
 * refused. Any other key may be another program's.
 * @returns one sentence each
 */
export function describeNearMisses(unknown: readonly string[]): string[] {
  return unknown.flatMap((key) => {
    const found = findNearKey(key);
    return found === undefined ? [] : `${JSON.stringify(key)} is not a key that paks reads. Did you mean "${found}"?`;
  });
}
