import { lockFileName, workspaceFileNames } from "@paks/schema";
import type { WorkspaceChange } from "../workspace/change-workspace.ts";
import type { OpenWorkspace } from "../workspace/open-workspace.ts";

/** What a command wrote into the files of the project, besides adding to them. */
export interface Written {
  /** Names of those that were not there before. */
  readonly newFiles: readonly string[];
  readonly replaced: readonly Replaced[];
}

/** An entry of `paks.jsonc` that asks for its pak otherwise than before. */
export interface Replaced {
  readonly source: string;
  readonly before: readonly string[];
}

/** What the changes write that were planned for these files. */
export function writtenBy(
  { workspaceFile, lockFile }: Pick<OpenWorkspace, "workspaceFile" | "lockFile">,
  changes: readonly WorkspaceChange[],
): Written {
  const isAdded = changes.some(({ add }) => add !== undefined);
  const isLocked = changes.some(({ entry }) => entry !== null);
  return {
    newFiles: [
      ...(workspaceFile === undefined && isAdded ? [workspaceFileNames[0]] : []),
      ...(lockFile === undefined && isLocked ? [lockFileName] : []),
    ],
    replaced: changes.flatMap(({ add, replaces = [] }) =>
      add === undefined || replaces.length === 0 ? [] : [{ source: add, before: replaces }],
    ),
  };
}
