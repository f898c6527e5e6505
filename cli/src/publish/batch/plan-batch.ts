import { formatTag, isVersion, mostTagsAtOnce, PaksError } from "@paks/schema";
import type { Context } from "../../context.ts";
import { readAllTrailers } from "../account.ts";
import { findPrepared, type ManifestFacts, readManifestFacts } from "../draft.ts";
import { checkBranch } from "../git-checks.ts";
import type { OthersOfRun } from "../find-missing.ts";
import type { PublishOptions } from "../options.ts";
import type { Outside } from "../outside.ts";
import { type PakContent, readContents } from "../pak-content.ts";
import { decideRelease, type Gathered } from "../plan.ts";
import { Problems, requireValue, settle, type Settled } from "../problems.ts";
import { hasGitWork, type ReleasePlan } from "../release-plan.ts";
import { factsOf, type RepositoryFacts, type WholeRepository } from "../repository-facts.ts";
import { inParallel } from "./in-parallel.ts";
import { requirePushable } from "./pushable.ts";
import { listPakFolders, selectChanged, selectNamed, type Selection } from "./select.ts";
import type { Started } from "../start.ts";
import type { TagsRead } from "../tag-checks.ts";
import type { TagIndex } from "./tag-index.ts";
import { indexOf, requireOneTagEach, tagsOfEach, type TagsOfEach } from "./tags-of-each.ts";
import { findUntold } from "./untold.ts";
import { findOwners, openSides, type Sides } from "../which-registry.ts";

export interface PlannedPak {
  /** Folder in the repository. */
  readonly path: string;
  readonly plan?: ReleasePlan | undefined;
  /** Why this one cannot be released. */
  readonly error?: PaksError | undefined;
  /** Nobody has asked for it: an earlier run has released it, and the registry is told after all. */
  readonly isUntold?: boolean | undefined;
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
  const planning = { read, tags, sides: openSides(context, options) };
  const chosen = tags.isKnownHere
    ? requireValue(likely)
    : await selectAndRead(context, { ...known, tags: tags.index }, selection);
  const [wished, untold] = await Promise.all([
    planChosen(context, planning, chosen),
    selection.type === "changed" ? planUntold(context, planning) : [],
  ]);
  const planned = new Set(wished.flatMap(({ plan }) => plan?.tag.name ?? []));
  const more = untold.filter(({ plan }) => plan && !planned.has(plan.tag.name));
  const { paks, tagsOnly } = requirePushable([...requireOneTagEach(wished), ...more], read);
  const paths = paks.map(({ path }) => path);
  return { paks, tagsOnly, total: read.folders.length, note: describeRest(whole, paths) };
}

interface Planning {
  readonly read: Read;
  readonly tags: TagsOfEach;
  readonly sides: Sides;
}

async function planChosen(
  context: Context,
  planning: Planning,
  chosen: readonly ReadPak[],
): Promise<readonly PlannedPak[]> {
  const { read } = planning;
  const [tagsRead, each, others] = await Promise.all([
    readStanding(read, chosen),
    withAnswers(context, planning, chosen),
    readOthers(context, read.options, chosen),
  ]);
  const work = each.map((pak) => async () => await planOne(context, { ...pak, tagsRead, others }, read.options));
  // All at once: the registry judges what it is asked at once with one request.
  return await inParallel(work, mostTagsAtOnce);
}

/** What all of them depend on is asked for at once, but for what is released together with them. */
async function readOthers(
  context: Context,
  { push, skipRegistry }: PublishOptions,
  chosen: readonly ReadPak[],
): Promise<OthersOfRun | undefined> {
  const manifests = chosen.flatMap(({ manifest }) => manifest?.committed ?? []);
  const wanted = manifests.flatMap(({ dependencies }) => dependencies);
  if (wanted.length === 0 || !push || skipRegistry) return undefined;
  const { openDependencyCheck } = await import("../dependencies.ts");
  const dependencies = openDependencyCheck(context);
  await dependencies.prepare(wanted);
  return { names: new Set(manifests.map(({ name }) => name)), dependencies };
}

