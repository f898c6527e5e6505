import { readFile } from "node:fs/promises";
import { join } from "node:path";

import { PaksError } from "@paks/schema";

import { type CagedRepository, runRemote } from "./cage.ts";
import { tagRef } from "./read-tag.ts";

/**
 * Fetches one commit by the tag's full name. Never by its short one: a branch of the same name would be taken for
 * it. A host that knows no filters sends the files too, and git is content with that.
 * @param o.tag judged by `parseTagName` before
 * @param o.filter leave the files out
 * @throws PaksError TAG_NOT_FOUND and what `runRemote` throws
 */
export async function fetchRef(caged: CagedRepository, o: { tag: string; filter: boolean }): Promise<void> {
  const command = ["fetch", "--quiet", "--no-tags", "--depth=1", ...(o.filter ? ["--filter=blob:none"] : [])];
  const safe = ["--no-recurse-submodules", "--no-auto-maintenance", "--end-of-options"];
  const refspec = `+refs/tags/${o.tag}:${tagRef}`;
  await runRemote(caged, [...command, ...safe, caged.repository.url, refspec], { stdoutBytes: 64 * 1024 });
  await requireTag(caged, o.tag);
}

/**
 * Where `refs/tags/v1` is missing, git takes `refs/heads/refs/tags/v1` for it: also a full name is completed. What
 * was taken in the end stands in FETCH_HEAD (`<id>\t\ttag 'v1' of <url>`; a branch is called one there).
 */
async function requireTag(caged: CagedRepository, tag: string): Promise<void> {
  const line = await readFile(join(caged.gitDir, "FETCH_HEAD"), "utf8");
  const [, kind] = line.split("\n", 1)[0]!.split(/\t(?:not-for-merge)?\t/);
  if (kind?.startsWith(`tag '${tag}' of `)) return;
  throw new PaksError("TAG_NOT_FOUND", `Tag ${tag} is not in ${caged.repository.url}.`, {
    hint: "Push the tag first.",
    details: { repository: caged.repository.url },
  });
}
