import { isVersion, tagVersion } from "@paks/schema";
import type { Context } from "../context.ts";
import type { Fetched } from "../install/fetched.ts";
import type { Wish } from "../workspace/wish.ts";

/**
 * The newest stable version there is of what a source of git or npm asks for with a range or tag; `undefined` where it
 * asks for the newest anyway, or for something that has no versions.
 * @throws PaksError those of asking
 */
export async function findLatest(context: Context, { source }: Wish, fetched: Fetched): Promise<string | undefined> {
  if (source.type === "git" && source.version !== undefined) {
    const { openGitReader } = await import("../install/git-reader.ts");
    const { newestTag } = await import("../install/git-point.ts");
    const { tags } = await (await openGitReader(source.url, context)).listRefs();
    const { path } = source;
    const newest = newestTag(
      tags.map(({ tag }) => tag),
      { path },
    );
    return newest && tagVersion(newest, { name: path?.slice(path.lastIndexOf("/") + 1) ?? "", path: path ?? "" });
  }
  if (source.type !== "npm" || source.selector === undefined || fetched.version === null) return undefined;
  const { findNpmRegistry, findNpmRelease } = await import("../install/npm-registry.ts");
  const name = source.package;
  const { version } = await findNpmRelease({ name }, await findNpmRegistry(name, context), context);
  return isVersion(version) ? version : undefined;
}
