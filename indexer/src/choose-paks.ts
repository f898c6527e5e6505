import type { Binding, OpenEvidence } from "@paks/db";
import {
  formatPakId,
  isRepositoryWideTag,
  type ManifestReading,
  PaksError,
  parsePakId,
  requireManifest,
  type Trailers,
  tagVersion,
} from "@paks/schema";

/** A pak that the tag releases. */
export interface ChosenPak {
  readonly account: string;
  readonly name: string;
  /** Folder inside the repository, "" = the root. */
  readonly path: string;
  readonly version: string;
  /** What the tag's name says by itself; `undefined` when it says no version. */
  readonly toldVersion: string | undefined;
  /** Set when the tag follows none of the forms that every pak understands. */
  readonly tagPrefix: string | null;
  /** The tag's trailers name it. */
  readonly named: boolean;
}

export interface TagQuestion {
  readonly tag: string;
  readonly trailers: Trailers | undefined;
  readonly bindings: readonly Binding[];
  readonly evidence: readonly OpenEvidence[];
}

/** Reads the manifests of these folders at the tag; a folder without one is left out. */
export type Peek = (paths: readonly string[]) => Promise<ReadonlyMap<string, ManifestReading>>;

const publishHint = "Release a new pak with `paks publish` in its folder: the tag it writes names the pak.";

/**
 * Which paks this tag releases. Trailers name exactly one. Without them the paks count that are bound to the
 * repository, and a folder that a token of their account names.
 * @throws PaksError AMBIGUOUS_MANIFEST, MANIFEST_MISSING, VERSION_TAG_MISMATCH, NAMESPACE_FORBIDDEN
 */
export async function choosePaks(question: TagQuestion, peek: Peek): Promise<ChosenPak[]> {
  if (question.trailers) return [chooseNamed(question, question.trailers)];
  const bound = question.bindings.flatMap((binding) => fit(question.tag, binding) ?? []);
  const asked = askedFolders(question);
  return isRepositoryWideTag(question.tag)
    ? chooseWide(question, { bound, asked }, peek)
    : chooseOne(question, { bound, asked }, peek);
}

function chooseNamed({ tag, bindings }: TagQuestion, trailers: Trailers): ChosenPak {
  const { account, name } = parsePakId(trailers.package);
  const { path, version } = trailers;
  const known = bindings.find((binding) => binding.account === account && binding.name === name);
  const told = tagVersion(tag, { name, path, prefix: known?.tagPrefix });
  const prefix = told === undefined ? ownPrefix(tag, version) : undefined;
  const toldVersion = prefix === undefined ? told : version;
  return { account, name, path, version, toldVersion, tagPrefix: prefix ?? null, named: true };
}

/** What stands before the version in a tag of the author's own form. A number would be part of another version. */
function ownPrefix(tag: string, version: string): string | undefined {
  const prefix = tag.slice(0, -version.length);
  return tag.endsWith(version) && !/[0-9.+]$/.test(prefix) ? prefix : undefined;
}

/** A place that may hold what the tag releases; the name is known when it is bound. */
interface Candidate {
  readonly account: string;
  readonly name: string | undefined;
  readonly path: string;
  readonly tagPrefix: string | null;
}

interface Candidates {
  readonly bound: readonly ChosenPak[];
  readonly asked: readonly Candidate[];
}

function fit(tag: string, candidate: Candidate): ChosenPak | undefined {
  const { account, name, path, tagPrefix } = candidate;
  if (name === undefined) return undefined;
  const version = tagVersion(tag, { name, path, prefix: tagPrefix });
  return version === undefined
    ? undefined
    : { account, name, path, version, toldVersion: version, tagPrefix, named: false };
}

/** A stranger's hint may name any folder; only a token of an account that has paks here adds one. */
function askedFolders({ bindings, evidence }: TagQuestion): Candidate[] {
  const asked = new Map<string, Candidate>();
  for (const { kind, account, path } of evidence) {
    if (kind !== "token" || account === null || path === null || bindings.some((row) => row.path === path)) continue;
    if (bindings.some((row) => row.account === account)) {
      asked.set(path, { account, name: undefined, path, tagPrefix: null });
    }
  }
  return [...asked.values()];
}

