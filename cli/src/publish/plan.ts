import { signsTags, type TagForm } from "@paks/git/work-tree";
import { compareVersions, formatPakId, formatTagMessage, isPrerelease, type PakId, tagVersion } from "@paks/schema";
import { allowSecrets } from "../allow-secrets.ts";
import type { Context } from "../context.ts";
import { highestVersion } from "./choose-version.ts";
import { checkFiles, type Draft, draftRelease, findPrepared, type ManifestFacts, readManifestFacts } from "./draft.ts";
import { checkBranch, tagNames } from "./git-checks.ts";
import { listRerunFlags, type PublishOptions } from "./options.ts";
import type { Outside } from "./outside.ts";
import { type PakContent, readContent } from "./pak-content.ts";
import { findMissing, type OthersOfRun } from "./find-missing.ts";
import { isOverwriting, listOverwrites, type Overwrites, unasked } from "./overwrites.ts";
import { Problems } from "./problems.ts";
import { describeElsewhere } from "./registry-checks.ts";
import { askRegistry, findId, type Known } from "./registry-side.ts";
import type { ReleasePlan } from "./release-plan.ts";
import type { RepositoryFacts } from "./repository-facts.ts";
import { type Started, startRelease } from "./start.ts";
import { checkTagsAndPush, findStanding, type TagsRead } from "./tag-checks.ts";
import { tagNotes } from "./tag-notes.ts";
import { findUntoldVersion } from "./untold-version.ts";
import { findWritten } from "./version-edit.ts";
import { findOutsideOf, openSides } from "./which-registry.ts";

/**
 * Reads and asks everything that a release depends on, changing nothing.
 * @param known what remote and registry have said before, when they need not be asked again
 * @throws PaksError USAGE, INVALID_PARAMETER; NOT_A_REPOSITORY, MANIFEST_MISSING …
 */
export const gather = async (context: Context, options: PublishOptions, known?: Outside): Promise<Gathered> =>
  await gatherAnswers(context, await startRelease(context, options, known));

/** What is here is read while the remote is still answering. @throws as `gather` */
export async function gatherAnswers(
  context: Context,
  { options, facts: asked, outside }: Started<RepositoryFacts>,
): Promise<Gathered> {
  const facts = await asked;
  const content = await readContent(facts);
  const manifest = readManifestFacts(facts, content);
  const pak = { facts, content, manifest };
  const answers = { ...openSides(context, options), outside: await outside, options };
  return { ...pak, outside: await findOutsideOf(context, pak, answers), options };
}

/** Whether something stands in the way of every release of this pak, whatever its version. */
export function isBlocked({ facts, content, outside, options }: Gathered): boolean {
  const problems = new Problems();
  const { committed, findings } = readManifestFacts(facts, content);
  problems.add(...findings, ...allowSecrets(content.findings, options.allowedSecrets));
  problems.add(checkFiles(facts, content, findWritten(content)?.edit).finding);
  noteGitAnswers(facts, outside, problems);
  problems.addError(outside.permission.error);
  problems.addAll(noteRegistryAnswers(outside));
  return committed === undefined || problems.errors.length > 0;
}

/** Everything that was read and asked for one pak. */
export interface Gathered {
  readonly facts: RepositoryFacts;
  readonly content: PakContent;
  readonly outside: Outside;
  readonly options: PublishOptions;
  /** `readManifestFacts` of these, where they were read while the remote was still answering. */
  readonly manifest?: ManifestFacts | undefined;
  /** What is uncommitted elsewhere may be of another pak of the same run, and is told by the run. */
  readonly isOneOfMany?: boolean | undefined;
  readonly tagsRead?: TagsRead | undefined;
  readonly others?: OthersOfRun | undefined;
}

/**
 * The plan out of what is known; only the registry is asked about the release itself.
 * @throws PaksError with the first problem's code; all of them are in `details.findings`
 */
