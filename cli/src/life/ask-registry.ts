import { type RegistryOrigin, type ReleaseDto, PaksError, formatPakId, isPaksError } from "@paks/schema";
import { type Registries, findRegistryOf, otherRegistry, releaseGone } from "../install/locked-registry.ts";
import { listRecordDifferences } from "../install/locked-record.ts";
import type { Registry } from "../registry.ts";

/** What a registry says today of a release that was installed from it. */
export type Asked<R extends Registry = Registry> =
  | { readonly state: "known"; readonly release: ReleaseDto; readonly registry: R }
  /** It is not in the registry any more, or was taken down, or its registry is not one this machine asks. */
  | { readonly state: "refused"; readonly error: PaksError; readonly registry: R | undefined }
  /** Nobody knows: no network, a failing registry. */
  | { readonly state: "unreachable"; readonly error: PaksError };

/** @param wish the registry that the project asks for */
export async function askRegistry<R extends Registry>(
  context: Registries<R>,
  origin: RegistryOrigin,
  wish: string | undefined,
): Promise<Asked<R>> {
  const found = findRegistryOf(origin, context, wish);
  if (!("registry" in found))
    return { state: "refused", error: otherRegistry(origin, found.instead), registry: undefined };
  const { registry } = found;
  try {
    const release = await registry.findRelease(origin, origin.version);
    if (release === undefined) return { state: "refused", error: releaseGone(origin), registry };
    const same =
      release.account === origin.account && release.name === origin.name && release.version === origin.version;
    return same ? { state: "known", release, registry } : { state: "refused", error: anotherPak(origin), registry };
  } catch (error) {
    if (!isPaksError(error) || error.code === "CANCELLED") throw error;
    if (unknowing.has(error.code)) return { state: "unreachable", error };
    return { state: "refused", error, registry };
  }
}

const unknowing = new Set<string>([
  "OFFLINE",
  "REGISTRY_UNAVAILABLE",
  "RATE_LIMITED",
  "DB_UNAVAILABLE",
  "AUTH_REQUIRED",
  "INVALID_TOKEN",
  "TOKEN_EXPIRED",
  "FORBIDDEN",
]);

const anotherPak = (origin: RegistryOrigin): PaksError =>
  new PaksError(
    "INTEGRITY_MISMATCH",
    `${origin.registry} answers with another release when asked for ${formatPakId(origin)} ${origin.version}.`,
    { hint: "Do not use this registry; tell who runs it." },
  );

/** How the recorded facts and the registry's differ; empty when they do not. */
export function listDifferences(
  recorded: { readonly origin: RegistryOrigin; readonly digest: string },
  release: ReleaseDto,
): string[] {
  return listRecordDifferences({ entry: recorded, origin: recorded.origin }, release).map(
    ({ what, here, there }) => `${what} ${here || "."} here, ${there || "."} in the registry`,
  );
}
