import {
  type Lock,
  PaksError,
  type Workspace,
  formatPakId,
  lockFileName,
  selectVersion,
  workspaceFileNames,
} from "@paks/schema";
import { findLocked, findLockedId } from "./entry.ts";
import type { OpenWorkspace } from "./open-workspace.ts";
import { identityOf, listWishes } from "./wish.ts";

/** How the sentence about a source that the lock does not have ends. */
export const notLocked = " is in paks.jsonc, not in paks.lock";

/** Where lock and workspace do not agree: each a sentence that begins with a name. */
export function listDisagreements(workspace: Workspace, lock: Lock, root: string): string[] {
  const reached = new Set<string>();
  const problems: string[] = [];
  const open: string[] = [];
  const reach = (folder: string) => {
    if (!reached.has(folder)) open.push(folder);
    reached.add(folder);
  };
  for (const wish of listWishes(workspace, root)) {
    const found = findLocked(lock.paks, wish);
    if (!found) problems.push(`${wish.text}${notLocked}`);
    else {
      reach(found.folder);
      const { source } = found.entry;
      if (wish.as !== undefined && wish.as !== found.folder)
        problems.push(`${wish.text} is called "${wish.as}" in paks.jsonc and "${found.folder}" in paks.lock`);
      if (source !== wish.text)
        problems.push(`${identityOf(wish.source)} is "${wish.text}" in paks.jsonc and "${source ?? ""}" in paks.lock`);
      else if (wish.source.type === "registry" && !fits(found.entry.version, wish.source.selector))
        problems.push(`${wish.text} is locked to ${found.entry.version}, which does not fit`);
    }
  }
  for (let folder = open.pop(); folder !== undefined; folder = open.pop())
    for (const [id, range] of Object.entries(lock.paks[folder]!.dependencies)) {
      const found = findLockedId(lock.paks, id);
      if (!found) problems.push(`${id}, which ${folder} depends on, is not in paks.lock`);
      else if (!fits(found.entry.version, range))
        problems.push(`${id} is locked to ${found.entry.version}; ${folder} depends on ${range}`);
      if (found) reach(found.folder);
    }
  for (const folder of Object.keys(lock.paks))
    if (!reached.has(folder)) problems.push(`${folder} is in paks.lock, and nothing asks for it`);
  return problems;
}

const fits = (version: string | null, selector = "latest"): boolean =>
  version !== null && selectVersion([{ version, yanked: false }], selector) !== undefined;

/** @throws PaksError LOCKFILE_MISMATCH */
export function requireAgreement(workspace: Workspace, lock: Lock, root: string): void {
  const problems = listDisagreements(workspace, lock, root);
  if (problems.length === 0) return;
  throw new PaksError("LOCKFILE_MISMATCH", `paks.lock does not fit paks.jsonc: ${problems.slice(0, 5).join("; ")}.`, {
    hint: "Run `paks install` and commit paks.lock.",
    details: { problems },
  });
}

/**
 * A lock whose wishes are gone: a new file with one entry would take the place of the whole list, and without any
 * everything would go.
 * @throws PaksError LOCKFILE_MISMATCH
 */
export function requireWishes({ workspaceFile, lock }: Pick<OpenWorkspace, "workspaceFile" | "lock">): void {
  if (workspaceFile !== undefined || Object.keys(lock.paks).length === 0) return;
  const [name] = workspaceFileNames;
  throw new PaksError("LOCKFILE_MISMATCH", `${name} is missing, although ${lockFileName} is here.`, {
    hint: `Take it from version control again: git checkout ${name}. To begin a new list instead, delete ${lockFileName} as well.`,
  });
}

/** One way from what the workspace asks for to a pak. */
export interface Why {
  /** `paks.jsonc`'s source or a locked folder, then `account/name@range` step by step. */
  readonly path: readonly string[];
  /** The path ends where it has been before. */
  readonly isCycle: boolean;
}

const mostPaths = 100;

/** Every way that leads to the pak in `folder`, shortest first, at most 100. */
export function listReasons(lock: Lock, folder: string): Why[] {
  const found: Why[] = [];
  const requesters = new Map<string, { readonly folder: string; readonly step: string }[]>();
  for (const [from, { dependencies }] of Object.entries(lock.paks))
    for (const [id, range] of Object.entries(dependencies)) {
      const to = findLockedId(lock.paks, id)?.folder;
      if (to !== undefined)
        requesters.set(to, [...(requesters.get(to) ?? []), { folder: from, step: `${id}@${range}` }]);
    }
  // Backwards from the pak, all ways at once; a way that comes to where it was is a cycle.
  let ways: { readonly at: string; readonly steps: readonly string[]; readonly seen: ReadonlySet<string> }[] = [
    { at: folder, steps: [], seen: new Set([folder]) },
  ];
  while (ways.length > 0 && found.length < mostPaths) {
    const longer: typeof ways = [];
    for (const { at, steps, seen } of ways) {
      const entry = lock.paks[at]!;
      if (entry.source !== null) found.push({ path: [entry.source, ...steps], isCycle: false });
      for (const { folder: from, step } of requesters.get(at) ?? []) {
        if (seen.has(from)) found.push({ path: [nameOf(lock, from), step, ...steps], isCycle: true });
        else longer.push({ at: from, steps: [step, ...steps], seen: new Set([...seen, from]) });
      }
    }
    ways = longer.slice(0, 1000);
  }
  return found.slice(0, mostPaths);
}

function nameOf(lock: Lock, folder: string): string {
  const { resolved } = lock.paks[folder]!;
  return resolved.type === "registry" ? formatPakId(resolved) : folder;
}
