import { type LockedPak, type Workspace, isTaken, parseSource } from "@paks/schema";
import { type Config, defaultRegistryUrl } from "../config.ts";
import { isMapped } from "../registry-choice.ts";

/**
 * The registry that `paks.jsonc` has to name for those who have the project and not this configuration; `undefined`
 * where they ask the same one anyway, where it says so already, and for an account that the user has mapped himself.
 * Without credentials: a registry's address carries none.
 */
export function findRegistryToName(
  config: Pick<Config, "registry" | "accounts">,
  workspace: Workspace,
  { resolved }: LockedPak,
): string | undefined {
  const { url, from } = config.registry;
  if (resolved.type !== "registry" || resolved.registry !== url || isMapped(config, resolved.account)) return undefined;
  if (workspace.registry !== undefined || from === "default" || url === defaultRegistryUrl) return undefined;
  // Whoever has lived without it so far is left alone.
  return workspace.paks.some((text) => isLookedUp(config, text)) ? undefined : url;
}

function isLookedUp(config: Pick<Config, "accounts">, text: string): boolean {
  if (!isTaken(parseSource, text)) return false;
  const source = parseSource(text);
  return source.type === "registry" && !isMapped(config, source.account);
}
