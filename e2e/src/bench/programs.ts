import { existsSync } from "node:fs";
import { join } from "node:path";
import { executables, workspaceRoot } from "../harness/executables.ts";

/** One way in which users have paks. */
export interface Program {
  readonly name: string;
  readonly file: string;
  /** Before the words of a command. */
  readonly args: readonly string[];
}

const onNode: Program = { name: "on Node", file: process.execPath, args: [executables.paks] };

/** Fastest first. Where the system has no standalone executable, there is only the one on Node. */
export function programs(): readonly Program[] {
  const file = join(workspaceRoot, "cli", "standalone", process.platform === "win32" ? "paks.exe" : "paks");
  return existsSync(file) ? [{ name: "standalone", file, args: [] }, onNode] : [onNode];
}
