import {
  type LockedPak,
  type Origin,
  PaksError,
  type RegistryOrigin,
  type ReleaseDto,
  formatPakId,
  isPaksError,
} from "@paks/schema";
import type { Registry } from "../registry.ts";
import type { InstallRecord } from "./record.ts";

/** The archive is not to be had. Not `TAKEN_DOWN`: what a registry took down must not come back by another way. */
export const isAbsent = ({ code }: PaksError): boolean => denied.has(code) || unanswered.has(code);

const denied = new Set<string>(["PAK_NOT_FOUND", "VERSION_NOT_FOUND", "NOT_FOUND"]);
/** The registry could not be asked: it has denied nothing. */
export const isUnanswered = ({ code }: PaksError): boolean => unanswered.has(code);

const unanswered = new Set<string>(["REGISTRY_UNAVAILABLE", "DB_UNAVAILABLE", "RATE_LIMITED", "INTERNAL"]);

interface LockedRelease {
  readonly entry: Omit<LockedPak, "previous">;
  readonly origin: RegistryOrigin;
  /** A registry that does not answer is no reason to believe the lock. */
  readonly mustAnswer?: boolean;
}

/**
 * A repository that the lock alone names is not gone to for what the registry never had: its record has to say the same
 * as the lock. Only where nobody there answers is the lock all there is.
 * @param first what asking for the archive came to; absent: it was not asked for
 * @throws PaksError the registry's own refusal; LOCKFILE_MISMATCH when the record says something else
 */
export async function requireRecorded(locked: LockedRelease, registry: Registry, first?: PaksError): Promise<void> {
  const release = await findRecord(locked, registry, first);
  const other = release && listRecordDifferences(locked, release)[0];
  if (other === undefined) return;
  const { account, name, version } = locked.origin;
  throw new PaksError(
    "LOCKFILE_MISMATCH",
    `paks.lock and ${account}/${name} ${version} do not fit: ${registry.url} recorded the ${other.what} ${other.there}, the lock says ${other.here}.`,
    { hint: "Take paks.lock from version control again.", details: { ...other }, cause: first },
  );
}

interface Difference {
  readonly what: string;
  readonly here: string;
  readonly there: string;
}

export function listRecordDifferences(
  { entry, origin }: { readonly entry: Pick<LockedPak, "digest">; readonly origin: RegistryOrigin },
  release: ReleaseDto,
): Difference[] {
  const pairs: readonly (readonly [what: string, here: string | undefined, there: string])[] = [
    ["digest", entry.digest, release.digest],
    ["repository", origin.repository, release.repository],
    ["folder", origin.path, release.path],
    ["tag", origin.tag, release.tag],
    ["tag object", origin.tag_object, release.tag_object],
    ["commit", origin.commit, release.commit],
    ["tree", origin.tree, release.tree],
    ["archive", origin.archive, release.archive_sha256],
  ];
  return pairs.flatMap(([what, here, there]) => (here === undefined || here === there ? [] : [{ what, here, there }]));
}

type Fact = readonly [what: string, value: string | undefined];

/** What fixes a release. The rest of its facts it has once and for all. */
const nameOfRelease: readonly string[] = ["registry", "account", "name", "version"];

/** Everything that is recorded of where a pak came from. */
function listFacts(origin: Origin): readonly Fact[] {
  if (origin.type === "local") return [];
  if (origin.type === "npm")
    return [
      ["package", origin.package],
      ["version", origin.version],
      ["integrity", origin.integrity],
      ["folder", origin.path],
    ];
  const found: readonly Fact[] = [
    ["repository", origin.repository],
    ["folder", origin.path],
    ["tag", origin.tag],
    ["commit", origin.commit],
    ["tree", origin.tree],
  ];
  if (origin.type === "git") return [...found, ["branch", origin.branch]];
  return [
    ["registry", origin.registry],
    ["account", origin.account],
    ["name", origin.name],
    ["version", origin.version],
    ...found,
    ["tag object", origin.tag_object],
    ["archive", origin.archive],
  ];
}

interface OtherFact {
  readonly what: string;
  readonly locked: string | undefined;
  readonly installed: string | undefined;
}

function listOtherFacts(locked: Origin, installed: Origin): OtherFact[] {
  const there = new Map(listFacts(installed));
  const all = listFacts(locked).map(([what, here]) => ({ what, locked: here, installed: there.get(what) }));
  // Of a release, older locks and records say less. Of git, no tag is another state than a tag.
  const isSaid = (value: string | undefined): boolean => value !== undefined || locked.type === "git";
  return all.filter((one) => one.locked !== one.installed && isSaid(one.locked) && isSaid(one.installed));
}

/**
 * Another fact of the very release that was installed. In words, how lock and record of an install differ about it.
 * @param record of an install with the locked digest
 */
export function findOtherFact(
  { resolved, files: count }: LockedRelease["entry"],
  { origin, files }: InstallRecord,
): string | undefined {
  if (count !== files.length) return `${countFiles(count)}, it was installed with ${files.length}`;
  if (resolved.type !== "registry" || origin.type !== "registry") return undefined;
  const others = listOtherFacts(resolved, origin);
  const [other] = others;
  if (other === undefined || others.some(({ what }) => nameOfRelease.includes(what))) return undefined;
  return `the ${other.what} ${other.locked || "."}, it was installed from ${other.installed || "."}`;
}

const countFiles = (count: number): string => (count === 1 ? "1 file" : `${count} files`);

/** In words, the first fact of where it came from that the record of an install says otherwise. */
export function findOtherOrigin({ resolved }: LockedRelease["entry"], { origin }: InstallRecord): string | undefined {
  const [other] = listOtherFacts(resolved, origin);
  const { what, locked = "none", installed = "none" } = other ?? {};
  return other && `is recorded with the ${what} ${installed || "."}, paks.lock has ${locked || "."}`;
}

/** Whether the record of an install with the locked digest says of version, origin and files just what the lock says. */
export function isRecordedAsLocked(entry: LockedRelease["entry"], record: InstallRecord): boolean {
  const isSame = record.version === entry.version && record.origin.type === entry.resolved.type;
  return isSame && record.files.length === entry.files && findOtherOrigin(entry, record) === undefined;
}

async function findRecord(
  { origin, mustAnswer }: LockedRelease,
  registry: Registry,
  first: PaksError | undefined,
): Promise<ReleaseDto | undefined> {
  try {
    const release = await registry.findRelease(origin, origin.version);
    if (release !== undefined) return release;
  } catch (error) {
    const isUnheard = isPaksError(error) && isUnanswered(error) && (!first || isUnanswered(first));
    if (isUnheard && mustAnswer !== true) return undefined;
    throw error;
  }
  const denial = first && denied.has(first.code) ? first : undefined;
  const unknown = `${registry.url} does not know ${formatPakId(origin)} ${origin.version}.`;
  throw new PaksError(denial?.code ?? "VERSION_NOT_FOUND", denial?.message ?? unknown, {
    hint: "If it never was there, somebody changed paks.lock: take it from version control again. If it is gone, look for another version with `paks outdated`.",
    details: first?.details,
    cause: first,
  });
}
