import { nearest } from "@paks/schema";

/** Each key as somebody may mean it → as it is written today. */
const keys: Readonly<Record<string, string>> = {
  paks: "paks",
  packs: "paks",
  disabled: "disabled",
  agents: "agents",
  targets: "agents",
  registry: "registry",
};

/**
 * Keys of a workspace's file that do nothing and are nearly ones that do. Any other key may be another program's.
 * @returns one sentence each
 */
export function describeNearMisses(unknown: readonly string[]): string[] {
  return unknown.flatMap((key) => {
    const found = nearest(key, Object.keys(keys));
    return found === undefined
      ? []
      : `${JSON.stringify(key)} is not a key that paks reads. Did you mean "${keys[found]}"?`;
  });
}
