import { formatPakId, type PakId } from "@paks/schema";
import { readTrailers } from "./account.ts";
import { findLastRelease, indexTags } from "./batch/tag-index.ts";
import type { Draft } from "./draft.ts";
import { settle } from "./problems.ts";
import type { Known } from "./registry-side.ts";

/**
 * The pak's last release, when an earlier run pushed its tag while the registry was away: nobody would come back to it,
 * since the next release is of what has changed. The registry is asked beside the dry run, and a process starts only for
 * one that it has not recorded. A registry that does not answer is told elsewhere.
 */
export async function findUntoldVersion(
  { inputs, outside }: Known,
  { draft, id }: { readonly draft: Draft; readonly id: PakId },
): Promise<string | undefined> {
  const { facts, manifest, options, remoteRefs } = inputs;
  // What is out already is no next release.
  if (draft.remote || !outside.me.value) return undefined;
  const { path } = facts.place;
  const tags = indexTags(facts.refs, options.tagPrefix);
  const last = findLastRelease(tags, { name: manifest.name, path, prefix: options.tagPrefix });
  const there = remoteRefs.find(({ name }) => name === last?.ref.name);
  if (!last || last.ref.object === last.ref.commit || there?.object !== last.ref.object) return undefined;
  const recorded = await settle(outside.registry.findRelease(id, last.version));
  if (recorded.error || recorded.value) return undefined;
  const asserted = await readTrailers(facts.tree, last.ref);
  const isOurs = asserted?.package === formatPakId(id) && asserted.version === last.version && asserted.path === path;
  return isOurs ? last.version : undefined;
}
