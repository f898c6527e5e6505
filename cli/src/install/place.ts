import { mkdir, rename, rm } from "node:fs/promises";
import { dirname, join } from "node:path";
import { PaksError, type ReleaseFile } from "@paks/schema";
import { type InstalledState, exists, readInstalledState } from "./installed-state.ts";
import { type LinkPlan, makeLinks, removeLinks, requireFreeLinks } from "./links.ts";
import { type InstallRecord, type Origin, bookkeeping, formatRecord, resolveLinks } from "./record.ts";
import { requireInside } from "./require-inside.ts";
import { openWorkFolder, writeIntent } from "./work-folder.ts";
import { replaceFile, syncFolder, writeNewFile } from "../write-file.ts";

export interface Placing {
  readonly skillsFolder: string;
  readonly record: InstallRecord;
  readonly files: readonly ReleaseFile[];
  readonly links: readonly LinkPlan[];
  /** Replaces what was edited or is not ours, and keeps a copy of it. */
  readonly force: boolean;
}

export interface Placed {
  readonly action: "installed" | "replaced" | "unchanged";
  readonly previous: InstallRecord | undefined;
  /** Where copies of replaced edits and foreign folders are. */
  readonly backups: readonly string[];
}

/**
 * Puts a verified release into a skills folder: written beside it first, then renamed in. The caller holds the folder's
 * lock. Throws LOCAL_CHANGES, ALREADY_EXISTS, UNSAFE_TARGET; nothing was changed then.
 */
export async function placeRelease(placing: Placing): Promise<Placed> {
  const { skillsFolder, record } = placing;
  const target = join(skillsFolder, record.folder);
  await requireInside(dirname(target), skillsFolder);
  const state = await readInstalledState(skillsFolder, record.folder);
  if (!placing.force) {
    requireReplaceable(state, record, target);
    await requireFreeLinks(placing.links, target);
  }
  const keeps = state.state === "edited" || state.state === "foreign";
  const unchanged = state.state === "intact" && state.record.digest === record.digest;
  const backupOf = backupNamer(placing);
  const backups = keeps ? [backupOf(target)] : [];
  if (unchanged) await updateRecord(skillsFolder, mergeLinks(record, state.record), state.record);
  else await replaceFolder(placing, { target, aside: backups[0], previous: state.record });
  backups.push(...(await makeLinks(placing.links, { to: target, force: placing.force, backupOf })));
  const action = unchanged ? "unchanged" : state.state === "absent" ? "installed" : "replaced";
  return { action, previous: state.record, backups };
}

/** The same bytes may have another version or more links; a record that would only get another time stays. */
async function updateRecord(skillsFolder: string, record: InstallRecord, before: InstallRecord): Promise<void> {
  const same = { ...record, installed_at: before.installed_at };
  if (formatRecord(same) === formatRecord(before)) return;
  await replaceFile(bookkeeping(skillsFolder).record(record.folder), formatRecord(record));
}

