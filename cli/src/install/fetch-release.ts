import {
  type PakRef,
  type RegistryOrigin,
  type ReleaseDto,
  type ReleaseFile,
  PaksError,
  formatPakId,
  formatPakRef,
  selectVersion,
} from "@paks/schema";
import type { Context } from "../context.ts";
import { hintForUnknown } from "../near-name.ts";
import type { Registry } from "../registry.ts";
import type { Fetched } from "./fetched.ts";
import { readFetchedManifest } from "./fetched-manifest.ts";
import { fetchArchiveFiles, fetchRecordedFromGit } from "./release-bytes.ts";

export type ReleaseFetching = Pick<Context, "registryFor" | "store" | "config" | "repositories">;

export interface ReleaseOptions {
  /** `git`: the files at the recorded commit, which must have the recorded digest. */
  readonly from?: "archive" | "git" | undefined;
  /** The registry that the project wishes for. */
  readonly wish?: string | undefined;
}

/**
 * A release of the registry: its record, and its files from the store, the archive or git, compared with the digest that
 * was recorded. Throws PAK_NOT_FOUND, VERSION_NOT_FOUND, INTEGRITY_MISMATCH, UNSAFE_ARCHIVE.
 */
export async function fetchRelease(
  context: ReleaseFetching,
  ref: PakRef,
  { from, wish }: ReleaseOptions = {},
): Promise<Fetched> {
  const registry = context.registryFor(ref.account, wish);
  const release = await requireRelease(registry, ref);
  const files =
    from === "git" ? await fetchRecordedFromGit(context, release) : await findFiles(context, registry, release);
  const { manifest } = readFetchedManifest(files, release.path);
  return {
    name: release.name,
    account: release.account,
    version: release.version,
    digest: release.digest,
    origin: originOf(registry.url, release),
    files,
    manifest,
    notes: release.yanked ? [`${formatPakId(release)} ${release.version} was yanked by its author.`] : [],
  };
}

async function findFiles(
  { store }: Pick<Context, "store">,
  registry: Registry,
  release: ReleaseDto,
): Promise<readonly ReleaseFile[]> {
  const kept = await store.find(release.digest, { archive: release.archive_sha256 });
  if (kept !== undefined) return kept;
  const { files, archive } = await fetchArchiveFiles(registry, release);
  await store.putArchive(release.digest, archive);
  return files;
}

/**
 * What the registry recorded of a release.
 * @throws PaksError PAK_NOT_FOUND, VERSION_NOT_FOUND, INTEGRITY_MISMATCH
 */
export async function requireRelease(registry: Registry, ref: PakRef): Promise<ReleaseDto> {
  const release = (await registry.findRelease(ref, ref.selector ?? "latest")) ?? (await refuseUnknown(registry, ref));
  requireSamePak(release, ref);
  return release;
}

/** Says which half of the name is unknown; a name that is not there is never looked for elsewhere. */
async function refuseUnknown(registry: Registry, ref: PakRef): Promise<never> {
  const versions = await registry.listVersions(ref);
  if (versions.length > 0)
    throw new PaksError(
      "VERSION_NOT_FOUND",
      `${formatPakId(ref)} has no release that fits "${ref.selector ?? "latest"}".`,
      {
        hint: `Its newest are ${versions
          .slice(0, 5)
          .map((one) => one.version)
          .join(", ")}.`,
      },
    );
  throw new PaksError("PAK_NOT_FOUND", `${registry.url} does not know ${formatPakId(ref)}.`, {
    hint: await hintForUnknown(
      registry,
      ref,
      `Search with "paks search ${ref.name}", or install from git: paks install github:${ref.account}/${ref.name}`,
    ),
  });
}

/** A registry must not answer with another pak or another version than was asked for. */
export function requireSamePak(release: ReleaseDto, ref: PakRef): void {
  const fits = selectVersion([release], ref.selector) !== undefined;
  if (release.account === ref.account && release.name === ref.name && fits) return;
  throw new PaksError(
    "INTEGRITY_MISMATCH",
    `The registry answered ${formatPakId(release)}@${release.version} when asked for ${formatPakRef(ref)}.`,
    {
      hint: "Do not use this registry; tell who runs it.",
    },
  );
}

export const originOf = (registry: string, release: ReleaseDto): RegistryOrigin => ({
  type: "registry",
  registry,
  account: release.account,
  name: release.name,
  version: release.version,
  tag: release.tag,
  tag_object: release.tag_object,
  commit: release.commit,
  tree: release.tree,
  repository: release.repository,
  path: release.path,
  archive: release.archive_sha256,
});
