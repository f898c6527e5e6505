import { readFile } from "node:fs/promises";
import { join } from "node:path";

import { PaksError } from "@paks/schema";

import { type CagedRepository, runRemote } from "./cage.ts";
import { type GitPoint, pointRef, pointText } from "./point.ts";
import { tagRef } from "./read-tag.ts";

/**
 * Fetches one commit by the ref's full name. Never by its short one: a branch of the same name would be taken for
 * a tag. A host that knows no filters sends the files too, and git is content with that.
 * @param o.point its name was judged before
 * @param o.filter leave the files out
 * @throws PaksError TAG_NOT_FOUND, REF_NOT_FOUND and what `runRemote` throws
 */
export async function fetchRef(caged: CagedRepository, o: { point: GitPoint; filter: boolean }): Promise<void> {
  const command = ["fetch", "--quiet", "--no-tags", "--depth=1", ...(o.filter ? ["--filter=blob:none"] : [])];
  const safe = ["--no-recurse-submodules", "--no-auto-maintenance", "--end-of-options"];
  const refspec = `+${pointRef(o.point)}:${tagRef}`;
  await runRemote(caged, [...command, ...safe, caged.repository.url, refspec], { stdoutBytes: 64 * 1024 });
  await requirePoint(caged, o.point);
}

/**
 * Where `refs/tags/v1` is missing, git takes `refs/heads/refs/tags/v1` for it: also a full name is completed. What
 * was taken in the end stands in FETCH_HEAD (`<id>\t\ttag 'v1' of <url>`; a branch is called one there).
 */
async function requirePoint(caged: CagedRepository, point: GitPoint): Promise<void> {
  if (point.type === "commit") return;
  const line = await readFile(join(caged.gitDir, "FETCH_HEAD"), "utf8");
  const [, kind] = line.split("\n", 1)[0]!.split(/\t(?:not-for-merge)?\t/);
  const start = point.type === "head" ? "" : `${point.type} '${point.name}' of `;
  if (kind?.startsWith(start) && !(point.type === "head" && /^(?:tag|branch) '/.test(kind))) return;
  throw refNotFound(point, caged.repository.url);
}

export const refNotFound = (point: GitPoint, repository: string): PaksError =>
  new PaksError(
    point.type === "tag" ? "TAG_NOT_FOUND" : "REF_NOT_FOUND",
    `${pointText(point).replace(/^./, (first) => first.toUpperCase())} is not in ${repository}.`,
    { hint: point.type === "tag" ? "Push the tag first." : "Check the name.", details: { repository } },
  );
