import { join } from "node:path";
import { type Workspace, PaksError, lockFileName } from "@paks/schema";
import type { Context } from "../context.ts";
import { eachAtOnce } from "../install/each-at-once.ts";
import { readChanges, recordedDigest } from "../install/installed-state.ts";
import { readLinkState } from "../install/links.ts";
import type { InstalledPak } from "../install/list-installed.ts";
import { type LinkPlaces, linkPlacesOf } from "../install/own-links.ts";
import { listDisagreements, notLocked } from "../workspace/check-lock.ts";
import { findLocked } from "../workspace/entry.ts";
import type { OpenWorkspace } from "../workspace/open-workspace.ts";
import { listWishes } from "../workspace/wish.ts";
import { askOrigins } from "./ask-origin.ts";
import { checkLock } from "./check-locked.ts";
import { type RegistryCheck, checkRegistry } from "./check-registry.ts";
import { type ListRow, rowName } from "./list-paks.ts";
import { fitMissing, installAgain, putBackHint } from "./missing-hints.ts";
import { type Problem, problemOf } from "./problem.ts";

export interface Verified {
  readonly row: ListRow;
  /** What the registry, the git repository or npm says of it. */
  readonly registry: RegistryCheck;
  readonly problems: readonly Problem[];
}

const asksAtOnce = 8;

/** Every installed byte against record and lock, and what was recorded against where it came from. */
export async function verifyRows(
  context: Context,
  rows: readonly ListRow[],
  { workspace, step }: { readonly workspace: Workspace; readonly step: (label: string) => void },
): Promise<Verified[]> {
  let count = 0;
  const checked = await eachAtOnce(rows, asksAtOnce, async (row) => {
    const local = await checkLocally(row, linkPlacesOf(context));
    const asked = await checkRegistry(context, row, row.place.locked ? workspace.registry : undefined);
    step(`Verified ${(count += 1)} of ${rows.length}`);
    return { row, registry: asked.registry, problems: [...local, ...asked.problems] };
  });
  const all = context.config.offline ? checked : await withOrigins(context, checked, step);
  return await eachAtOnce(all, asksAtOnce, async (one) => ({
    ...one,
    problems: await fitMissing(context, one.row, one.problems),
  }));
}

async function withOrigins(
  context: Context,
  checked: readonly Verified[],
  step: (label: string) => void,
): Promise<readonly Verified[]> {
  const rows = checked.map(({ row }) => row);
  const answers = await askOrigins(context, rows, { files: true, step });
  return checked.map((one) => {
    const answer = answers.get(one.row);
    if (answer === undefined) return one;
    if (answer.error === undefined) return { ...one, registry: "checked" };
    return { ...one, registry: "failed", problems: [...one.problems, problemOf(answer.error, about(one.row))] };
  });
}

const about = (row: ListRow) => ({ folder: row.folder, name: rowName(row) });

async function checkLocally(row: ListRow, places: LinkPlaces): Promise<Problem[]> {
  if (row.error !== undefined) return [problemOf(row.error, about(row))];
  const { pak } = row;
  const problems: Problem[] = [...(await checkLock(row))];
  const add = (code: Problem["code"], message: string, more: Partial<Problem> = {}) =>
    problems.push({ ...about(row), code, message, ...more });
  if (row.state === "unrecorded") return [...problems, unrecorded(row)];
  if (isLeftover(row))
    add("DRIFT", `is installed, and ${lockFileName} no longer names it`, { hint: leftoverHint(row) });
  if (row.state === "missing" || pak === undefined) {
    if (!isLeftover(row)) add("DRIFT", "is not there", { hint: putBackHint(row) });
    return problems;
  }
  const recorded = recordedDigest(pak.record);
  if (recorded !== pak.record.digest)
    add("INTEGRITY_MISMATCH", `its record lists files of the digest ${recorded}, not ${pak.record.digest}`, {
      hint: "Somebody changed the record. Look at the folder, then install again with --force.",
    });
  if (pak.changed.length > 0)
    add("DRIFT", "was edited since it was installed", {
      hint: driftHint(row),
      paths: pak.changed,
    });
  if (pak.otherModes.length > 0)
    add("DRIFT", "files became executable or are no longer", { hint: modesHint(row), paths: pak.otherModes });
  const compiled = [...pak.compiled, ...(await listCompiledInCopies(pak, places))];
  if (compiled.length > 0)
    add("DRIFT", "has files that are not of the release", { hint: compiledHint(row), paths: compiled });
  const { brokenLinks, editedCopies } = row;
  const gone = brokenLinks.filter((path) => !editedCopies.includes(path));
  if (gone.length > 0)
    add("DRIFT", "links are gone or lead elsewhere", {
      hint: `Make them again: ${installAgain(row)}.`,
      paths: gone,
    });
  if (editedCopies.length > 0)
    add("DRIFT", "copies of it were edited", {
      hint: `Put them back: ${installAgain(row, " --force")}, which keeps a copy.`,
      paths: editedCopies,
    });
  return problems;
}

