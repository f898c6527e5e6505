import {
  type FileFact,
  type Finding,
  formatPakId,
  type IndexDryRunDto,
  type MeDto,
  type PakId,
  type ReleaseDto,
  repositoryIdentity,
  isPaksError,
  PaksError,
} from "@paks/schema";
import type { Registry } from "../registry.ts";
import type { ManifestTexts } from "./pak-content.ts";
import { type Problems, settle, type Settled } from "./problems.ts";

/** Who we are to the registry. Not logged in, it is asked whether it is there at all: both belong on the list. */
export async function askWhoami(registry: Registry): Promise<{ me: Settled<MeDto>; health: Settled<unknown> }> {
  const me = await settle(registry.me());
  const health = me.error?.code === "AUTH_REQUIRED" ? await settle(registry.health()) : {};
  return { me, health };
}

export interface DryRun {
  readonly id: PakId;
  readonly version: string;
  readonly tag: string;
  readonly path: string;
  readonly repository: string;
  /** As they will be committed. */
  readonly manifest: ManifestTexts;
  readonly files: readonly FileFact[];
}

/** "Here" is there: another registry, or the program on this machine, may read such a repository. */
const ofItsPolicy = ["PROTOCOL_NOT_ALLOWED", "HOST_NOT_ALLOWED"] as const;

/** What the registry says to a release before there is a tag. */
export async function askDryRun(registry: Registry, release: DryRun): Promise<readonly Finding[]> {
  const [main = "", extra] = ["SKILL.md", "skill.yaml"].map((file) => release.manifest.get(file));
  const asked = registry.dryRunIndex({
    package: formatPakId(release.id),
    version: release.version,
    repository: release.repository,
    path: release.path,
    tag: release.tag,
    manifest: main,
    ...(extra === undefined ? {} : { manifest_extra: extra }),
    files: release.files.map(({ path, size, sha256, executable }) => ({
      path,
      size,
      sha256,
      mode: executable ? ("100755" as const) : ("100644" as const),
    })),
  });
  const answer: IndexDryRunDto = await asked.catch((error: unknown) => {
    if (!isPaksError(error) || !ofItsPolicy.some((code) => code === error.code)) throw error;
    const { code, message, hint, details } = error;
    throw new PaksError(code, `${registry.url} says: ${message}`, { hint, details, cause: error });
  });
  return answer.findings.map((finding): Finding =>
    ofItsPolicy.some((code) => code === finding.code)
      ? { ...finding, message: `${registry.url} says: ${finding.message}` }
      : finding,
  );
}

/** A tag is on the remote already: whether the registry has it too, with these very bytes. */
export async function findPublished(
  registry: Registry,
  release: { readonly id: PakId; readonly version: string; readonly digest: string; readonly command: string },
  problems: Problems,
): Promise<ReleaseDto | undefined> {
  const found = await problems.note(registry.findRelease(release.id, release.version));
  if (!found || found.digest === release.digest) return found;
  problems.add({
    severity: "error",
    code: "VERSION_EXISTS",
    message: `The registry has ${formatPakId(release.id)} ${release.version} with other content (${found.digest}).`,
    hint: `Release the next version: ${release.command} --bump patch`,
  });
  return undefined;
}

/** A remote that was switched: what is out needs nothing, but the next release would be refused. */
export function describeElsewhere(published: ReleaseDto | undefined, address: string | undefined): string | undefined {
  if (!published || address === undefined) return undefined;
  const { repository } = published;
  if (repositoryIdentity(repository) === repositoryIdentity(address)) return undefined;
  return `The registry has ${formatPakId(published)} from ${repository}, and this repository is ${address}: it takes no new release from here (BINDING_CONFLICT)`;
}
