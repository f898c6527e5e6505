import { basename } from "node:path";
import type { RefFact } from "@paks/git/work-tree";
import {
  describeFiles,
  type FileFact,
  type Finding,
  listReleaseTrailers,
  formatTag,
  type Manifest,
  type ManifestReading,
  readManifest,
  type ReleaseFile,
} from "@paks/schema";
import { chooseVersion, highestVersion } from "./choose-version.ts";
import {
  checkClean,
  checkPrefixConflict,
  checkTag,
  describeOthers,
  findTag,
  splitEntries,
  type TagFacts,
  tagNames,
} from "./git-checks.ts";
import type { PublishOptions } from "./options.ts";
import type { PakContent } from "./pak-content.ts";
import type { Problems } from "./problems.ts";
import type { ReleasePlan } from "./release-plan.ts";
import type { RepositoryFacts } from "./repository-facts.ts";
import { notCommitted, planEdit, type VersionEdit } from "./version-edit.ts";

/** The manifest that would be released now, and what the strict profile says to it. */
export interface ManifestFacts {
  readonly committed: Manifest | undefined;
  readonly findings: readonly Finding[];
}

/**
 * Of a manifest with uncommitted changes it is the changed one that is judged: that is what the author will commit,
 * and findings about lines that are mended already would only confuse.
 */
export function readManifestFacts(facts: RepositoryFacts, content: PakContent): ManifestFacts {
  const { path } = facts.place;
  const directory = path === "" ? undefined : basename(path);
  const read = (files: ReadonlyMap<string, Uint8Array>): ManifestReading =>
    readManifest(files, { profile: "strict", directory });
  const { committed, workTree } = content.manifest;
  // Whether there is a licence is said by files besides the manifest.
  const others = content.files.map(({ path: file, bytes }): [string, Uint8Array] => [file, bytes]);
  const names = new Set([...workTree.keys()].map((name) => (path === "" ? name : `${path}/${name}`)));
  const dirty = committed.size === 0 || facts.status.entries.some((entry) => names.has(entry.path));
  const now = read(new Map([...others, ...committed]));
  const findings = dirty ? read(new Map([...others, ...workTree])).findings : now.findings;
  return { committed: now.manifest, findings: [...findings, ...checkReadme(content, path)] };
}

/** A skill's own folder needs none, but a repository that is one skill is met by people first. */
function checkReadme({ files }: PakContent, path: string): Finding[] {
  if (path !== "" || files.length === 0 || files.some((file) => /^readme(?:\.[^/]*)?$/i.test(file.path))) return [];
  return [
    {
      severity: "warning",
      code: "MISSING_README",
      message: "The repository has no README.",
      hint: "Add a README.md that tells people what the pak is for: it is what the git host shows them.",
    },
  ];
}

/** What HEAD's commit prepared, when it was a run of ours for this pak. */
export function findPrepared(
  content: PakContent,
  name: string | undefined,
): { account: string; version: string } | undefined {
  const found = listReleaseTrailers(content.headMessage).filter((release) => release.name === name);
  return found.length === 1 ? found[0] : undefined;
}

export interface DraftInputs {
  readonly facts: RepositoryFacts;
  readonly content: PakContent;
  readonly manifest: Manifest;
  readonly options: PublishOptions;
  /** Branches and tags of the remote, as far as it was asked. */
  readonly remoteRefs: readonly RefFact[];
  readonly prepared: string | undefined;
}

/** The release without what concerns accounts and registry. */
export interface Draft {
  readonly version: string;
  readonly tag: string;
  readonly edit: VersionEdit | undefined;
  readonly files: readonly FileFact[];
  readonly digest: string;
  readonly bytes: number;
  readonly local: RefFact | undefined;
  readonly remote: RefFact | undefined;
  /** Commit of the tag, when an earlier run made it on another than HEAD's; then it stays there. */
  readonly standsAt?: string | undefined;
  /** What such a tag holds, when that is not what HEAD holds; `digest` and `bytes` are of these. */
  readonly listed?: ReleasePlan["files"] | undefined;
}

