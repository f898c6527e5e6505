import { spawnSync } from "node:child_process";
import { join } from "node:path";
import { workspaceRoot } from "./paks-command.ts";

/**
 * The standalone executable, made of this source where it is not there yet, for tests that no other program can pass.
 * `undefined`: Bun has no build for this system.
 */
export function findStandalone(): string | undefined {
  const made = spawnSync(process.execPath, [join(workspaceRoot, "scripts", "standalone.mjs")], { encoding: "utf8" });
  if (made.status === 0) return made.stdout.trim();
  if (made.stderr.includes("Bun has no build")) return undefined;
  throw new Error(made.stderr);
}
