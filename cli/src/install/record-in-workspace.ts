import { type WorkspaceChange, changeWorkspace, isLocked, isSaid } from "../workspace/change-workspace.ts";
import { rootOfSkillsFolder } from "../workspace/open-workspace.ts";

/** What of a pak goes into the workspace's files when it is placed or removed. */
export interface Recording {
  readonly skillsFolder: string;
  /** Absent: they are not touched. */
  readonly workspace?: WorkspaceChange | undefined;
}

/** What the workspace's files are to say; `undefined` where they are not touched. */
function changesOf(placings: readonly Recording[]) {
  const changes = placings.flatMap(({ workspace }) => workspace ?? []);
  const root = placings[0] && rootOfSkillsFolder(placings[0].skillsFolder);
  return root === undefined || changes.length === 0 ? undefined : { root, changes };
}

export async function recordInWorkspace(placings: readonly Recording[]): Promise<void> {
  const recording = changesOf(placings);
  if (recording) await changeWorkspace(recording.root, recording.changes);
}

/** Whether the lock says it already, though something failed. */
export async function isRecorded(placings: readonly Recording[]): Promise<boolean> {
  const recording = changesOf(placings);
  return recording !== undefined && (await isLocked(recording.root, recording.changes));
}

/** Whether recording would change neither of the workspace's files. */
export async function isAllRecorded(placings: readonly Recording[]): Promise<boolean> {
  const recording = changesOf(placings);
  return recording === undefined || (await isSaid(recording.root, recording.changes));
}