/** A tag such as `pdf--v1.2.0` means one pak. */
async function chooseOne(question: TagQuestion, { bound, asked }: Candidates, peek: Peek): Promise<ChosenPak[]> {
  const { tag, evidence } = question;
  const pointed = bound.filter(({ account, path }) =>
    evidence.some((row) => row.kind === "token" && row.account === account && row.path === path),
  );
  if (pointed.length === 1) return pointed;
  const readings = asked.length === 0 ? new Map<string, ManifestReading>() : await peek(asked.map(({ path }) => path));
  const fitting = [...bound, ...fitAsked(tag, asked, readings)];
  if (fitting.length > 1) throw ambiguous(tag, fitting);
  if (fitting.length === 0) throw nothingFits(question, { asked, readings });
  return fitting;
}

const fitAsked = (
  tag: string,
  asked: readonly Candidate[],
  readings: ReadonlyMap<string, ManifestReading>,
): ChosenPak[] =>
  asked.flatMap((candidate) => {
    const name = readings.get(candidate.path)?.manifest?.name;
    return fit(tag, { ...candidate, name }) ?? [];
  });

/** A tag such as `v1.2.0` means every pak whose manifest says that version or none. */
async function chooseWide(question: TagQuestion, { bound, asked }: Candidates, peek: Peek): Promise<ChosenPak[]> {
  const { tag } = question;
  const [only] = bound;
  // The usual repository has one pak; what is wrong with it is told when it is read.
  if (only && bound.length === 1 && asked.length === 0) return [only];
  const paths = [...bound, ...asked].map(({ path }) => path);
  const readings = paths.length === 0 ? new Map<string, ManifestReading>() : await peek(paths);
  const there = [...bound.filter(({ path }) => readings.has(path)), ...fitAsked(tag, asked, readings)];
  if (there.length === 0) throw nothingFits(question, { asked, readings });
  const chosen = there.filter(({ path, version }) => {
    const said = readings.get(path)?.manifest?.version;
    return said === undefined || said === version;
  });
  if (chosen.length > 0) return chosen;
  const versions = there.map((pak) => `${formatPakId(pak)} ${readings.get(pak.path)?.manifest?.version}`);
  throw new PaksError("VERSION_TAG_MISMATCH", `The tag ${tag} fits no manifest: ${versions.join(", ")}.`, {
    hint: "Set the version in the manifest, commit, and tag that commit.",
    details: { tag, manifests: versions },
  });
}

function ambiguous(tag: string, fitting: readonly ChosenPak[]): PaksError {
  const names = fitting.map((pak) => `${formatPakId(pak)} in ${pak.path === "" ? "the root" : pak.path}`);
  return new PaksError("AMBIGUOUS_MANIFEST", `The tag ${tag} could mean ${names.join(" and ")}.`, {
    hint: "Release it with `paks publish`, or use a tag name that only one of them understands.",
    details: { tag, paks: fitting.map(({ account, name, path }) => ({ account, name, path })) },
  });
}

function nothingFits(
  { tag, bindings }: TagQuestion,
  { asked, readings }: { asked: readonly Candidate[]; readings: ReadonlyMap<string, ManifestReading> },
): PaksError {
  const empty = asked.find(({ path }) => !readings.has(path));
  if (empty) {
    const message = `The folder ${empty.path || "at the repository's root"} has no manifest at ${tag}.`;
    return new PaksError("MANIFEST_MISSING", message, { hint: publishHint, details: { tag, path: empty.path } });
  }
  const unreadable = asked.map(({ path }) => readings.get(path)).find((reading) => reading && !reading.manifest);
  if (unreadable) requireManifest(unreadable);
  const message =
    bindings.length === 0
      ? `No pak is released from this repository, and the tag ${tag} names none.`
      : `The tag ${tag} means none of the paks that are released from this repository.`;
  return new PaksError("NAMESPACE_FORBIDDEN", message, { hint: publishHint, details: { tag } });
}
