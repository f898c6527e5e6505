import type { RefFact } from "@paks/git/work-tree";
import { formatPakId, type PakId } from "@paks/schema";
import type { Registry } from "../registry.ts";
import type { TagFacts } from "./git-checks.ts";
import type { Problems } from "./problems.ts";

/** Tags of the release's name that lead elsewhere and that `--force` lets give way. */
export interface Overwrites {
  readonly local: RefFact | undefined;
  readonly remote: RefFact | undefined;
}

export const nothingOverwritten: Overwrites = { local: undefined, remote: undefined };

/** What stands where the tag has to be. A tag that an interrupted run of this release has left does not. */
export function findOverwrites({ local, remote, target, localIsOurs }: TagFacts): Overwrites {
  if (remote && remote.commit === target) return nothingOverwritten;
  const isOurs = local !== undefined && local.commit === target && localIsOurs;
  return { local: isOurs ? undefined : local, remote };
}

export const isOverwriting = ({ local, remote }: Overwrites): boolean => local !== undefined || remote !== undefined;

/** Each of them with where it leads. @param remote name of the remote */
export function listOverwrites({ local, remote: there }: Overwrites, tag: string, remote: string): string[] {
  const lines: string[] = [];
  if (local) lines.push(`the tag ${tag} in this repository (commit ${local.commit.slice(0, 12)})`);
  if (there) lines.push(`the tag ${tag} on ${remote} (commit ${there.commit.slice(0, 12)})`);
  return lines;
}

/** A version that the registry has recorded never changes, whatever the tag says later. */
export async function checkUnrecorded(
  registry: Registry,
  { id, version, command }: { readonly id: PakId; readonly version: string; readonly command: string },
  problems: Problems,
): Promise<void> {
  const found = await problems.note(registry.findRelease(id, version));
  if (!found) return;
  problems.add({
    severity: "error",
    code: "VERSION_EXISTS",
    message: `The registry has recorded ${formatPakId(id)} ${version} (commit ${found.commit.slice(0, 12)}). A recorded version never changes, so its tag is not overwritten.`,
    hint: `Release the next version: ${command} --bump patch`,
  });
}

export const unasked =
  "The registry was not asked: when it has recorded this version already, it keeps what it has and reports the tag as moved (TAG_MOVED)";
