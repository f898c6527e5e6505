import { isPaksError, parseTagName, type RepositoryUrl } from "@paks/schema";

import { type GitCage, openCage, runRemote } from "./cage.ts";

export interface ListedTag {
  readonly tag: string;
  /** What the ref points to. */
  readonly object: string;
  /** What an annotated tag leads to in the end; `undefined` for a lightweight one, whose `object` is all there is. */
  readonly commit: string | undefined;
}

/** git holds the whole listing in memory, several times over; this is what a listing of `listingBytes` needs. */
const memoryBytes = 512 * 1024 * 1024;

/**
 * All tags of a repository whose names can be those of releases, in the order of the host.
 * @throws PaksError REPOSITORY_TOO_COMPLEX when the listing is too long, and what `fetchTag` throws for hosts
 */
export async function listTags(
  cage: GitCage,
  repository: RepositoryUrl,
  options: { signal?: AbortSignal | undefined } = {},
): Promise<ListedTag[]> {
  const caged = await openCage(cage, repository, options.signal);
  try {
    const command = ["ls-remote", "--quiet", "--tags", "--end-of-options", caged.repository.url];
    const stdoutBytes = cage.limits.listingBytes;
    const { stdout } = await runRemote(caged, command, { stdoutBytes, memoryBytes });
    return parseListing(stdout.toString("utf8"));
  } finally {
    await caged.scratch.close();
  }
}

export interface ListedRefs {
  readonly tags: readonly ListedTag[];
  readonly branches: readonly { readonly branch: string; readonly commit: string }[];
  /** What the repository shows first; `undefined` when it is empty. */
  readonly head: { readonly commit: string; readonly branch: string | undefined } | undefined;
}

/**
 * Tags, branches and the default branch, as far as their names can be asked for.
 * @throws PaksError as `listTags`
 */
export async function listRefs(
  cage: GitCage,
  repository: RepositoryUrl,
  options: { signal?: AbortSignal | undefined } = {},
): Promise<ListedRefs> {
  const caged = await openCage(cage, repository, options.signal);
  try {
    const command = ["ls-remote", "--quiet", "--symref", "--end-of-options", caged.repository.url];
    const patterns = ["HEAD", "refs/heads/*", "refs/tags/*"];
    const stdoutBytes = cage.limits.listingBytes;
    const { stdout } = await runRemote(caged, [...command, ...patterns], { stdoutBytes, memoryBytes });
    return parseRefs(stdout.toString("utf8"));
  } finally {
    await caged.scratch.close();
  }
}

/** Only whole names, for the reason given at `parseListing`. */
export function parseRefs(text: string): ListedRefs {
  const branches: { branch: string; commit: string }[] = [];
  let head: string | undefined;
  let shown: string | undefined;
  for (const line of text.split("\n")) {
    const [, oid, name] = /^([0-9a-f]{40}|ref: \S+)\t(.+)$/.exec(line) ?? [];
    if (oid === undefined || name === undefined) continue;
    if (name === "HEAD" && oid.startsWith("ref: ")) shown = /^ref: refs\/heads\/(.+)$/.exec(oid)?.[1];
    else if (name === "HEAD") head = oid;
    else if (name.startsWith("refs/heads/") && isTagName(name.slice(11)))
      branches.push({ branch: name.slice(11), commit: oid });
  }
  const branch = branches.find((one) => one.branch === shown)?.branch;
  return { tags: parseListing(text), branches, head: head === undefined ? undefined : { commit: head, branch } };
}

/** Only whole names below `refs/tags/`: git's own patterns also match `refs/heads/refs/tags/v1`. */
export function parseListing(text: string): ListedTag[] {
  const objects = new Map<string, string>();
  const peeled = new Map<string, string>();
  for (const line of text.split("\n")) {
    const [, oid, name, peel] = /^([0-9a-f]{40})\trefs\/tags\/(.+?)(\^\{\})?$/.exec(line) ?? [];
    if (oid === undefined || name === undefined || !isTagName(name)) continue;
    (peel === undefined ? objects : peeled).set(name, oid);
  }
  return Array.from(objects, ([tag, object]) => ({ tag, object, commit: peeled.get(tag) }));
}

function isTagName(name: string): boolean {
  try {
    parseTagName(name);
    return true;
  } catch (error) {
    if (isPaksError(error, "INVALID_TAG")) return false;
    throw error;
  }
}
