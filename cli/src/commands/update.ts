import { PaksError, errorCodes, formatErrorBody, lockFileName, parseSource } from "@paks/schema";
import { defineCommand } from "../command.ts";
import type { Context } from "../context.ts";
import { capabilityChangeData, formatCapabilityChange } from "../life/capability-text.ts";
import { changeData, defaultCaps, formatFileDiffs, formatFileList } from "../life/file-changes.ts";
import { requireRow } from "../life/find-row.ts";
import { listPaks } from "../life/list-paks.ts";
import { nothingInstalled } from "../life/nothing.ts";
import { ownName } from "../life/own-name.ts";
import { type Place, findPlace } from "../life/places.ts";
import { type PakUpdate, type UpdateOptions, type UpdateResult, updateProject } from "../life/update-paks.ts";
import { type UnlockedResult, updateUnlocked } from "../life/update-unlocked.ts";
import type { Installed } from "../install/install.ts";
import { formatHeldBack } from "../output/held-back.ts";
import { formatUnlinked, isPutBack } from "../output/installed.ts";
import { formatMoved, movedData } from "../output/moved.ts";
import { safe } from "../output/safe-text.ts";
import { shortPath } from "../output/short-path.ts";
import { namesState } from "../workspace/wish.ts";

export const update = defineCommand({
  command: "update [name..]",
  aliases: ["upgrade", "up"],
  describe: "Bring paks to the newest versions that are asked for, after showing what changes",
  examples: [
    ["paks update --dry-run", "what would change: files and what the paks can do"],
    ["paks update", "everything in this project"],
    ["paks update pdf-forms --global", "one pak, for all projects"],
  ],
  builder: (yargs) =>
    yargs
      .positional("name", { type: "string", array: true, describe: "Only these paks (default: all)" })
      .option("all", { type: "boolean", default: false, describe: "All paks: the same as naming none" })
      .option("dry-run", { type: "boolean", default: false, describe: "Show the differences and change nothing" })
      .option("diff", { type: "boolean", default: false, describe: "Show the changed lines, as --dry-run does" })
      .option("force", { type: "boolean", default: false, describe: "Edited paks too; a copy of the edits is kept" })
      .option("allow-new-capabilities", {
        type: "boolean",
        default: false,
        describe: "Do not ask when a newer version can do more: new scripts, hosts, tools",
      })
      .option("global", { type: "boolean", alias: "g", default: false, describe: "What is installed for all projects" })
      .option("dir", { type: "string", describe: "What is installed in this folder" }),
  run: async (args, context) => {
    const names = args.name ?? [];
    if (args.all && names.length > 0) throw new PaksError("USAGE", "--all takes no names.");
    const place = await findPlace(context, args);
    const { dryRun, force, allowNewCapabilities } = args;
    const options = { dryRun, force, allowNewCapabilities };
    const { failed, refused, empty, notLocked, isNarrowed, ...result } = await updatePlace(context, place, {
      names: names.map(requireBareName),
      options,
    });
    return {
      data: {
        dry_run: dryRun,
        updated: result.updates.map((one) => dataOf(one, result)),
        removed: result.removed,
        ...movedData(result.installed.flatMap(({ moved }) => moved)),
        held_back: result.heldBack,
        not_locked: notLocked ?? [],
        failed: failed === undefined ? null : formatErrorBody(failed).error,
      },
      text: textOf(result, {
        context,
        dryRun,
        diff: dryRun || args.diff,
        empty: empty === true,
        refused: refused ?? [],
        notLocked: notLocked ?? [],
        isNarrowed: isNarrowed === true,
      }),
      ...(failed && { exit: errorCodes[failed.code].exit }),
    };
  },
});

interface Asked {
  readonly names: readonly string[];
  readonly options: UpdateOptions;
}

interface Done extends UnlockedResult {
  /** Nothing is installed there. */
  readonly empty?: boolean;
  /** Folders that nobody named and that the project's lock does not hold. */
  readonly notLocked?: readonly string[];
  /** Some are asked for with a version, range, tag or such. */
  readonly isNarrowed?: boolean;
}

