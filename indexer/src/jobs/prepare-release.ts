import { type AttemptRelease, type Binding, findAccount, type NewRelease } from "@paks/db";
import { readPakFiles, type TagSnapshot } from "@paks/git";
import {
  checkManifestPlaces,
  decodeText,
  describeFiles,
  type Finding,
  findManifests,
  findSecrets,
  isPaksError,
  makeArchive,
  type Manifest,
  manifestFileNames,
  type ManifestReading,
  PaksError,
  parseFrontmatter,
  readChangelogSection,
  type ReleaseFile,
  readManifest,
  requireManifest,
  type Trailers,
} from "@paks/schema";
import { type Grant, requireAuthority } from "../authority.ts";
import { checkRelease, checkTag, requireNoErrors } from "../check-release.ts";
import type { ChosenPak } from "../choose-paks.ts";
import type { TagWork } from "./tag-work.ts";

/** Kept with a release. More says nothing more. */
const maxWarnings = 200;
/** Characters of the manifest's text that are searched. */
const maxBodyText = 100_000;

/** What the steps of one tag share. */
export interface TagContext extends TagWork {
  readonly snapshot: TagSnapshot;
  readonly trailers: Trailers | undefined;
  readonly bindings: readonly Binding[];
}

export interface PreparedRelease extends NewRelease {
  readonly account: string;
}

export const describeRelease = (release: PreparedRelease, created: boolean): AttemptRelease => {
  const { account, manifest, version, digest } = release;
  return { account, name: manifest.name, version, digest, new: created };
};

/** Reads, checks and stores one pak at the tag: everything but the record. */
export async function prepareRelease(context: TagContext, pak: ChosenPak): Promise<PreparedRelease> {
  const { run, snapshot, stage } = context;
  const { deps, repository } = run;
  const grant = await authorise(context, pak);
  await stage("read");
  const { tree, files } = await readFiles(context, pak);
  deps.fault?.("read");
  await stage("check");
  const facts = describeFiles(files);
  const { manifest, warnings } = judge(context, pak, { files, digest: facts.digest });
  if (grant.conflict) throw grant.conflict;
  deps.fault?.("checked");
  const archive = await context.store(await makeArchive(files));
  deps.fault?.("stored");
  return {
    account: pak.account,
    accountId: grant.accountId,
    manifest,
    version: pak.version,
    tag: snapshot.tag,
    tagObject: snapshot.object,
    commit: snapshot.commit,
    tree,
    repository,
    path: pak.path,
    digest: facts.digest,
    archive,
    files: facts.files,
    totalBytes: facts.bytes,
    warnings,
    changelog: readChangelog(files, pak.version),
    evidence: grant.evidence,
    bodyText: readBody(files, manifest),
    tagPrefix: pak.tagPrefix,
    mayBind: grant.mayBind,
  };
}

/** What the tag says of itself comes first: it needs nobody's rights, and a copied tag is told as what it is. */
async function authorise({ run, snapshot, trailers, bindings, attempt }: TagContext, pak: ChosenPak): Promise<Grant> {
  const header = snapshot.annotation?.tagName;
  requireNoErrors(checkTag({ tag: snapshot.tag, header, trailers, repository: run.repository, pak }));
  const account = await findAccount(run.deps.db, pak.account);
  return requireAuthority({ ...pak, accountId: account?.id }, { bindings, evidence: attempt.evidence });
}

async function readFiles(
  { run, snapshot }: TagContext,
  pak: ChosenPak,
): Promise<{ tree: string; files: ReleaseFile[] }> {
  try {
    const read = await readPakFiles(snapshot, pak.path, run.deps.cage.limits);
    const places = findManifests(read.files.map(({ path }) => path)).filter(({ directory }) => directory === "");
    if (places.length === 0) throw missing(snapshot.tag, pak);
    requireNoErrors(checkManifestPlaces(places));
    return read;
  } catch (error) {
    if (!isPaksError(error, "MANIFEST_MISSING") || !pak.named) throw error;
    const message = `Paks-Path says ${pak.path || "the root"}, but there is no manifest at ${snapshot.tag}.`;
    const details = { ...error.details, field: "Paks-Path", trailer: "Paks-Path" };
    throw new PaksError("TRAILER_MISMATCH", message, { hint: error.hint, details, cause: error });
  }
}

const missing = (tag: string, { path }: ChosenPak): PaksError =>
  new PaksError("MANIFEST_MISSING", `There is no SKILL.md in ${path === "" ? "the root" : path} at ${tag}.`, {
    hint: "The manifest must lie directly in the pak's folder.",
    details: { path },
  });

interface Read {
  readonly files: readonly ReleaseFile[];
  readonly digest: string;
}

function judge(
  context: TagContext,
  pak: ChosenPak,
  { files, digest }: Read,
): { manifest: Manifest; warnings: Finding[] } {
  const contents = new Map(files.map(({ path, bytes }) => [path, bytes]));
  const reading = readPakManifest(contents, pak.path);
  const manifest = reading.manifest ?? requireManifest(reading);
  requireNoErrors(reading.findings);
  const { snapshot, trailers } = context;
  requireNoErrors(checkRelease({ tag: snapshot.tag, trailers, pak, manifest, digest }));
  const found = [...reading.findings, ...findSecrets(files)];
  const warnings = found.slice(0, maxWarnings).map((finding) => ({ ...finding, severity: "warning" as const }));
  return { manifest, warnings };
}

/** Leniently: what can be read is kept, with warnings. Findings name files from the repository's root. */
export const readPakManifest = (contents: ReadonlyMap<string, Uint8Array>, path: string): ManifestReading =>
  readManifest(contents, {
    profile: "lenient",
    path,
    directory: path === "" ? undefined : path.slice(path.lastIndexOf("/") + 1),
  });

/** A changelog that cannot be read as text is a file like any other, not a reason to refuse. */
function readChangelog(files: readonly ReleaseFile[], version: string): string | null {
  try {
    return readChangelogSection(files, version) ?? null;
  } catch (error) {
    if (isPaksError(error, "INVALID_ENCODING")) return null;
    throw error;
  }
}

/** The manifest's text without its front matter, for the search. */
function readBody(files: readonly ReleaseFile[], { kind }: Manifest): string {
  const [name] = manifestFileNames(kind);
  const file = files.find(({ path }) => path === name);
  if (!file) return "";
  const { body } = parseFrontmatter(decodeText(file.bytes, file.path), { lenient: true });
  return body.slice(0, maxBodyText);
}
