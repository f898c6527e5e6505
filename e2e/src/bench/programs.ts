import { existsSync } from "node:fs";
import { paksOnNode, standaloneFile } from "@paks/cli/testing/paks-command";

/** One way in which users have paks. */
export interface Program {
  readonly name: string;
  readonly file: string;
  /** Before the words of a command. */
  readonly args: readonly string[];
  /** What is promised against others holds for the fastest program; the other one has limits of its own. */
  readonly isFastest: boolean;
}

/** The fastest first. Where the system has no standalone executable, there is only the one on Node. */
export function programs(): readonly Program[] {
  const hasStandalone = existsSync(standaloneFile);
  const onNode = { name: "on Node", file: process.execPath, args: [paksOnNode], isFastest: !hasStandalone };
  return hasStandalone ? [{ name: "standalone", file: standaloneFile, args: [], isFastest: true }, onNode] : [onNode];
}
