import type { InstallResult, Installed } from "../install/install.ts";
import { safe } from "./safe-text.ts";
import { shortPath } from "./short-path.ts";

type Around = Parameters<typeof shortPath>[1];

/** What `install` and `ci` did, for programs. */
export const installedData = ({ installed, removed, root }: InstallResult) => ({
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
    links: one.links,
    backups: one.backups,
    notes: one.notes,
  })),
  removed,
});

/** The same for people. */
export const formatInstalled = ({ installed, removed }: InstallResult, around: Around): string =>
  [
    ...installed.map((one) => formatOne(one, around)),
    ...removed.map((folder) => `✓ Removed ${safe(folder)}: nothing asks for it any more`),
  ].join("\n");

const verbs = { installed: "Installed", replaced: "Replaced", unchanged: "Already there:" } as const;

function formatOne(one: Installed, around: Around): string {
  const { record } = one;
  const name = record.origin.type === "registry" ? `${record.origin.account}/${record.origin.name}` : record.name;
  const from = one.action === "replaced" && one.previous?.version ? `${one.previous.version} → ` : "";
  const at = (path: string) => safe(shortPath(path, around));
  const what = one.isDependency ? " (a dependency)" : "";
  return [
    `✓ ${verbs[one.action]} ${safe(name)} ${safe(from)}${safe(record.version ?? "(no version)")}${what}`,
    `  ${record.digest}  ${record.files.length} ${record.files.length === 1 ? "file" : "files"}, verified`,
    `  in ${at(one.path)}`,
    ...one.links.map((path) => `  linked from ${at(path)}`),
    ...one.backups.map((path) => `  a copy of what was there: ${at(path)}`),
    ...one.notes.map((note) => `⚠ ${safe(note)}`),
  ].join("\n");
}
