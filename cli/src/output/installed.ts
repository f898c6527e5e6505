import { dirname } from "node:path";
import type { InstallResult, Installed } from "../install/install.ts";
import { formatHeldBack } from "./held-back.ts";
import { formatMoved, movedData } from "./moved.ts";
import { safe } from "./safe-text.ts";
import { shortPath } from "./short-path.ts";

type Around = Parameters<typeof shortPath>[1];

/** What `install` and `ci` did, for programs. */
export const installedData = ({ installed, removed, root, heldBack }: InstallResult) => ({
  workspace: root ?? null,
  installed: installed.map((one) => ({
    action: one.action,
    name: one.record.name,
    folder: one.record.folder,
    version: one.record.version,
    digest: one.record.digest,
    origin: one.record.origin,
    dependency: one.isDependency,
    path: one.path,
    renamed_from: one.renamedFrom ?? null,
    links: one.links,
    copies: one.copies,
    read_by: one.readers,
    unlinked: one.unlinked ?? [],
    mended: one.mended ?? [],
    kept_range: one.keptRange ?? null,
    ...movedData(one.moved),
    same_name: one.sameName ?? [],
    notes: one.notes,
  })),
  removed,
  held_back: heldBack,
});

/** The same for people. */
export function formatInstalled(
  { installed, removed, leftovers, disabled, heldBack }: InstallResult,
  around: Around,
): string {
  const renamed = new Set(installed.map(({ renamedFrom }) => renamedFrom));
  const why = (folder: string) => {
    if (leftovers.includes(folder)) return "paks.lock no longer names it";
    return disabled.includes(folder) ? "it is disabled in paks.jsonc" : "nothing asks for it any more";
  };
  return [
    ...installed.map((one) => formatOne(one, around)),
    ...removed.flatMap((folder) => (renamed.has(folder) ? [] : [`✓ Removed ${safe(folder)}: ${why(folder)}`])),
    ...formatHeldBack(heldBack),
  ].join("\n");
}

/** Its folder was gone, and its record was not. */
export const isPutBack = ({ action, previous, record }: Installed): boolean =>
  action === "installed" && previous !== undefined && previous.digest === record.digest;

/** One line for each link and copy that is taken away. */
export const formatUnlinked = ({ unlinked = [] }: Installed, around: Around): string[] =>
  unlinked.map((path) => `  no longer in ${safe(shortPath(path, around))}: it is not for that tool any more`);

const verbs = { installed: "Installed", replaced: "Replaced", unchanged: "Already there:" } as const;

function formatOne(one: Installed, around: Around): string {
  const { record } = one;
  const name = record.origin.type === "registry" ? `${record.origin.account}/${record.origin.name}` : record.name;
  const from = one.action === "replaced" && one.previous?.version ? `${one.previous.version} → ` : "";
  const at = (path: string) => safe(shortPath(path, around));
  const renamed = one.renamedFrom === undefined ? "" : ` (renamed from ${safe(one.renamedFrom)})`;
  const asked = one.isNewlyAsked === true ? " (paks.jsonc asks for it too now)" : "";
  const what = `${one.isDependency ? " (a dependency)" : ""}${renamed}${asked}`;
  const kept =
    one.keptRange === undefined
      ? ""
      : ` (paks.jsonc asks for ${safe(one.keptRange)}; the newest of all: paks install ${safe(name)}@latest)`;
  const isCopy = (path: string) => one.copies.includes(path);
  return [
    `✓ ${isPutBack(one) ? "Put back" : verbs[one.action]} ${safe(name)} ${safe(from)}${safe(record.version ?? "(no version)")}${what}${kept}`,
    `  ${record.digest}  ${record.files.length} ${record.files.length === 1 ? "file" : "files"}, verified`,
    `  in ${at(one.path)}`,
    ...one.links.map((path) => `  ${isCopy(path) ? "copied to" : "linked from"} ${at(path)}`),
    ...formatUnlinked(one, around),
    ...(one.readers.length > 0 ? [`  read by ${one.readers.join(", ")} from ${at(dirname(one.path))}`] : []),
    ...formatMoved(one.moved, around),
    ...one.notes.map((note) => `⚠ ${safe(note)}`),
  ].join("\n");
}
