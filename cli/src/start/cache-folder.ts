import { join } from "node:path";

export interface FolderFacts {
  readonly platform: NodeJS.Platform;
  readonly home: () => string;
  /** "" counts as unset. */
  readonly variable: (name: string) => string | undefined;
}

/** Where paks keeps what it can make again: XDG on Unix (macOS too), `%LOCALAPPDATA%` on Windows. Absolute. */
export function cacheFolder({ platform, home, variable }: FolderFacts): string {
  if (platform === "win32") return join(variable("LOCALAPPDATA") ?? join(home(), "AppData", "Local"), "paks", "cache");
  const value = variable("XDG_CACHE_HOME");
  // The XDG rules: a relative path is to be ignored.
  return join(value?.startsWith("/") ? value : join(home(), ".cache"), "paks");
}
