import { relative, resolve, sep } from "node:path";
import {
  type GitOrigin,
  type LocalOrigin,
  type LockedPak,
  type Manifest,
  type NpmOrigin,
  type Origin,
  type RegistryOrigin,
  type ReleaseFile,
  PaksError,
  describeFiles,
  formatPakId,
  isPaksError,
  parseSource,
  tagVersion,
} from "@paks/schema";
import type { Context } from "../context.ts";
import type { Registry } from "../registry.ts";
import { readFetchedManifest } from "./fetched-manifest.ts";
import type { Fetched } from "./fetched.ts";
import { isAbsent, listRecordDifferences, requireRecorded } from "./locked-record.ts";
import { requireRegistryOf } from "./locked-registry.ts";
import { fetchArchiveFiles, fetchRecordedFromGit, requireOnline } from "./release-bytes.ts";

export type LockedFetching = Pick<
  Context,
  "registryFor" | "registryAt" | "store" | "repositories" | "config" | "signal" | "fetch" | "note" | "cwd" | "home"
>;

export interface LockedOptions {
  /** Folder of the lock; local sources are relative to it. Absent: the current folder. */
  readonly root?: string | undefined;
  /** The registry that the project wishes for. */
  readonly wish?: string | undefined;
  /** An earlier state of a local folder: the store may have it when the folder has another by now. */
  readonly earlier?: boolean | undefined;
  /** For releases of a registry: `git` goes there and not to the store. */
  readonly from?: "archive" | "git" | undefined;
  /** What a record of an install contradicts: the store knows the bytes and not whose they are, so their origin is asked. */
  readonly doubted?: boolean | undefined;
}

interface Locked<T extends Origin = Origin> {
  readonly entry: Omit<LockedPak, "previous">;
  readonly origin: T;
  readonly context: LockedFetching;
  readonly options: LockedOptions;
}

/** What there is to say of an entry without fetching anything. */
type Described = Pick<Locked, "entry" | "origin" | "options"> & { readonly context: Pick<Context, "cwd"> };

/**
 * Exactly the bytes of a lock's entry: from the store, else from where the lock says that they came from, and for a
 * release whose archive its registry cannot give out from git at the recorded commit. Never other bytes.
 * @throws PaksError INTEGRITY_MISMATCH for other bytes; LOCKFILE_MISMATCH when the lock contradicts the registry, the
 * configuration or the folder it names; TAG_MOVED; OFFLINE
 */
export async function fetchLocked(
  entry: Omit<LockedPak, "previous">,
  context: LockedFetching,
  options: LockedOptions = {},
): Promise<Fetched> {
  const origin = entry.resolved;
  const locked = { entry, origin, context, options };
  return describeFetched(locked, await filesOf(locked));
}

/**
 * What the lock says of files that are here already, and that have to be the locked ones.
 * @param root folder of the lock; absolute
 * @throws PaksError as `fetchLocked`
 */
export const lockedFiles = (entry: Omit<LockedPak, "previous">, files: readonly ReleaseFile[], root: string): Fetched =>
  describeFetched({ entry, origin: entry.resolved, context: { cwd: root }, options: { root } }, files);

function describeFetched(locked: Described, files: readonly ReleaseFile[]): Fetched {
  const { entry, origin } = locked;
  requireFiles(locked, files);
  const path = origin.type === "local" ? "" : origin.path;
  const { manifest, notes } = readFetchedManifest(files, path);
  if (origin.type === "registry" && manifest.name !== origin.name)
    throw mismatch(locked, `its files are those of a pak "${manifest.name}"`);
  requireVersion(locked, manifest);
  return {
    name: origin.type === "registry" ? origin.name : manifest.name,
    account: origin.type === "registry" ? origin.account : undefined,
    version: entry.version,
    digest: entry.digest,
    origin: origin.type === "local" ? { type: "local", path: localPath(locked, origin) } : origin,
    files,
    manifest,
    notes: origin.type === "registry" ? [] : notes,
  };
}

/** The lock only repeats it. A release of a registry may have it in its tag alone. */
function requireVersion(locked: Described, { name, version: written }: Pick<Manifest, "name" | "version">): void {
  const { entry, origin } = locked;
  const said =
    origin.type === "npm" ? origin.version : origin.type === "git" ? (tagged(origin, name) ?? written) : written;
  if (said === entry.version || (said === undefined && (origin.type === "registry" || entry.version === null))) return;
  throw mismatch(locked, `its files say ${said ?? "no version"}, the lock says ${entry.version ?? "none"}`);
}