function requireReplaceable(state: InstalledState, record: InstallRecord, target: string): void {
  if (state.state === "foreign")
    throw new PaksError("ALREADY_EXISTS", `${target} is already there and paks did not make it.`, {
      hint: "Move it away, or run again with --force to keep a copy of it and install over it.",
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
  const before = state.record && ownerOf(state.record.origin);
  const after = ownerOf(record.origin);
  if (state.state === "intact" && before !== after)
    throw new PaksError("ALREADY_EXISTS", `${record.folder} is installed from ${before} already; this is ${after}.`, {
      hint: `Remove it first with "paks remove ${record.folder}", use --dir, or run again with --force.`,
      details: { path: target },
    });
}

/** Whose pak it is: another version of the same one may replace it. */
const ownerOf = (origin: Origin): string => {
  if (origin.type === "registry") return `${origin.account}/${origin.name}`;
  if (origin.type === "npm") return `npm:${origin.package}#path=${origin.path}`;
  return origin.type === "git" ? `${origin.repository}#path=${origin.path}` : origin.path;
};

const mergeLinks = (record: InstallRecord, previous: InstallRecord): InstallRecord => ({
  ...record,
  links: [...new Set([...previous.links, ...record.links])].sort(),
});

const backupNamer = ({ skillsFolder, record }: Placing) => {
  const stamp = record.installed_at.replaceAll(/[:.]/g, "-");
  let count = 0;
  return (path: string): string => {
    count += 1;
    const suffix = count === 1 ? "" : `-${count}`;
    const name = path.slice(dirname(path).length + 1);
    return join(bookkeeping(skillsFolder).backups, `${name}-${stamp}${suffix}`);
  };
};

interface Replacing {
  readonly target: string;
  /** Where the present folder is kept; absent: it is deleted in the end. */
  readonly aside: string | undefined;
  readonly previous: InstallRecord | undefined;
}

async function replaceFolder(placing: Placing, replacing: Replacing): Promise<void> {
  const { skillsFolder } = placing;
  const { target } = replacing;
  const record = replacing.previous ? mergeLinks(placing.record, replacing.previous) : placing.record;
  const work = await openWorkFolder(skillsFolder);
  const aside = replacing.aside ?? work.aside;
  try {
    await writeFiles(work.fresh, placing.files);
    await mkdir(dirname(aside), { recursive: true });
    await writeIntent(work, { folder: record.folder, aside, record });
    await mkdir(dirname(target), { recursive: true });
    await renameIfThere(target, aside);
    await rename(work.fresh, target);
    await syncFolder(dirname(target));
    await replaceFile(bookkeeping(skillsFolder).record(record.folder), formatRecord(record));
  } catch (error) {
    // Between the two renames nothing is in place: what was there comes back.
    if (!(await exists(target))) await renameIfThere(aside, target);
    throw error;
  } finally {
    await work.close();
  }
}

async function renameIfThere(from: string, to: string): Promise<void> {
  if (await exists(from)) await rename(from, to);
}

/** The disk writes several files at once faster than one after the other; too many would run out of handles. */
const writesAtOnce = 16;

async function writeFiles(folder: string, files: readonly ReleaseFile[]): Promise<void> {
  await mkdir(folder);
  const folders = new Set(files.map((file) => dirname(join(folder, file.path))));
  for (const path of folders) await mkdir(path, { recursive: true });
  for (let start = 0; start < files.length; start += writesAtOnce) {
    const batch = files.slice(start, start + writesAtOnce);
    const written = await Promise.allSettled(
      batch.map((file) => writeNewFile(join(folder, file.path), file.bytes, file.executable ? 0o755 : 0o644)),
    );
    // Only when none is under way any more may the folder be removed.
    const failed = written.find((one) => one.status === "rejected");
    if (failed) throw failed.reason;
  }
  await Promise.all([...folders, folder].map((path) => syncFolder(path)));
}

/** Removes exactly what was installed. Throws LOCAL_CHANGES unless `force`, which keeps a copy. */
export async function removeRelease(removing: {
  readonly skillsFolder: string;
  readonly record: InstallRecord;
  readonly force: boolean;
  readonly now: Date;
}): Promise<{ readonly backups: readonly string[] }> {
  const { skillsFolder, record } = removing;
  const target = join(skillsFolder, record.folder);
  await requireInside(dirname(target), skillsFolder);
  const state = await readInstalledState(skillsFolder, record.folder);
  if (state.state === "edited" && !removing.force) requireReplaceable(state, record, target);
  const backups =
    state.state === "edited"
      ? [join(bookkeeping(skillsFolder).backups, `${record.name}-${stampOf(removing.now)}`)]
      : [];
  await removeLinks(resolveLinks(skillsFolder, record), target);
  const work = await openWorkFolder(skillsFolder);
  try {
    const aside = backups[0] ?? work.aside;
    await mkdir(dirname(aside), { recursive: true });
    await writeIntent(work, { folder: record.folder, aside, record: null });
    await renameIfThere(target, aside);
    await rm(bookkeeping(skillsFolder).record(record.folder), { force: true });
    await syncFolder(skillsFolder);
  } finally {
    await work.close();
  }
  return { backups };
}

const stampOf = (now: Date): string => now.toISOString().replaceAll(/[:.]/g, "-");