/** What was installed without being written down is nobody's difference. */
const isLeftover = ({ place, locked, pak }: ListRow): boolean =>
  place.locked && locked === undefined && pak?.record.saved === true;

function leftoverHint({ folder, pak, editedCopies, lockState }: ListRow): string {
  if ((pak?.changed.length ?? 0) + editedCopies.length > 0)
    return `Keep your edits elsewhere, or have them moved aside: paks remove ${folder} --force.`;
  // On a branch without paks there may be no lock, which both need.
  if (lockState === "none") return `Have it taken away: paks remove ${folder}.`;
  return "Have it taken away: paks ci, or paks install.";
}

const unrecorded = (row: ListRow): Problem =>
  row.lockState === "same"
    ? {
        ...about(row),
        code: "DRIFT",
        message: "is there with the locked files, without a record of paks",
        hint: "Have it recorded: paks ci, or paks install.",
      }
    : {
        ...about(row),
        code: "DRIFT",
        message: "is there with other files than the locked ones, without a record of paks",
        hint: "Look at what it is. paks ci --force keeps a copy of it and installs what is locked.",
      };

const modesHint = ({ place, ...row }: ListRow): string =>
  place.scope === "project"
    ? "Set them as they were: paks install, or paks ci."
    : `Set them as they were: install ${rowName({ place, ...row })} again.`;

function compiledHint(row: ListRow): string {
  const what = "Python leaves compiled files when a script of the skill runs, and runs them the next time.";
  const how = row.place.scope === "project" ? "paks ci --force" : `install ${rowName(row)} again with --force`;
  return `${what} To have only what was released: ${how}; they are not kept.`;
}

/** Absolute. */
async function listCompiledInCopies({ links, record, path: to }: InstalledPak, places: LinkPlaces): Promise<string[]> {
  const found: string[] = [];
  for (const link of links) {
    if ((await readLinkState(link, { to, record, places })) !== "copy") continue;
    found.push(...(await readChanges(link, record)).compiled.map((path) => join(link, path)));
  }
  return found;
}

function driftHint(row: ListRow): string {
  const { folder, place } = row;
  if (place.scope === "folder") return "Install it again with --force, which keeps a copy.";
  const flag = place.scope === "global" ? " -g" : "";
  return `See what: paks diff ${folder}${flag}. Put it back: ${installAgain(row, " --force")}, which keeps a copy.`;
}

/** Where `paks.jsonc` and the lock do not agree, and where the lock does not agree with itself. */
export function checkWorkspace({ workspace, root, lock, workspaceFile }: OpenWorkspace): Problem[] {
  if (workspaceFile === undefined) return [];
  const hint = "Bring them together: paks install.";
  try {
    const absent = listWishes(workspace, root).filter((wish) => findLocked(lock.paks, wish) === undefined);
    const others = listDisagreements(workspace, lock, root).filter((text) => !text.endsWith(notLocked));
    return [
      ...absent.map(({ text }): Problem => ({
        code: "DRIFT",
        folder: null,
        name: text,
        message: `is asked for and not in ${lockFileName}`,
        hint: "Install it: paks install.",
      })),
      ...others.map((message): Problem => ({ code: "DRIFT", folder: null, name: null, message, hint })),
    ];
  } catch (error) {
    if (!(error instanceof PaksError)) throw error;
    return [problemOf(error, { folder: null, name: null })];
  }
}