const tagged = ({ tag, path }: GitOrigin, name: string): string | undefined =>
  tag === undefined ? undefined : tagVersion(tag, { name, path });

async function filesOf(locked: Locked): Promise<readonly ReleaseFile[]> {
  const { entry, origin, context } = locked;
  if (origin.type === "local") return await readLocal(locked as Locked<LocalOrigin>);
  // Before the store: who is asked for a name does not depend on what was fetched once.
  const registry = origin.type === "registry" ? requireRegistryOf(origin, context, locked.options.wish) : undefined;
  if (registry && locked.options.from === "git") return await fetchAsAsked(locked as Locked<RegistryOrigin>, registry);
  const isDoubted = locked.options.doubted === true;
  if (registry && isDoubted) {
    requireOnlineFor(locked);
    await requireRecorded({ ...(locked as Locked<RegistryOrigin>), mustAnswer: true }, registry);
  }
  const archive = origin.type === "registry" ? origin.archive : undefined;
  const kept = registry || !isDoubted ? await context.store.find(entry.digest, { archive }) : undefined;
  if (kept !== undefined) return kept;
  requireOnlineFor(locked);
  if (origin.type === "registry") return await fetchFromRegistry(locked as Locked<RegistryOrigin>, registry!);
  const files =
    origin.type === "git" ? await fetchFromGit(context, origin) : await fetchFromNpm(locked as Locked<NpmOrigin>);
  requireFiles(locked, files);
  await context.store.put(entry.digest, files);
  return files;
}

const recordedBytes = ({ entry, origin }: Locked<RegistryOrigin>) => ({
  ...origin,
  digest: entry.digest,
  archive_sha256: origin.archive,
});

/** Who names git for a locked release gets no more from there than for one that is not locked. */
async function fetchAsAsked(locked: Locked<RegistryOrigin>, registry: Registry): Promise<readonly ReleaseFile[]> {
  requireOnlineFor(locked);
  await requireRecorded(locked, registry);
  return await fetchRecordedFromGit(locked.context, recordedBytes(locked));
}

async function fetchFromRegistry(locked: Locked<RegistryOrigin>, registry: Registry): Promise<readonly ReleaseFile[]> {
  const { entry, context, origin } = locked;
  try {
    const { files, archive } = await fetchArchiveFiles(registry, recordedBytes(locked));
    await context.store.putArchive(entry.digest, archive);
    return files;
  } catch (error) {
    if (!isPaksError(error)) throw error;
    if (error.code === "INTEGRITY_MISMATCH") throw await blame(locked, registry, error);
    if (!isAbsent(error)) throw error;
    await requireRecorded(locked, registry, error);
    const files = await fetchInstead(locked, error);
    const name = `${formatPakId(origin)} ${origin.version}`;
    context.note(`${registry.url} does not give out ${name} (${error.code}); it came from git, verified.`);
    return files;
  }
}

/** When git has no answer either, the registry's is the one to tell. */
async function fetchInstead(locked: Locked<RegistryOrigin>, first: PaksError): Promise<readonly ReleaseFile[]> {
  try {
    return await fetchRecordedFromGit(locked.context, recordedBytes(locked));
  } catch (error) {
    if (!isPaksError(error) || error.code === "INTEGRITY_MISMATCH" || error.code === "TAG_MOVED") throw error;
    throw new PaksError(first.code, `${first.message} Git does not have it either: ${error.message}`, {
      hint: first.hint,
      details: first.details,
      cause: error,
    });
  }
}

/** Other bytes than the lock says: either the registry's record says so too, and the lock is wrong, or it lies. */
async function blame(locked: Locked<RegistryOrigin>, registry: Registry, error: PaksError): Promise<PaksError> {
  const { origin } = locked;
  const release = await registry.findRelease(origin, origin.version).catch(() => undefined);
  const [other] = release === undefined ? [] : listRecordDifferences(locked, release);
  if (other === undefined) return error;
  const { what, here, there } = other;
  return mismatch(locked, `${registry.url} recorded the ${what} ${there}, the lock says ${here}`, {
    cause: error,
    hint: "Look at who changed paks.lock. If the lock is right, do not use this registry.",
  });
}

