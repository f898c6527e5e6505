import { resolve } from "node:path";
import {
  type Dependency,
  type GitOrigin,
  type GitSource,
  type Lock,
  type LockedPak,
  type Origin,
  PaksError,
  type Source,
  formatPakId,
  originIdentity,
  parseSource,
  readOrigin,
  repositoryIdentity,
  workspaceFileNames,
} from "@paks/schema";
import type { Fetched } from "../install/fetched.ts";
import { isOfSamePlace } from "./locked-source.ts";
import type { Ranges } from "./resolve.ts";
import { type Wish, areOfTwoPaks, identityOf, insidePath } from "./wish.ts";

export const dependenciesOf = (dependencies: readonly Dependency[]): Ranges =>
  Object.fromEntries(dependencies.map((one) => [formatPakId(one), one.range]));

/** What the lock says of where bytes came from; a folder is named relative to the workspace. */
export function lockedOrigin(origin: Origin, root: string): Origin {
  if (origin.type !== "local") return origin;
  return { type: "local", path: insidePath(origin.path, root) ?? "" };
}

/** A registry says where a release is from; what cannot be read back must not be written down. */
export const requireOrigin = (origin: Origin): Origin =>
  readOrigin({
    value: origin,
    place: "",
    refuse: (place, why) =>
      new PaksError(
        "INTEGRITY_MISMATCH",
        `What is said about the origin of the files cannot be right: ${place} ${why}.`,
        {
          hint: "Nothing was installed. Tell who runs the registry.",
        },
      ),
  });

/** The pak's identity as `identityOf` has it for a source; a lock names folders without the `./`. */
const lockedIdentity = (origin: Origin): string =>
  origin.type === "local" ? `./${origin.path}` : originIdentity(origin);

/** Where the lock has what a source asks for. */
export function findLocked(
  paks: Readonly<Record<string, LockedPak>>,
  wish: Pick<Wish, "text" | "source">,
): { readonly folder: string; readonly entry: LockedPak } | undefined {
  const all = Object.entries(paks);
  const identity = identityOf(wish.source);
  const found =
    all.find(([, entry]) => entry.source === wish.text) ??
    all.find(([, entry]) => lockedIdentity(entry.resolved) === identity);
  return found && { folder: found[0], entry: found[1] };
}

/**
 * The sources that ask for what is locked in a folder, however they are written by now. One that leaves open which pak of
 * its repository it means is found by the locked source, which named as little.
 * @throws PaksError LOCKFILE_MISMATCH when it may be several
 */
export function listWishesOf(wishes: readonly Wish[], { paks }: Pick<Lock, "paks">, folder: string): readonly Wish[] {
  const entry = Object.hasOwn(paks, folder) ? paks[folder] : undefined;
  const found = wishes.filter((wish) => findLocked(paks, wish)?.folder === folder);
  if (entry === undefined || entry.source === null || found.length > 0) return found;
  const heirs = wishes.filter((wish) => findLocked(paks, wish) === undefined && isHeir(wish, entry));
  if (heirs.length < 2) return heirs;
  throw new PaksError(
    "LOCKFILE_MISMATCH",
    `${folder} is locked for "${entry.source}", and ${workspaceFileNames[0]} asks for ${heirs.map(({ text }) => `"${text}"`).join(" and ")} instead.`,
    { hint: "Run `paks install` first: then it is clear which of them it is.", details: { folder } },
  );
}

/** Whether a source that the lock does not have may ask for what is locked, written otherwise by now. */
export function isHeir({ source }: Pick<Wish, "source">, { source: text, resolved }: LockedPak): boolean {
  const asked = text === null ? undefined : parseSource(text);
  if (asked === undefined) return false;
  if (asked.type === "git" && source.type === "git" && resolved.type === "git") {
    const isPage = source.tree !== undefined || asked.tree !== undefined;
    if (isPage) return mayBeFolder(source, { asked, origin: resolved });
  }
  return identityOf(source) === identityOf(asked) && !isTagOfOther(resolved, source);
}

interface AskedFolder {
  readonly asked: GitSource;
  readonly origin: GitOrigin;
}

/** A browser's address ends with its folder, when it names one. */
function mayBeFolder({ url, tree, path }: GitSource, { asked, origin }: AskedFolder): boolean {
  if (repositoryIdentity(url) !== repositoryIdentity(origin.repository)) return false;
  const refs = [origin.tag ?? origin.branch ?? origin.commit, origin.commit, "HEAD"];
  const isOpen = asked.tree === undefined ? asked.path === undefined : refs.includes(asked.tree);
  if (tree === undefined) return isOpen && path === undefined;
  return isOpen || tree.endsWith(`/${origin.path}`);
}

const isTagOfOther = (origin: Origin, source: Source): boolean =>
  origin.type === "git" && source.type === "git" && areOfTwoPaks(origin.tag, source.tag);

/** Where the lock has the same pak of the same repository or package, in whatever state. */
export function findLockedOrigin(
  paks: Readonly<Record<string, LockedPak>>,
  origin: Origin,
): { readonly folder: string; readonly entry: LockedPak } | undefined {
  if (origin.type === "local") return undefined;
  const identity = originIdentity(origin);
  const found = Object.entries(paks).find(([, { resolved }]) => originIdentity(resolved) === identity);
  return found && { folder: found[0], entry: found[1] };
}

export const findLockedId = (
  paks: Readonly<Record<string, LockedPak>>,
  id: string,
): { readonly folder: string; readonly entry: LockedPak } | undefined => {
  const found = Object.entries(paks).find(
    ([, { resolved }]) => resolved.type === "registry" && formatPakId(resolved) === id,
  );
  return found && { folder: found[0], entry: found[1] };
};

export interface EntryFacts {
  readonly source: string | null;
  readonly root: string;
  readonly agents: readonly string[];
  readonly mode: "link" | "copy";
  readonly before: LockedPak | undefined;
}

/** What the lock says from now on of a pak that was fetched. */
export function makeEntry(fetched: Fetched, { source, root, agents, mode, before }: EntryFacts): LockedPak {
  const entry: LockedPak = {
    source,
    resolved: lockedOrigin(requireOrigin(fetched.origin), root),
    version: fetched.version,
    digest: fetched.digest,
    files: fetched.files.length,
    dependencies: dependenciesOf(fetched.manifest.dependencies),
    agents,
    mode,
  };
  if (!before) return entry;
  const { previous, pinned, ...old } = before;
  const kept = before.digest === entry.digest ? previous : old;
  // A pak that was moved below the folder that is named has no state before: that was another folder's.
  const last = kept && isOfSamePlace(kept.resolved, entry.resolved) ? kept : undefined;
  return { ...entry, ...(pinned && { pinned }), ...(last && { previous: last }) };
}

/** The source of a locked folder, absolute. */
export const localFolder = (root: string, path: string): string => resolve(root, path);
