import {
  type PakId,
  type ReleaseFile,
  PaksError,
  describeFiles,
  formatPakId,
  isPaksError,
  readArchive,
  sha256Hex,
} from "@paks/schema";
import type { Context } from "../context.ts";
import type { Registry } from "../registry.ts";

/** What a registry or a lock says of the bytes of a release. */
export interface RecordedBytes extends PakId {
  readonly version: string;
  readonly digest: string;
  /** SHA-256 of the archive; absent in locks of git sources. */
  readonly archive_sha256?: string | undefined;
  readonly archive_bytes?: number;
}

/** @throws PaksError INTEGRITY_MISMATCH for any bytes but the recorded ones; what `fetchArchive` throws */
export async function fetchArchiveFiles(
  registry: Registry,
  release: RecordedBytes,
): Promise<{ readonly files: readonly ReleaseFile[]; readonly archive: Uint8Array }> {
  const archive = await registry.fetchArchive(release);
  if (release.archive_sha256 !== undefined)
    requireEqual(sha256Hex(archive), release.archive_sha256, { release, what: "archive" });
  const files = await readFiles(archive, release);
  requireEqual(describeFiles(files).digest, release.digest, { release, what: "digest" });
  return { files, archive };
}

/** With a recorded SHA-256 a bad archive is the registry's own; without, it is only not what was asked for. */
async function readFiles(archive: Uint8Array, release: RecordedBytes): Promise<ReleaseFile[]> {
  try {
    return await readArchive(archive);
  } catch (error) {
    if (!isPaksError(error) || release.archive_sha256 !== undefined) throw error;
    throw mismatch(release, "archive", { cause: error });
  }
}

/** The files at the recorded commit of the recorded repository, kept in the store. @throws PaksError INTEGRITY_MISMATCH */
export async function fetchRecordedFromGit(
  context: Pick<Context, "store" | "config" | "repositories">,
  release: RecordedBytes & {
    readonly repository: string;
    readonly commit: string;
    readonly path: string;
    readonly tag: string;
  },
): Promise<readonly ReleaseFile[]> {
  requireOnline(context, release);
  const { fetchGitFiles } = await import("./fetch-git.ts");
  const { policy } = context.config.git;
  // The address comes from a registry or a lock: nothing of this machine and nothing that asks for keys.
  const protocols = policy.protocols.filter((one) => one === "https" || one === "http");
  const { files } = await fetchGitFiles(release, context, { ...policy, protocols });
  requireEqual(describeFiles(files).digest, release.digest, { release, what: "digest at the recorded commit" });
  await context.store.put(release.digest, files);
  return files;
}

/** @throws PaksError OFFLINE */
export function requireOnline(
  { config }: Pick<Context, "config">,
  release: PakId & { readonly version: string },
): void {
  if (!config.offline) return;
  throw new PaksError(
    "OFFLINE",
    `${formatPakId(release)} ${release.version} is not in the store, and paks works offline.`,
    {
      hint: "Run the same command once with a network.",
    },
  );
}

function requireEqual(found: string, recorded: string, about: { release: RecordedBytes; what: string }): void {
  const { release, what } = about;
  if (found !== recorded) throw mismatch(release, what, { details: { recorded, found, what } });
}

const mismatch = (
  release: RecordedBytes,
  what: string,
  options: ConstructorParameters<typeof PaksError>[2],
): PaksError =>
  new PaksError(
    "INTEGRITY_MISMATCH",
    `The ${what} of ${formatPakId(release)} ${release.version} is not the recorded one.`,
    {
      hint: "Nothing was installed. Try again; if it stays so, tell who runs the registry.",
      ...options,
    },
  );