/**
 * What the lock knows in one go, all or none; what it does not know where it is named or there is no lock:
 * what somebody installed beside a project is not part of it.
 */
async function updatePlace(context: Context, place: Place, { names, options }: Asked): Promise<Done> {
  const all = await listPaks(context, place);
  const rows = names.length === 0 ? all : names.map((name) => requireRow(all, name));
  const held = names.length === 0 ? undefined : rows.find(({ locked }) => locked?.pinned === true);
  if (held !== undefined) throw pinned(held.folder, held.locked?.version ?? null);
  const locked = rows.filter((row) => row.locked !== undefined);
  const folders = names.length === 0 ? undefined : new Set(locked.map(({ folder }) => folder));
  const results: Done[] = locked.length === 0 ? [] : [await updateProject(context, place, { ...options, folders })];
  const others = rows.filter((row) => row.locked === undefined && (names.length > 0 || row.error === undefined));
  const isBeside = names.length === 0 && locked.length > 0;
  const isOnly = locked.length === 0 && others.length === 1;
  const unlocked = { rows: isBeside ? [] : others, options: { ...options, isOnly } };
  results.push(...(await updateUnlocked(context, place, unlocked)));
  return {
    updates: results.flatMap(({ updates }) => updates),
    installed: results.flatMap(({ installed }) => installed),
    removed: results.flatMap(({ removed }) => removed),
    heldBack: results.flatMap(({ heldBack }) => heldBack),
    gone: results.flatMap(({ gone }) => gone),
    failed: results.flatMap(({ failed, gone }) => failed ?? gone.map(({ error }) => error))[0],
    refused: results.flatMap(({ refused, gone }) => [...(refused ?? []), ...gone.map(({ folder }) => folder)]),
    empty: all.length === 0,
    notLocked: isBeside ? others.map(({ folder }) => folder) : [],
    isNarrowed: locked.some(({ locked: entry }) => isNarrow(entry?.source ?? null)),
  };
}

/** Something newer may exist that is not asked for; nobody was asked about it. */
function isNarrow(text: string | null): boolean {
  const source = text === null ? undefined : parseSource(text);
  // There is nothing newer than a folder.
  return source !== undefined && source.type !== "local" && namesState(source);
}

/** Another range is another wish: that is what `install` is for. */
function requireBareName(name: string): string {
  const at = name.indexOf("@", 1);
  if (at < 0 || !/^(?:[a-z0-9-]+\/)?[a-z0-9-]+@/.test(name)) return name;
  throw new PaksError("USAGE", `update takes names; ${name.slice(0, at)} stays within what is asked for.`, {
    hint: `Ask for another version: paks install ${name.includes("/") ? name : `<account>/${name}`}`,
  });
}

const pinned = (folder: string, version: string | null): PaksError =>
  new PaksError("USAGE", `${folder} is pinned to ${version ?? "what is installed"}.`, {
    hint: `Let it go first: paks unpin ${folder}`,
  });

const placedOf = ({ folder }: PakUpdate, { installed }: UpdateResult) =>
  installed.find(({ record }) => record.folder === folder);

const movedOf = (one: PakUpdate, result: UpdateResult) => placedOf(one, result)?.moved ?? [];

const dataOf = (one: PakUpdate, result: UpdateResult) => ({
  name: one.name,
  folder: one.folder,
  dependency: one.dependency,
  from: one.from,
  to: one.to,
  digest_before: one.digestBefore,
  digest: one.digest,
  files: one.files?.map(changeData) ?? null,
  capabilities: capabilityChangeData(one.capabilities),
  edited: one.edited,
  edited_copies: one.editedCopies,
  ...movedData(movedOf(one, result)),
});

