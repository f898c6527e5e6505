import { join } from "node:path";
import { paksOnNode, workspaceRoot } from "@paks/cli/testing/paks-command";

export { workspaceRoot };

/** The files that `bin` of cli/package.json and server/package.json name; tests start paks by `paksCommand`. */
export const executables = {
  paks: paksOnNode,
  registry: join(workspaceRoot, "server", "bin", "paks-registry.js"),
} as const;
