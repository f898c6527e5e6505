import { type GitOrigin, type LockedPak, PaksError, formatSource, quoteForShell } from "@paks/schema";
import type { Fetched } from "../install/fetched.ts";

interface Locked {
  readonly folder: string;
  readonly entry: Omit<LockedPak, "previous">;
}

/**
 * A tag that was locked never means other bytes; and what asks for the newest release, or for a name, does not silently
 * follow a branch when the tag is gone.
 * @param text what asks for it; who writes something else may mean the branch
 * @throws PaksError TAG_MOVED, TAG_NOT_FOUND
 */
export function requireSameTag({ folder, entry }: Locked, { origin, digest }: Fetched, text: string): void {
  const { resolved, source } = entry;
  if (resolved.type !== "git" || origin.type !== "git" || resolved.tag === undefined) return;
  if (origin.tag === undefined && text === source) throw tagGone(folder, resolved, origin);
  if (origin.tag === resolved.tag && digest !== entry.digest) throw tagMoved(folder, resolved, origin);
}

const tagMoved = (folder: string, { tag, commit, repository }: GitOrigin, found: GitOrigin): PaksError =>
  new PaksError("TAG_MOVED", `The tag ${tag} of ${repository} has other content than when ${folder} was locked.`, {
    hint: `Ask the author. If it is right: paks remove ${folder}, then install it again.`,
    details: { folder, tag, locked: commit, found: found.commit },
  });

function tagGone(folder: string, { tag, repository, path }: GitOrigin, { branch, commit }: GitOrigin): PaksError {
  const state = branch === undefined ? { commit } : { branch };
  const instead = formatSource({ type: "git", url: repository, ...state, ...(path !== "" && { path }) });
  return new PaksError("TAG_NOT_FOUND", `${repository} no longer has the tag ${tag} of ${folder}, nor another of it.`, {
    hint: `What is installed stays as it is. Ask the author; to follow ${branch ?? "that commit"} instead: paks install ${quoteForShell(instead)}`,
    details: { folder, tag, repository },
  });
}
