import type { Moved } from "../install/links.ts";
import { safe } from "./safe-text.ts";
import { shortPath } from "./short-path.ts";

/** What was moved out of the way, for programs. */
export const movedData = (moved: readonly Moved[]) => ({
  backups: moved.map(({ to }) => to),
  moved: moved.map(({ from, to }) => ({ from, to })),
});

/** The same for people: one line each. */
export const formatMoved = (moved: readonly Moved[], around: Parameters<typeof shortPath>[1]): string[] =>
  moved.map(
    ({ from, to }) => `  what was at ${safe(shortPath(from, around))} is kept at ${safe(shortPath(to, around))}`,
  );
