import { type CommittedEntry, listCommitted, listMergedTags, type RefFact } from "@paks/git/work-tree";
import { formatPakId, type PakId } from "@paks/schema";
import { type AssertedTrailers, readTrailers } from "./account.ts";
import { checkTags, type Draft, tagFactsOf } from "./draft.ts";
import { findOverwrites, nothingOverwritten, type Overwrites } from "./overwrites.ts";
import type { Problems } from "./problems.ts";
import type { Known } from "./registry-side.ts";

/** What annotated tags assert that were read for all paks of a run in one go, by the tag object's id. */
export type TagsRead = ReadonlyMap<string, AssertedTrailers | undefined>;

/** What the tag of a release meets that is there already. */
export interface Meeting extends Known {
  readonly draft: Draft;
  readonly id: PakId | undefined;
  readonly tagsRead?: TagsRead | undefined;
}

/** A tag that an earlier run of ours has put on another commit, and what becomes of it. */
export interface Standing {
  /** It is the release that is asked for, and stays where it is. */
  readonly draft?: Draft | undefined;
  /** It is out, the registry was never told, and what is to be released now is something else. */
  readonly untold?: boolean | undefined;
  /** For people: that what has changed since is left out. */
  readonly note?: string | undefined;
}

/**
 * Commits come after a release that are none of the pak's, also the version commit of a later run: then its tag is on
 * an older commit and is the release all the same, as long as pak, version, folder and digest are. A version that was
 * asked for by number and that the registry was never told of is announced whatever has changed since.
 */
export async function findStanding(meeting: Meeting): Promise<Standing> {
  const { inputs, draft, id } = meeting;
  const { facts, options } = inputs;
  const ref = draft.remote ?? draft.local;
  if (!ref || !id || options.force === true || ref.commit === facts.status.commit) return {};
  // Two tags of one name: nobody can say which one is meant.
  if (draft.remote && draft.local && draft.local.object !== draft.remote.object) return {};
  const asserted = await readAsserted(meeting, ref);
  if (!asserted || asserted.package !== formatPakId(id) || asserted.version !== draft.version) return {};
  if (asserted.path !== facts.place.path) return {};
  if (!draft.edit && asserted.digest === draft.digest) {
    return draft.remote || (await mayPushFrom(meeting, asserted)) ? { draft: { ...draft, standsAt: ref.commit } } : {};
  }
  if (!draft.remote || !(await isUntold(meeting, id))) return {};
  if (options.version === undefined) return { untold: true };
  const note = `Only tells the registry of ${draft.tag} (commit ${ref.commit.slice(0, 7)}): what has changed since is not in it`;
  const files = await listCommitted(facts.tree, ref.commit);
  return { draft: announcedDraft(draft, { ...asserted, commit: ref.commit, files }), note };
}

const announcedDraft = (
  draft: Draft,
  {
    commit,
    digest,
    files,
  }: { readonly commit: string; readonly digest: string; readonly files: readonly CommittedEntry[] },
): Draft => ({
  ...draft,
  edit: undefined,
  digest,
  listed: files,
  bytes: files.reduce((sum, { size }) => sum + size, 0),
  standsAt: commit,
});

/** A tag that nobody else has goes out only together with the commit that it leads to. */
async function mayPushFrom({ inputs, draft }: Meeting, { signed }: AssertedTrailers): Promise<boolean> {
  const { facts, options } = inputs;
  if (options.tagForm === "lightweight" || (options.tagForm === "signed" && !signed)) return false;
  return (await listMergedTags(facts.tree)).has(draft.tag);
}

async function isUntold({ inputs, outside, draft }: Meeting, id: PakId): Promise<boolean> {
  const { push, skipRegistry } = inputs.options;
  if (!push || skipRegistry || !outside.me.value) return false;
  return (await outside.registry.findRelease(id, draft.version)) === undefined;
}

async function readAsserted({ inputs, tagsRead }: Meeting, ref: RefFact): Promise<AssertedTrailers | undefined> {
  if (tagsRead?.has(ref.object) === true) return tagsRead.get(ref.object);
  return await readTrailers(inputs.facts.tree, ref);
}

export async function checkTagsAndPush(
  meeting: Meeting & { readonly untold?: boolean | undefined },
  problems: Problems,
): Promise<Overwrites> {
  const { inputs, outside, draft, untold } = meeting;
  const ours = await isOurTag(meeting);
  const facts = { ...tagFactsOf(inputs, draft, ours), untold };
  problems.add(...checkTags(inputs, draft, facts));
  // What is on the remote already need not be pushed, even when the branch has moved on since.
  if (!isPushed(inputs, draft)) problems.addError(outside.permission.error);
  return inputs.options.force === true ? findOverwrites(facts) : nothingOverwritten;
}

/** Whether the remote has this very release. */
export const isPushed = ({ facts }: Known["inputs"], { edit, remote, standsAt }: Draft): boolean =>
  !edit && remote !== undefined && remote.commit === (standsAt ?? facts.status.commit);

/** Whether the tag that is here, and has yet to be pushed, is the one that this release would make. */
async function isOurTag(meeting: Meeting): Promise<boolean> {
  const { inputs, draft, id } = meeting;
  const { facts, options } = inputs;
  const { local } = draft;
  if (draft.standsAt !== undefined) return true;
  const target = draft.edit ? undefined : facts.status.commit;
  if (!local || (draft.remote && options.force !== true) || local.commit !== target || !id) return false;
  if (options.tagForm === "lightweight") return local.object === target;
  const trailers = await readAsserted(meeting, local);
  return (
    trailers !== undefined &&
    (trailers.signed || options.tagForm !== "signed") &&
    trailers.package === formatPakId(id) &&
    trailers.version === draft.version &&
    trailers.digest === draft.digest
  );
}
