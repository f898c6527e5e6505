import { escapeText } from "./characters.ts";
import { PaksError } from "./errors.ts";
import { nearest } from "./nearest.ts";

/** Each key of `paks.jsonc` as somebody may mean it → as it is written today. */
const keys: Readonly<Record<string, string>> = {
  paks: "paks",
  packs: "paks",
  disabled: "disabled",
  agents: "agents",
  targets: "agents",
  registry: "registry",
};

/** The key that one which does nothing is nearly. Any other key may be another program's. */
export function findNearKey(unknown: string): string | undefined {
  const found = nearest(unknown, Object.keys(keys));
  return found === undefined ? undefined : keys[found];
}

/**
 * A key that is nearly one which is not there is a typing error: what it asks for would be gone, and an install would
 * remove everything for want of one letter.
 * @throws PaksError MANIFEST_INVALID
 */
export function requireNoneLost(written: readonly string[], path: string): void {
  const there = new Set(written.flatMap((key) => (Object.hasOwn(keys, key) ? [keys[key]] : [])));
  for (const key of written) {
    const meant = Object.hasOwn(keys, key) ? undefined : findNearKey(key);
    if (meant === undefined || there.has(meant)) continue;
    const name = `"${escapeText(key, 60)}"`;
    throw new PaksError(
      "MANIFEST_INVALID",
      `${path}: ${name} is not a key that paks reads, and there is no "${meant}".`,
      {
        hint: `Did you mean "${meant}"? Beside a "${meant}" that is there, paks leaves ${name} alone.`,
        details: { path, place: key },
      },
    );
  }
}
