import { type CagedRepository, runRemote } from "./cage.ts";
import { tagRef } from "./read-tag.ts";

/**
 * Fetches one commit by the tag's full name. Never by its short one: a branch of the same name would be taken for
 * it. A host that knows no filters sends the files too, and git is content with that.
 * @param o.tag judged by `parseTagName` before
 * @param o.filter leave the files out
 */
export async function fetchRef(caged: CagedRepository, o: { tag: string; filter: boolean }): Promise<void> {
  const command = ["fetch", "--quiet", "--no-tags", "--depth=1", ...(o.filter ? ["--filter=blob:none"] : [])];
  const safe = ["--no-write-fetch-head", "--no-recurse-submodules", "--no-auto-maintenance", "--end-of-options"];
  const refspec = `+refs/tags/${o.tag}:${tagRef}`;
  await runRemote(caged, [...command, ...safe, caged.repository.url, refspec], { stdoutBytes: 64 * 1024 });
}
