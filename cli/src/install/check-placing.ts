import { dirname, join, sep } from "node:path";
import { type Origin, PaksError, type ReleaseFile, originIdentity } from "@paks/schema";
import type { WorkspaceChange } from "../workspace/change-workspace.ts";
import type { MadeChoice } from "../registry-choice.ts";
import { rootOfSkillsFolder } from "../workspace/open-workspace.ts";
import { findBackups } from "./aside.ts";
import { type InstalledState, readInstalledState } from "./installed-state.ts";
import { type LinkContext, type LinkPlan, readLinkState, requireFreeLinks } from "./links.ts";
import { otherRegistry } from "./locked-registry.ts";
import type { LinkPlaces } from "./own-links.ts";
import { type InstallRecord, backupName } from "./record.ts";
import type { Replacement } from "./replacement.ts";
import { requireInside } from "./require-inside.ts";
import { withStandingCopies } from "./standing-copies.ts";
import type { FindStanding } from "./standing-links.ts";

export interface Placing {
  readonly skillsFolder: string;
  readonly record: InstallRecord;
  readonly files: readonly ReleaseFile[];
  readonly links: readonly LinkPlan[];
  /** Replaces what was edited or is not ours, and keeps a copy of it. */
  readonly force: boolean;
  /** Where the same bytes are installed already, what was edited or stands in the way of a link stays, also with `force`. */
  readonly isUnasked?: boolean | undefined;
  /** Whether the project's files name it was not said anew: its record says what it said before. */
  readonly keepsMark?: boolean | undefined;
  /** Copies of it that are there stay copies. */
  readonly keepsCopies?: boolean | undefined;
  /** Links and copies of other tools go, and so need not follow to another version. */
  readonly isOnlyFor?: boolean | undefined;
  /** What the workspace's files say of it then; absent: they are not touched. */
  readonly workspace?: WorkspaceChange | undefined;
  readonly places?: LinkPlaces | undefined;
  /** Where its name was looked up, when no lock says where it comes from: the record of the folder has the word then. */
  readonly lookedUp?: MadeChoice | undefined;
}

/** What stays although it is not as paks would have it. */
export interface Left {
  /** A folder's name, or an absolute path. */
  readonly what: string;
  /** Something of ours that was edited. */
  readonly isOurs: boolean;
}

/** What is known of a pak before it is put in place. */
export interface Checked {
  readonly placing: Placing;
  /** Those of the placing that are made. */
  readonly links: readonly LinkPlan[];
  readonly left: readonly Left[];
  readonly target: string;
  readonly state: InstalledState;
  readonly unchanged: boolean;
  readonly backup: string | undefined;
  readonly backupOf: () => string;
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
  const stays = isStaying(placing, state);
  const isLeft = stays && state.state === "edited";
  requireRecordedRegistry(placing, state);
  if (!placing.force && !isLeft) requireReplaceable(state, record, target);
  if (!placing.force && !stays)
    await requireFreeLinks(placing.links, { to: target, previous: state.record, places: placing.places });
  const backupOf = backupNamer(placing);
  const keeps = !isLeft && (state.state === "edited" || state.state === "foreign");
  const unchanged = isUnchanged(placing, state);
  const { links, left } = await findLeft(placing, state);
  return {
    placing,
    links: await withStandingCopies(placing, { links, unchanged, previous: state.record }),
    left,
    target,
    state,
    unchanged,
    backup: keeps ? backupOf() : undefined,
    backupOf,
    standing: await findStanding(record),
  };
}

/** Nobody asked for these bytes, which are installed already. */
const isStaying = ({ isUnasked = false, record }: Placing, state: InstalledState): boolean =>
  isUnasked && state.record?.digest === record.digest;

/** What stays as it is, and the links that are made. */
export async function findLeft(placing: Placing, state: InstalledState): Promise<Pick<Checked, "links" | "left">> {
  const { skillsFolder, record, links, places } = placing;
  if (!isStaying(placing, state)) return { links, left: [] };
  if (state.state === "edited") return { links: [], left: [{ what: record.folder, isOurs: true }] };
  const sorted = await sortFreeLinks(links, { to: join(skillsFolder, record.folder), previous: state.record, places });
  return { links: sorted.free, left: sorted.left };
}