interface Shown {
  readonly context: Context;
  readonly dryRun: boolean;
  readonly diff: boolean;
  readonly empty: boolean;
  readonly refused: readonly string[];
  readonly notLocked: readonly string[];
  readonly isNarrowed: boolean;
}

function textOf(result: UpdateResult, shown: Shown): string {
  const { context, dryRun, diff, empty, refused, notLocked, isNarrowed } = shown;
  const { updates, removed, heldBack } = result;
  const not = refused.map((folder) => `✗ ${safe(folder)} was not updated.`);
  const placed = textOfOthers(result, context, dryRun);
  const others = [...placed, ...formatHeldBack(heldBack), ...formatNotLocked(notLocked)];
  const unchanged = dryRun ? ["Nothing was changed (--dry-run)."] : [];
  if (updates.length === 0 && removed.length === 0) {
    if (empty) return nothingInstalled;
    const isAll = heldBack.length + notLocked.length === 0 && !(dryRun && placed.length > 0);
    return [
      ...others,
      ...(not.length === 0 ? [isAll ? "✓ Everything is up to date." : "✓ All else is up to date."] : not),
      ...(isNarrowed ? ["What is newer than paks.jsonc asks for: paks outdated"] : []),
      ...(placed.length === 0 ? [] : unchanged),
    ].join("\n");
  }
  const lines = updates.flatMap((one) => [
    `${dryRun ? "→" : "✓"} ${safe(one.name)} ${one.states.map((state) => safe(state)).join(" → ")}${one.dependency ? " (a dependency)" : ""}`,
    ...(one.files === undefined
      ? ["⚠ the files of the installed release are not to be had: nothing to compare with"]
      : []),
    ...(diff ? formatFileDiffs(one.files ?? [], defaultCaps) : formatFileList(one.files ?? [], 20)),
    ...formatCapabilityChange(one.capabilities),
    ...(dryRun ? editsOf(one, context) : []),
    ...formatMoved(movedOf(one, result), context),
    ...unlinkedOf(placedOf(one, result), context),
  ]);
  const gone = removed.map((folder) => `${dryRun ? "→" : "✓"} ${safe(folder)} goes: nothing needs it any more`);
  return [...lines, ...others, ...gone, ...not, ...unchanged].join("\n");
}

function formatNotLocked(folders: readonly string[]): string[] {
  if (folders.length === 0) return [];
  const [are, them] = folders.length === 1 ? ["is", "it"] : ["are", "them"];
  return [`${safe(folders.join(", "))} ${are} not in ${lockFileName} and left alone: name ${them} to update ${them}.`];
}

function editsOf({ edited, editedCopies }: PakUpdate, context: Context): string[] {
  const all = [...edited, ...editedCopies.map((path) => shortPath(path, context))];
  return all.length === 0 ? [] : [`⚠ edited here: ${safe(all.slice(0, 5).join(", "))}`];
}

const unlinkedOf = (one: Installed | undefined, context: Context): string[] =>
  one === undefined ? [] : formatUnlinked(one, context);

/** What becomes of a pak that gets no other files: its folder was renamed, was not ours or was gone, or a tool loses it. */
const textOfOthers = ({ installed, updates }: UpdateResult, context: Context, dryRun: boolean): string[] =>
  installed.flatMap((one) => {
    const { record, moved } = one;
    if (updates.some(({ folder }) => folder === record.folder)) return [];
    const name = safe(ownName(record.origin, record.name));
    const version = safe(record.version ?? "(no version)");
    const unlinked = unlinkedOf(one, context);
    if (isPutBack(one))
      return [
        dryRun
          ? `→ ${name} ${version} is put back: its folder is gone`
          : `✓ Put back ${name} ${version}: its folder was gone`,
        ...unlinked,
      ];
    if (moved.length > 0) return [`✓ ${name} has the files that it had`, ...formatMoved(moved, context), ...unlinked];
    return unlinked.length === 0 ? [] : [`${dryRun ? "→" : "✓"} ${name} has the files that it had`, ...unlinked];
  });
