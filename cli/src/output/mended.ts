import type { Installed } from "../install/install.ts";
import { safe } from "./safe-text.ts";
import { shortPath } from "./short-path.ts";

/** As many paths as one reads. */
const mostShown = 3;

/** What was made right beside a folder that was in place. */
export function formatMended({ record, mended = [] }: Installed, around: Parameters<typeof shortPath>[1]): string {
  const shown = mended.slice(0, mostShown).map((path) => safe(shortPath(path, around)));
  const more = mended.length > mostShown ? ` and ${mended.length - mostShown} more` : "";
  return `✓ Put right ${safe(record.folder)}: ${shown.join(", ")}${more}`;
}
