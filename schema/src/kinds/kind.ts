/** What a pak can be. Whatever differs from kind to kind is a row of `kinds/table.ts`. */
export const kinds = ["skill", "pack", "agent", "template"] as const;
export type Kind = (typeof kinds)[number];
