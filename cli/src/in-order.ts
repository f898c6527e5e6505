/**
 * A folder's entries by name, as Node lists them on every system. Bun 1.4 lists them as they happen to lie on the disk,
 * and what paks says first, or tries first, would differ from machine to machine.
 */
export const inOrder = <Entry extends { readonly name: string }>(entries: readonly Entry[]): Entry[] =>
  entries.toSorted((a, b) => (a.name < b.name ? -1 : 1));
