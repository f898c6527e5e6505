import { type Manifest, type ReleaseFile, readManifest, requireManifest } from "@paks/schema";

/** The manifest of files that came from outside the registry, in the lenient profile, and what is odd about it. */
export function readFetchedManifest(
  files: readonly ReleaseFile[],
  path: string,
): { readonly manifest: Manifest; readonly notes: readonly string[] } {
  const directory = path === "" ? undefined : path.slice(path.lastIndexOf("/") + 1);
  const reading = readManifest(new Map(files.map((file) => [file.path, file.bytes])), {
    profile: "lenient",
    directory,
  });
  const manifest = requireManifest(reading);
  return { manifest, notes: reading.findings.map((finding) => finding.message) };
}
