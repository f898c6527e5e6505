import { PaksError } from "@paks/schema";
import type { Context } from "../../context.ts";
import { type ManifestFacts, readManifestFacts } from "../draft.ts";
import { checkBranch } from "../git-checks.ts";
import type { PublishOptions } from "../options.ts";
import type { Outside } from "../outside.ts";
import { type PakContent, readContents } from "../pak-content.ts";
import { decideRelease } from "../plan.ts";
import { Problems, requireValue, settle, type Settled } from "../problems.ts";
import type { ReleasePlan } from "../release-plan.ts";
import { factsOf, type RepositoryFacts, type WholeRepository } from "../repository-facts.ts";
import { inParallel } from "./in-parallel.ts";
import { requirePushable } from "./pushable.ts";
import { listPakFolders, selectChanged, selectNamed, type Selection } from "./select.ts";
import type { Started } from "../start.ts";
import type { TagIndex } from "./tag-index.ts";
import { indexOf, requireOneTagEach, tagsOfEach } from "./tags-of-each.ts";

export interface PlannedPak {
  /** Folder in the repository. */
  readonly path: string;
  readonly plan?: ReleasePlan | undefined;
  /** Why this one cannot be released. */
  readonly error?: PaksError | undefined;
}

export interface BatchPlan {
  readonly paks: readonly PlannedPak[];
  /** All paks of the repository. */
  readonly total: number;
  /** The remote has HEAD's commit already: only tags are left to be pushed. */
  readonly tagsOnly: boolean;
  /** What stays as it is, for people. */
  readonly note: string | undefined;
}

/** All that was read of the repository and heard from the remote. */
interface Read {
  readonly whole: WholeRepository;
  readonly outside: Outside;
  readonly options: PublishOptions;
  /** Folders of all paks. */
  readonly folders: readonly string[];
}

/**
 * Plans for several paks of one repository. What stands in the way of all of them is thrown, what stands in the way of
 * one stays with that one. The number of git processes does not depend on the number of paks.
 */
export async function planBatch(
  context: Context,
  { options: asked, facts, outside: answers }: Started<WholeRepository>,
  selection: Selection,
): Promise<BatchPlan> {
  const whole = await facts;
  const options = { ...asked, onlyChanged: selection.type === "changed" };
  const known = { whole, options, folders: listPakFolders(whole) };
  // By the tags that are here, while the remote is still answering; as a rule it has no others.
  const likely = await settle(selectAndRead(context, { ...known, tags: indexOf(whole, [], options) }, selection));
  const read = { ...known, outside: await answers };
  requireReady(read);
  const tags = tagsOfEach(read);
  const chosen = tags.isKnownHere
    ? requireValue(likely)
    : await selectAndRead(context, { ...known, tags: tags.index }, selection);
  const work = chosen.map(
    (pak) => async () => await planOne(context, { ...pak, ...tags.of(pak.facts, read.outside) }, options),
  );
  const { paks, tagsOnly } = requirePushable(requireOneTagEach(await inParallel(work, 8)), read);
  const paths = paks.map(({ path }) => path);
  return { paks, tagsOnly, total: read.folders.length, note: describeRest(whole, paths) };
}

/** A pak that is meant, with all that is read of it. */
interface ReadPak extends Settled<PakContent> {
  readonly facts: RepositoryFacts;
  readonly manifest: ManifestFacts | undefined;
}

type SelectFrom = Omit<Read, "outside"> & { readonly tags: TagIndex };

async function selectAndRead(context: Context, from: SelectFrom, selection: Selection): Promise<readonly ReadPak[]> {
  const each = factsOf(from.whole, await select(context, from, selection));
  const contents = await readContents(each);
  return each.map((facts, at) => {
    const content = contents[at]!;
    return { ...content, facts, manifest: content.value && readManifestFacts(facts, content.value) };
  });
}

async function planOne(
  context: Context,
  { facts, outside, manifest, value: content, error }: ReadPak & { readonly outside: Outside },
  options: PublishOptions,
): Promise<PlannedPak> {
  const { path } = facts.place;
  if (!content) return { path, error };
  // Whether a push would be taken is asked once, and judged when it is known what is left to be pushed.
  const gathered = { facts, content, manifest, outside: { ...outside, permission: {} }, options, isOneOfMany: true };
  const decided = await settle(decideRelease(context, gathered));
  return { path, plan: decided.value, error: decided.error };
}

async function select(
  context: Context,
  { whole, options, folders, tags }: SelectFrom,
  selection: Selection,
): Promise<readonly string[]> {
  if (selection.type === "named") return selectNamed(context, whole, selection.paks);
  if (folders.length === 0) {
    throw new PaksError("MANIFEST_MISSING", `There is no pak in ${whole.place.root}.`, {
      hint: "Make one with paks create <name>, and commit it: only what is committed counts.",
    });
  }
  if (selection.type === "all") return folders;
  return await selectChanged({ ...whole, paths: folders, tags }, options);
}

/** What would stop every pak is said once. */
function requireReady({ whole, outside }: Read): void {
  const problems = new Problems();
  problems.add(checkBranch(whole.status), ...outside.operations);
  const { identity, remote, address, refs, me, health } = outside;
  for (const { error } of [identity, remote, address, refs, me, health]) problems.addError(error);
  problems.requireNone("these releases");
}

function describeRest({ status }: WholeRepository, paths: readonly string[]): string | undefined {
  const isInside = (file: string) => paths.some((path) => path === "" || file.startsWith(`${path}/`));
  const count = status.entries.filter(({ path }) => !isInside(path)).length;
  return count === 0
    ? undefined
    : `${count} uncommitted outside these paks: they stay as they are and are not released`;
}