/** Its folder is not written. */
export const isUnchanged = (placing: Placing, state: InstalledState): boolean =>
  state.state === "edited"
    ? isStaying(placing, state)
    : state.state === "intact" && state.record.digest === placing.record.digest && !isPlacedAnew(placing, state);

async function sortFreeLinks(
  links: readonly LinkPlan[],
  context: LinkContext,
): Promise<{ readonly free: readonly LinkPlan[]; readonly left: readonly Left[] }> {
  const free: LinkPlan[] = [];
  const left: Left[] = [];
  for (const link of links) {
    const state = await readLinkState(link.path, context);
    if (state === "edited" || state === "taken") left.push({ what: link.path, isOurs: state === "edited" });
    else free.push(link);
  }
  return { free, left };
}

/** Compiled Python lies beside the right files: it goes with the folder when that was asked for and the files are here. */
const isPlacedAnew = (
  { force, isUnasked = false, files }: Placing,
  state: InstalledState & { readonly state: "intact" },
): boolean => force && !isUnasked && files.length > 0 && state.compiled.length > 0;

export function requireReplaceable(state: InstalledState, record: InstallRecord, target: string): void {
  if (state.state === "foreign")
    throw new PaksError("ALREADY_EXISTS", `${target} is already there and paks did not make it.`, {
      hint: "Install under another name with --as <name>, move it away, or run again with --force to keep a copy of it and install over it.",
      details: { path: target },
    });
  if (state.state === "edited")
    throw new PaksError(
      "LOCAL_CHANGES",
      `${record.folder} was edited since it was installed: ${namesOf(state.changed)}.`,
      {
        hint: "Keep your edits elsewhere, or run again with --force: a copy of them is kept then.",
        details: { path: target, changed: state.changed },
      },
    );
  if (state.state !== "intact" || isOfOneSource(state.record.origin, record.origin, target)) return;
  const [before, after] = [state.record.origin, record.origin].map((origin) => originIdentity(origin));
  throw new PaksError("ALREADY_EXISTS", `${record.folder} is installed from ${before} already; this is ${after}.`, {
    hint: isSuccessor(state.record, record)
      ? `paks.lock names ${after} there by now. If that is right, take it in place of the other one: the same command with --force`
      : `Give it another name with --as <name>, or remove the other one first: paks remove ${record.folder}`,
    details: { path: target },
  });
}

/** Somebody put another pak into the project under the same name: removing by that name would take the new one away. */
const isSuccessor = (before: InstallRecord, after: InstallRecord): boolean =>
  before.saved === true && after.saved === true && before.origin.type !== "local";

/**
 * Under the same name another registry may have somebody else's pak: also with `force`, which is about files.
 * @throws PaksError LOCKFILE_MISMATCH
 */
export function requireRecordedRegistry({ record: { origin }, lookedUp }: Placing, { record }: InstalledState): void {
  const before = record?.origin;
  if (lookedUp === undefined || before?.type !== "registry" || origin.type !== "registry") return;
  if (before.registry === origin.registry || originIdentity(before) !== originIdentity(origin)) return;
  throw otherRegistry(before, lookedUp, false);
}

/** A dot is the whole folder: it is a file now, say. */
const namesOf = (changed: readonly string[]): string =>
  changed.includes(".") ? "it is no folder any more" : changed.slice(0, 5).join(", ");

/** A record names a folder of the project by the path that it had: the project may have been moved or copied since. */
function isOfOneSource(before: Origin, after: Origin, target: string): boolean {
  if (originIdentity(before) === originIdentity(after)) return true;
  const root = rootOfSkillsFolder(dirname(target));
  if (before.type !== "local" || after.type !== "local" || root === undefined) return false;
  return after.path.startsWith(root + sep) && before.path.endsWith(after.path.slice(root.length));
}

const backupNamer = ({ skillsFolder, record }: Placing) => {
  let count = 0;
  let backups: string | undefined;
  return (): string => {
    count += 1;
    backups ??= findBackups(skillsFolder);
    const suffix = count === 1 ? "" : `-${count}`;
    return join(backups, `${backupName(record.folder, record.installed_at)}${suffix}`);
  };
};
