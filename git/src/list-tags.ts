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