/** Version, edit, tag and content. What cannot be decided is noted; then there is no draft. */
export function draftRelease(inputs: DraftInputs, problems: Problems): Draft | undefined {
  const { facts, content, manifest, options, remoteRefs, prepared } = inputs;
  const pak = { name: manifest.name, path: facts.place.path, prefix: options.tagPrefix };
  const version = problems.try(() => {
    const refs = [...facts.refs, ...remoteRefs];
    const here = refs.filter(({ commit }) => commit === facts.status.commit);
    const tagged = options.commit ? undefined : highestVersion(tagNames(here), pak);
    const released = (below?: string) => highestVersion(tagNames(refs), pak, below);
    const isOut = (made: string) =>
      options.onlyChanged !== true &&
      findTag(options.push ? remoteRefs : facts.refs, formatTag({ ...pak, version: made })) !== undefined;
    const { before } = content;
    return chooseVersion({ manifest: manifest.version, released, isOut, before, prepared, tagged }, options);
  });
  if (version === undefined) return undefined;
  const mustEdit = needsEdit(manifest, version, options, problems);
  const edit = mustEdit ? problems.try(() => planEdit(content, version)) : undefined;
  const tag = problems.try(() => formatTag({ ...pak, version }));
  if (tag === undefined || mustEdit !== (edit !== undefined)) return undefined;
  const { files, digest, bytes } = describeFiles(filesAfter(content.files, edit));
  return {
    version,
    tag,
    edit,
    files,
    digest,
    bytes,
    local: findTag(facts.refs, tag),
    remote: findTag(remoteRefs, tag),
  };
}

/** Whether the version has to get into the manifest; `undefined` when that is asked for and forbidden at once. */
function needsEdit(
  manifest: Manifest,
  version: string,
  options: PublishOptions,
  problems: Problems,
): boolean | undefined {
  if (version === manifest.version) return false;
  if (options.commit) return true;
  if (manifest.version === undefined) return false;
  problems.add({
    severity: "error",
    code: "INVALID_PARAMETER",
    message: `The manifest says ${manifest.version}, and --no-commit leaves it so: it cannot be released as ${version}.`,
    hint: `Leave out --no-commit, or write ${version} into the manifest and commit it yourself.`,
    field: "version",
  });
  return undefined;
}

/** The committed files with the manifest as it will be. */
export const filesAfter = (files: readonly ReleaseFile[], edit: VersionEdit | undefined): ReleaseFile[] =>
  files.map((file) => (edit && file.path === edit.file ? { ...file, bytes: edit.committed.bytes } : file));

/** The pak's own files must be committed; of others only a note is made. */
export function checkFiles(
  facts: RepositoryFacts,
  content: PakContent,
  edit: VersionEdit | undefined,
): { readonly finding: Finding | undefined; readonly note: string | undefined } {
  const { path } = facts.place;
  const { own, others } = splitEntries(facts.status, path);
  const ours = edit?.done === true ? (path === "" ? edit.file : `${path}/${edit.file}`) : undefined;
  const left = own.filter((entry) => entry.path !== ours);
  const missing = content.manifest.committed.size === 0 && left.length === 0;
  return {
    finding: missing ? uncommitted() : checkClean(left, path),
    note: describeOthers(others),
  };
}

/** Ignored by git, or below a folder that is: no status line tells of it. */
function uncommitted(): Finding {
  const { code, message } = notCommitted("SKILL.md");
  return { severity: "error", code, message, hint: "git add -f SKILL.md && git commit", path: "SKILL.md" };
}

/** `paks publish` of one pak, the way it is typed in its repository. */
export const formatPublish = (path: string, name: string): string =>
  path === "" ? "paks publish" : `paks publish ${name}`;

/** What the tag of this release meets. */
export const tagFactsOf = (
  { facts, manifest, options }: DraftInputs,
  draft: Draft,
  localIsOurs: boolean,
): TagFacts => ({
  tag: draft.tag,
  local: draft.local,
  remote: draft.remote,
  localIsOurs,
  target: draft.edit ? undefined : (draft.standsAt ?? facts.status.commit),
  command: formatPublish(facts.place.path, manifest.name),
  version: draft.version,
  unchanged: options.bump === undefined && options.version === undefined,
});

/** Whether the tag can be made, judged against both sides. */
export function checkTags(inputs: DraftInputs, draft: Draft, tag: TagFacts): readonly (Finding | undefined)[] {
  const { facts, options, remoteRefs } = inputs;
  return [
    options.force === true ? undefined : checkTag(tag),
    checkPrefixConflict(draft.tag, facts.refs, "here") ?? checkPrefixConflict(draft.tag, remoteRefs, "on the remote"),
  ];
}
