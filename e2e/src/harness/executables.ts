import { existsSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

/** The workspace's root, found from the source as well as from the bundle in `e2e/dist`. */
function findRoot(from: string): string {
  let folder = dirname(fileURLToPath(from));
  while (!existsSync(join(folder, "pnpm-workspace.yaml"))) folder = dirname(folder);
  return folder;
}

export const workspaceRoot = findRoot(import.meta.url);

/** The files that `bin` of cli/package.json and server/package.json name. */
export const executables = {
  paks: join(workspaceRoot, "cli", "bin", "paks.js"),
  registry: join(workspaceRoot, "server", "bin", "paks-registry.js"),
} as const;
