import { existsSync } from "node:fs";
import { join } from "node:path";
import { executables, workspaceRoot } from "../harness/executables.ts";

/** One way in which users have paks. */
export interface Program {
  readonly name: string;
  readonly file: string;
  /** Before the words of a command. */
  readonly args: readonly string[];
  /** What is promised against others holds for the fastest program; the other one is only reported. */
  readonly isFastest: boolean;
}

/** The fastest first. Where the system has no standalone executable, there is only the one on Node. */
export function programs(): readonly Program[] {
  const file = join(workspaceRoot, "cli", "standalone", process.platform === "win32" ? "paks.exe" : "paks");
  const hasStandalone = existsSync(file);
  const onNode = { name: "on Node", file: process.execPath, args: [executables.paks], isFastest: !hasStandalone };
  return hasStandalone ? [{ name: "standalone", file, args: [], isFastest: true }, onNode] : [onNode];
}
