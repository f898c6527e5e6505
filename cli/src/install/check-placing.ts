import { dirname, join } from "node:path";
import { PaksError, type ReleaseFile, originIdentity } from "@paks/schema";
import type { WorkspaceChange } from "../workspace/change-workspace.ts";
import { findBackups } from "./aside.ts";
import { type InstalledState, readInstalledState } from "./installed-state.ts";
import { type LinkPlan, requireFreeLinks } from "./links.ts";
import type { LinkPlaces } from "./own-links.ts";
import type { InstallRecord } from "./record.ts";
import type { Replacement } from "./replacement.ts";
import { requireInside } from "./require-inside.ts";
import type { FindStanding } from "./standing-links.ts";

export interface Placing {
  readonly skillsFolder: string;
  readonly record: InstallRecord;
  readonly files: readonly ReleaseFile[];
  readonly links: readonly LinkPlan[];
  /** Replaces what was edited or is not ours, and keeps a copy of it. */
  readonly force: boolean;
  /** What the workspace's files say of it then; absent: they are not touched. */
  readonly workspace?: WorkspaceChange | undefined;
  readonly places?: LinkPlaces | undefined;
}

/** What is known of a pak before it is put in place. */
export interface Checked {
  readonly placing: Placing;
  readonly target: string;
  readonly state: InstalledState;
  readonly unchanged: boolean;
  readonly backup: string | undefined;
  readonly backupOf: (path: string) => string;
  /** Absolute; links that lead there already, whoever made them. */
  readonly standing: readonly string[];
  replacement?: Replacement;
  /** Links that were not there before. */
  newLinks?: readonly string[];
}

/** Everything that can be refused, before anything is changed. */
export async function checkPlacing(placing: Placing, findStanding: FindStanding): Promise<Checked> {
  const { skillsFolder, record } = placing;
  const target = join(skillsFolder, record.folder);
  await requireInside(dirname(target), skillsFolder);
  const state = await readInstalledState(skillsFolder, record.folder);
  if (!placing.force) {
    requireReplaceable(state, record, target);
    await requireFreeLinks(placing.links, { to: target, previous: state.record, places: placing.places });
  }
  const backupOf = backupNamer(placing);
  const keeps = state.state === "edited" || state.state === "foreign";
  const unchanged = state.state === "intact" && state.record.digest === record.digest;
  const standing = await findStanding(record);
  return { placing, target, state, unchanged, backup: keeps ? backupOf(target) : undefined, backupOf, standing };
}

export function requireReplaceable(state: InstalledState, record: InstallRecord, target: string): void {
  if (state.state === "foreign")
    throw new PaksError("ALREADY_EXISTS", `${target} is already there and paks did not make it.`, {
      hint: "Install under another name with --as <name>, move it away, or run again with --force to keep a copy of it and install over it.",
      details: { path: target },
    });
  if (state.state === "edited")
    throw new PaksError(
      "LOCAL_CHANGES",
      `${record.folder} was edited since it was installed: ${state.changed.slice(0, 5).join(", ")}.`,
      {
        hint: "Keep your edits elsewhere, or run again with --force: a copy of them is kept then.",
        details: { path: target, changed: state.changed },
      },
    );
  const before = state.record && originIdentity(state.record.origin);
  const after = originIdentity(record.origin);
  if (state.state === "intact" && before !== after)
    throw new PaksError("ALREADY_EXISTS", `${record.folder} is installed from ${before} already; this is ${after}.`, {
      hint: `Give it another name with --as <name>, or remove the other one first: paks remove ${record.folder}`,
      details: { path: target },
    });
}

const backupNamer = ({ skillsFolder, record }: Placing) => {
  const stamp = record.installed_at.replaceAll(/[:.]/g, "-");
  let count = 0;
  let backups: string | undefined;
  return (path: string): string => {
    count += 1;
    backups ??= findBackups(skillsFolder);
    const suffix = count === 1 ? "" : `-${count}`;
    const name = path.slice(dirname(path).length + 1);
    return join(backups, `${name}-${stamp}${suffix}`);
  };
};