/** What the registry was never told of; what cannot be told now is nobody's wish and no failure. */
async function planUntold(context: Context, planning: Planning): Promise<readonly PlannedPak[]> {
  const { read, tags, sides } = planning;
  const untold = await findUntold({ ...read, sides }, tags.index);
  const paths = untold.map(({ path }) => path);
  const each = await withAnswers(context, planning, await readEach(read.whole, paths));
  const work = each.map((pak, at) => async (): Promise<PlannedPak> => {
    const options = { ...read.options, bump: undefined, preid: undefined, version: untold[at]!.version };
    const planned = await planOne(context, pak, options);
    return { ...planned, isUntold: true };
  });
  const plans = await inParallel(work, 8);
  return plans.filter(({ plan }) => plan?.steps.push === "done" && !hasGitWork(plan));
}

/** Each with the tags that concern it, and with what its own registry says. */
async function withAnswers(
  context: Context,
  { read, tags, sides }: Planning,
  paks: readonly ReadPak[],
): Promise<readonly (ReadPak & Pick<Gathered, "outside">)[]> {
  const each = paks.map((pak) => ({ ...pak, ...tags.of(pak.facts, read.outside) }));
  if (!read.outside.isRegistryOpen) return each;
  const here = each.map(({ facts, manifest, value: content }) => ({ facts, manifest, content }));
  const owners = await findOwners(context, here, read);
  const answers = each.map(async (pak, at) => ({
    ...pak,
    outside: { ...pak.outside, ...(await sides.of(owners[at])), isRegistryOpen: false },
  }));
  return await Promise.all(answers);
}

/** A pak that is meant, with all that is read of it. */
interface ReadPak extends Settled<PakContent> {
  readonly facts: RepositoryFacts;
  readonly manifest: ManifestFacts | undefined;
}

type SelectFrom = Omit<Read, "outside"> & { readonly tags: TagIndex };

async function selectAndRead(context: Context, from: SelectFrom, selection: Selection): Promise<readonly ReadPak[]> {
  return await readEach(from.whole, await select(context, from, selection));
}

async function readEach(whole: WholeRepository, paths: readonly string[]): Promise<readonly ReadPak[]> {
  const each = factsOf(whole, paths);
  const contents = await readContents(each);
  return each.map((facts, at) => {
    const content = contents[at]!;
    return { ...content, facts, manifest: content.value && readManifestFacts(facts, content.value) };
  });
}

/**
 * What the tags assert of which a plan may find that they are its release already, in one process for all paks. With a
 * bump that is said only by HEAD's message.
 */
async function readStanding({ whole, outside, options }: Read, chosen: readonly ReadPak[]): Promise<TagsRead> {
  const here = new Map(whole.refs.map((ref) => [ref.name, ref]));
  const there = new Map((outside.refs.value ?? []).map((ref) => [ref.name, ref]));
  const wanted = chosen.flatMap(({ facts, manifest, value: content }) => {
    const { name, version = "" } = manifest?.committed ?? {};
    if (!content || name === undefined) return [];
    const prepared = findPrepared(content, name)?.version;
    const asked = options.version ?? (options.bump === undefined || prepared === version ? version : "");
    if (!isVersion(asked)) return [];
    // A prefix that git would not take is a finding of each plan.
    const pak = { name, path: facts.place.path, prefix: options.tagPrefix, version: asked };
    const tag = `refs/tags/${new Problems().try(() => formatTag(pak))}`;
    const ref = there.get(tag) ?? here.get(tag);
    return !ref || (there.has(tag) && ref.commit === whole.status.commit) ? [] : ref;
  });
  return await readAllTrailers(whole.tree, wanted);
}

async function planOne(
  context: Context,
  {
    facts,
    outside,
    manifest,
    tagsRead,
    others,
    value: content,
    error,
  }: ReadPak & Pick<Gathered, "outside" | "tagsRead" | "others">,
  options: PublishOptions,
): Promise<PlannedPak> {
  const { path } = facts.place;
  if (!content) return { path, error };
  // Whether a push would be taken is asked once, and judged when it is known what is left to be pushed.
  const gathered = {
    facts,
    content,
    manifest,
    outside: { ...outside, permission: {} },
    options,
    isOneOfMany: true,
    tagsRead,
    others,
  };
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
