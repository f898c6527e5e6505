import {
  type LockedPak,
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
const unanswered = new Set<string>(["REGISTRY_UNAVAILABLE", "DB_UNAVAILABLE", "RATE_LIMITED", "INTERNAL"]);

interface LockedRelease {
  readonly entry: Omit<LockedPak, "previous">;
  readonly origin: RegistryOrigin;
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

export function listRecordDifferences({ entry, origin }: LockedRelease, release: ReleaseDto): Difference[] {
  const pairs: readonly (readonly [what: string, here: string | undefined, there: string])[] = [
    ["digest", entry.digest, release.digest],
    ["repository", origin.repository, release.repository],
    ["folder", origin.path, release.path],
    ["tag", origin.tag, release.tag],
    ["commit", origin.commit, release.commit],
    ["tree", origin.tree, release.tree],
    ["archive", origin.archive, release.archive_sha256],
  ];
  return pairs.flatMap(([what, here, there]) => (here === undefined || here === there ? [] : [{ what, here, there }]));
}

/**
 * A version of one registry has one commit for ever. In words, how lock and record of an install differ about it.
 * @param record of an install with the locked digest
 */
export function findOtherCommit(entry: LockedRelease["entry"], record: InstallRecord): string | undefined {
  const [locked, { origin }] = [entry.resolved, record];
  if (locked.type !== "registry" || origin.type !== "registry") return undefined;
  if (locked.registry !== origin.registry || locked.version !== origin.version) return undefined;
  const differs = (here: string | undefined, there: string | undefined) =>
    here !== undefined && there !== undefined && here !== there;
  if (differs(locked.commit, origin.commit)) return `commit ${locked.commit}, it was installed from ${origin.commit}`;
  return differs(locked.tree, origin.tree) ? `tree ${locked.tree}, it was installed from ${origin.tree}` : undefined;
}

/** @throws PaksError LOCKFILE_MISMATCH */
export function requireSameCommit(folder: string, entry: LockedRelease["entry"], record: InstallRecord): void {
  const other = findOtherCommit(entry, record);
  if (other === undefined) return;
  throw new PaksError("LOCKFILE_MISMATCH", `paks.lock and the record of ${folder} do not fit: the lock has ${other}.`, {
    hint: "Look at who changed paks.lock, or the record; `paks verify` asks the registry. Take paks.lock from version control again.",
  });
}

async function findRecord(
  { origin }: LockedRelease,
  registry: Registry,
  first: PaksError | undefined,
): Promise<ReleaseDto | undefined> {
  try {
    const release = await registry.findRelease(origin, origin.version);
    if (release !== undefined) return release;
  } catch (error) {
    if (isPaksError(error) && unanswered.has(error.code) && (!first || unanswered.has(first.code))) return undefined;
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