async function fetchFromGit(context: LockedFetching, origin: GitOrigin): Promise<readonly ReleaseFile[]> {
  const { fetchLockedGitFiles } = await import("./fetch-git.ts");
  return await fetchLockedGitFiles(origin, context);
}

async function fetchFromNpm({ origin, context }: Locked<NpmOrigin>): Promise<readonly ReleaseFile[]> {
  const { fetchNpmFiles } = await import("./fetch-npm.ts");
  return (await fetchNpmFiles(origin, context)).files;
}

const localPath = ({ options, context }: Pick<Described, "options" | "context">, { path }: LocalOrigin): string =>
  resolve(options.root ?? context.cwd, path);

async function readLocal(locked: Locked<LocalOrigin>): Promise<readonly ReleaseFile[]> {
  const { options, context, entry, origin } = locked;
  const root = options.root ?? context.cwd;
  const [{ fetchOwnFolder }, { requireSourceInside }] = await Promise.all([
    import("./fetch-local.ts"),
    import("./require-inside.ts"),
  ]);
  await requireSourceInside(localPath(locked, origin), root);
  // Before the folder, which may be gone.
  const kept = options.earlier === true ? await context.store.find(entry.digest) : undefined;
  if (kept !== undefined) return kept;
  // The source may be a folder above. Which one below it is meant is for the files to say, not for the lock.
  const asked = entry.source === null ? undefined : parseSource(entry.source);
  const source = asked?.type === "local" ? asked.path : localPath(locked, origin);
  const { files, origin: found } = await fetchOwnFolder(source, root);
  if (found.type === "local" && found.path !== localPath(locked, origin))
    throw mismatch(locked, `the pak in ${source} is now ${relative(root, found.path).replaceAll(sep, "/") || "."}`, {
      hint: "Look at who changed paks.lock. If the folder was moved, `paks install` locks where it is now.",
    });
  if (describeFiles(files).digest === entry.digest) return files;
  if (options.earlier === true) throw notKept(locked);
  throw mismatch(locked, `the files in ${origin.path || "."} have changed since`, {
    hint: "Run `paks install` to lock what is there now.",
  });
}

const notKept = ({ origin }: Locked<LocalOrigin>): PaksError =>
  new PaksError("VERSION_NOT_FOUND", `The state before of ${origin.path || "the folder"} is not kept any more.`, {
    hint: "A folder holds only what it holds now, and the store does not have the rest. Change the folder back, for example with git, then: paks install.",
    details: { path: origin.path },
  });

function requireFiles(locked: Described, files: readonly ReleaseFile[]): void {
  const { entry } = locked;
  const found = describeFiles(files).digest;
  if (found !== entry.digest)
    throw new PaksError("INTEGRITY_MISMATCH", `${nameOf(locked)}: the files are not those of the lock.`, {
      hint: "Nothing was installed. Look at what changed at its source; `paks update` takes the new state.",
      details: { recorded: entry.digest, found },
    });
  if (files.length !== entry.files)
    throw mismatch(locked, `it has ${files.length} files, the lock says ${entry.files}`);
}

function requireOnlineFor(locked: Locked): void {
  const { origin, context, options } = locked;
  if (origin.type === "registry") return requireOnline(context, origin);
  if (!context.config.offline) return;
  const why = options.doubted === true ? "is recorded here otherwise than paks.lock says" : "is not in the store";
  throw new PaksError("OFFLINE", `${nameOf(locked)} ${why}, and paks works offline.`, {
    hint: "Run the same command once with a network.",
  });
}

function nameOf({ origin }: Described): string {
  if (origin.type === "registry") return `${formatPakId(origin)} ${origin.version}`;
  if (origin.type === "npm") return `${origin.package} ${origin.version}`;
  return origin.type === "git" ? `${origin.repository} at ${origin.commit.slice(0, 12)}` : origin.path;
}

const mismatch = (
  locked: Described,
  why: string,
  options: ConstructorParameters<typeof PaksError>[2] = {},
): PaksError =>
  new PaksError("LOCKFILE_MISMATCH", `paks.lock and ${nameOf(locked)} do not fit: ${why}.`, {
    hint: "Take paks.lock from version control again.",
    ...options,
  });
