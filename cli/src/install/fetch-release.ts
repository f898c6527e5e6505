import {
  type PakRef,
  type ReleaseDto,
  PaksError,
  describeFiles,
  formatPakId,
  formatPakRef,
  readArchive,
  requireReleaseFiles,
  selectVersion,
  sha256Hex,
} from "@paks/schema";
import type { Registry } from "../registry.ts";
import type { Fetched } from "./fetched.ts";
import { readFetchedManifest } from "./fetched-manifest.ts";

/**
 * A release of the registry: its record, its archive, and the digest of the bytes that arrived compared with the one
 * that was recorded. Throws PAK_NOT_FOUND, VERSION_NOT_FOUND, INTEGRITY_MISMATCH, UNSAFE_ARCHIVE.
 */
export async function fetchRelease(registry: Registry, ref: PakRef): Promise<Fetched> {
  const release = (await registry.findRelease(ref, ref.selector ?? "latest")) ?? (await refuseUnknown(registry, ref));
  requireSamePak(release, ref);
  const archive = await registry.fetchArchive(release);
  requireEqual(sha256Hex(archive), release.archive_sha256, { release, what: "archive" });
  const files = await readArchive(archive);
  requireReleaseFiles(files);
  requireEqual(describeFiles(files).digest, release.digest, { release, what: "digest" });
  return {
    name: release.name,
    account: release.account,
    version: release.version,
    digest: release.digest,
    origin: originOf(registry.url, release),
    files,
    manifest: readFetchedManifest(files, release.path).manifest,
    notes: release.yanked ? [`${formatPakId(release)} ${release.version} was yanked by its author.`] : [],
  };
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
    hint: `Search with "paks search ${ref.name}", or install from git: paks install https://github.com/${ref.account}/${ref.name}`,
  });
}

/** A registry must not answer with another pak or another version than was asked for. */
function requireSamePak(release: ReleaseDto, ref: PakRef): void {
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

function requireEqual(found: string, recorded: string, about: { release: ReleaseDto; what: string }): void {
  if (found === recorded) return;
  const { release, what } = about;
  throw new PaksError(
    "INTEGRITY_MISMATCH",
    `The ${what} of ${formatPakId(release)} ${release.version} is not the recorded one.`,
    {
      hint: "Nothing was installed. Try again; if it stays so, tell who runs the registry.",
      details: { recorded, found, what },
    },
  );
}

const originOf = (registry: string, release: ReleaseDto): Fetched["origin"] => ({
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