export async function decideRelease(context: Context, gathered: Gathered): Promise<ReleasePlan> {
  const { facts, content, outside, options } = gathered;
  const problems = new Problems();
  const manifest = gathered.manifest ?? readManifestFacts(facts, content);
  problems.add(...manifest.findings, ...allowSecrets(content.findings, options.allowedSecrets));
  noteGitAnswers(facts, outside, problems);
  if (!manifest.committed) return stopWithoutManifest(gathered, problems);

  const prepared = findPrepared(content, manifest.committed.name);
  const remoteRefs = outside.refs.value ?? [];
  const inputs = { facts, content, manifest: manifest.committed, options, remoteRefs, prepared: prepared?.version };
  const drafted = draftRelease(inputs, problems);
  const files = checkFiles(facts, content, drafted?.edit);
  problems.add(files.finding);

  const registry = noteRegistryAnswers(outside);
  const id = await findId({ inputs, outside, prepared: prepared?.account }, registry);
  const meeting = drafted && { inputs, outside, draft: drafted, id, tagsRead: gathered.tagsRead };
  const standing = meeting && (await problems.note(findStanding(meeting)));
  const draft = standing?.draft ?? drafted;
  const overwrites =
    draft && meeting && (await checkTagsAndPush({ ...meeting, draft, untold: standing?.untold }, problems));
  if (!draft) problems.addError(outside.permission.error);
  const release = draft && id && { inputs, outside, draft, id, overwrites };
  const [published, untold, missing] = await Promise.all([
    release && askRegistry(release, registry),
    release && gathered.isOneOfMany !== true ? findUntoldVersion(release, release) : undefined,
    release && findMissing(context, release, gathered.others),
  ]);
  problems.add(...(missing ?? []));
  const message = draft && id && problems.try(() => formatMessage({ inputs, outside, draft, id }, context.clock()));

  // That the version is recorded says of the tag on the remote what its own finding says.
  problems.addAll(registry, draft?.remote && problems.has("TAG_EXISTS") ? ["VERSION_EXISTS"] : []);
  problems.requireNone("this release");
  const parts = { inputs, outside, draft: draft!, id: id!, overwrites: overwrites!, message: message!, published };
  return {
    ...assemble(parts),
    untold,
    rerun: [
      ...listRerunFlags(context.config, options),
      // Without it the same command would mean what has changed since.
      ...(draft?.listed ? [`--version=${draft.version}`] : []),
    ],
    notes: listNotes(parts, [standing?.note, gathered.isOneOfMany === true ? undefined : files.note]),
    warnings: problems.warnings,
  };
}

function listNotes(
  { inputs, outside, draft, overwrites, published }: Assembled,
  others: readonly (string | undefined)[],
): string[] {
  const { options } = inputs;
  const remote = outside.remote.value!.name;
  const notes = [
    ...listOverwrites(overwrites, draft.tag, remote).map((what) => `Overwrites ${what}`),
    options.skipRegistry && options.push && isOverwriting(overwrites) ? unasked : undefined,
    ...others,
    describeElsewhere(published, outside.address.value),
    describeOlder(inputs, draft),
    options.tagForm === "lightweight" ? lightweight : undefined,
  ];
  return notes.filter((note) => note !== undefined);
}

/** A release of an older line is allowed, but nobody should make one without noticing. */
function describeOlder({ facts, manifest, options, remoteRefs }: Known["inputs"], draft: Draft): string | undefined {
  if (draft.remote) return undefined;
  const pak = { name: manifest.name, path: facts.place.path, prefix: options.tagPrefix };
  const tags = tagNames(options.push ? remoteRefs : facts.refs);
  // A pre-release of the next version makes nothing old.
  const stable = tags.filter((tag) => {
    const version = mayConcern(tag, pak) ? tagVersion(tag, pak) : undefined;
    return version !== undefined && !isPrerelease(version);
  });
  const newest = highestVersion(stable, pak);
  if (newest === undefined || compareVersions(draft.version, newest) >= 0) return undefined;
  return `${draft.version} is lower than ${newest}, the newest release: whoever asks for no version still gets ${newest}`;
}

/** Quickly: a repository of hundreds of paks has thousands of tags, and each pak looks at all of them. */
const mayConcern = (tag: string, { name, path, prefix }: Parameters<typeof tagVersion>[1]): boolean =>
  /^v?[0-9]/.test(tag) || tag.startsWith(name) || tag.startsWith(path || name) || tag.startsWith(prefix ?? name);

