import { basename } from "node:path";
import { isPaksError } from "@paks/schema";
import { findRecord } from "./installed-state.ts";
import type { InstallResult, Installed } from "./install.ts";
import { listRecordedFolders } from "./list-installed.ts";

/** By the name in the manifest: the folders that have it. */
type Names = Map<string, string[]>;

/**
 * Tells of paks that have one name in their manifests and folders of other names, given with `--as`: a folder of its own
 * is enough for paks, and not for the tools that go by the manifest. The manifest stays as it was released.
 */
export async function tellSameNames(result: InstallResult): Promise<InstallResult> {
  const [first] = result.installed;
  if (first === undefined) return result;
  const names = await readNames(first.path.slice(0, -first.record.folder.length - 1), result.installed);
  return { ...result, installed: result.installed.map((one) => withSameNames(one, names)) };
}

async function readNames(skillsFolder: string, installed: readonly Installed[]): Promise<Names> {
  const known = new Map(installed.map(({ record }) => [record.folder, record.name]));
  const names: Names = new Map();
  for (const folder of await listRecordedFolders(skillsFolder)) {
    const name = known.get(folder) ?? (await nameOf(skillsFolder, folder));
    if (name !== undefined) names.set(name, [...(names.get(name) ?? []), folder]);
  }
  return names;
}

/** A record that cannot be read is told of by whoever is asked about it. */
async function nameOf(skillsFolder: string, folder: string): Promise<string | undefined> {
  try {
    return (await findRecord(skillsFolder, folder))?.name;
  } catch (error) {
    if (isPaksError(error)) return undefined;
    throw error;
  }
}

function withSameNames(one: Installed, names: Names): Installed {
  const { folder, name } = one.record;
  const isRenamed = basename(folder) !== name;
  // With --dir each account has a folder of its own, and both names are as they were.
  const sameName = (names.get(name) ?? []).filter(
    (other) => other !== folder && (isRenamed || basename(other) !== name),
  );
  if (sameName.length === 0) return one;
  const note = `${folder} and ${sameName.join(", ")} are both called ${name} in their manifests. Tools that go by that name find one of them only (OpenCode, GitHub Copilot) or report a conflict (Gemini CLI); those that go by the folder find both (Claude Code).`;
  return { ...one, sameName, notes: [...one.notes, note] };
}