const lightweight =
  "A lightweight tag says nothing about its release: no digest, no account, no notes. " +
  "The registry takes it only for a pak that it already knows from this repository.";

/** In the order of the steps: the first finding decides the exit code. */
function noteGitAnswers(facts: RepositoryFacts, outside: Outside, problems: Problems): void {
  problems.add(checkBranch(facts.status), ...outside.operations);
  for (const { error } of [outside.identity, outside.remote, outside.address, outside.refs]) problems.addError(error);
}

/** Kept apart, because they come last on the list although they are needed before. */
function noteRegistryAnswers({ me, health }: Outside): Problems {
  const problems = new Problems();
  problems.addError(me.error);
  problems.addError(health.error);
  return problems;
}

/** Name and version are unknown, but what can be said without them is said. */
function stopWithoutManifest({ facts, content, outside }: Gathered, problems: Problems): never {
  problems.add(checkFiles(facts, content, undefined).finding);
  problems.addError(outside.permission.error);
  problems.addAll(noteRegistryAnswers(outside));
  problems.requireNone("this release");
  throw new TypeError("a manifest that cannot be read has an error finding");
}

interface Parts extends Known {
  readonly draft: Draft;
  readonly id: PakId;
}

function formatMessage({ inputs, outside, draft, id }: Parts, now: Date): string {
  const { manifest, content, facts, options } = inputs;
  const { version, digest } = draft;
  return formatTagMessage({
    kind: content.kind,
    name: manifest.name,
    description: manifest.description,
    version,
    published: `${now.toISOString().slice(0, 19)}Z`,
    notes: tagNotes(content.files, version, options.message),
    trailers: {
      package: formatPakId(id),
      version,
      digest,
      path: facts.place.path,
      // Without an address there is a finding already; this one only lets the author's text be judged too.
      repository: outside.address.value ?? "https://unknown.invalid/repository",
    },
  });
}

/** Where the user's git signs every tag it does so here too, and then the tag is checked to be signed. */
const tagFormOf = ({ facts, options }: Known["inputs"]): TagForm =>
  options.tagForm === "annotated" && signsTags(facts.config) ? "signed" : options.tagForm;

interface Assembled extends Parts {
  readonly overwrites: Overwrites;
  readonly message: string;
  readonly published: ReleasePlan["published"];
}

function assemble(parts: Assembled): Omit<ReleasePlan, "rerun" | "notes" | "warnings" | "untold"> {
  const { inputs, outside, draft, id, overwrites, message, published } = parts;
  const { facts, content, manifest } = inputs;
  const { version, digest, edit, bytes } = draft;
  return {
    tree: facts.tree,
    place: facts.place,
    registry: outside.registry,
    kind: content.kind,
    id,
    published,
    version,
    previous: manifest.version,
    digest,
    edit,
    files: draft.listed ?? draft.files,
    bytes,
    repository: outside.address.value!,
    branch: facts.status.branch!,
    head: facts.status.commit!,
    remote: { name: outside.remote.value!.name, branch: outside.remote.value!.branch },
    prepared: inputs.prepared === version,
    tag: {
      ...{ name: draft.tag, message, form: tagFormOf(inputs) },
      ...{ replaces: overwrites.local?.object, standsAt: draft.standsAt },
    },
    overwrites,
    steps: stepsOf(parts),
  };
}

function stepsOf({ inputs, draft, overwrites, published }: Assembled): ReleasePlan["steps"] {
  const { options } = inputs;
  const { edit } = draft;
  const local = overwrites.local ? undefined : draft.local;
  const remote = overwrites.remote ? undefined : draft.remote;
  const silent = !options.push || options.skipRegistry;
  return {
    edit: edit && !edit.done ? "todo" : "done",
    commit: edit ? "todo" : "done",
    tag: local || remote ? "done" : "todo",
    push: !options.push ? "skipped" : remote ? "done" : "todo",
    index: silent ? "skipped" : published ? "done" : "todo",
  };
}
