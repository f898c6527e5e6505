import type { Finding } from "./finding.ts";
import { isErrorCode, PaksError } from "./errors.ts";
import type { Kind } from "./kinds/kind.ts";
import type { Manifest, ManifestOptions, ManifestReading, PakFiles } from "./kinds/reading.ts";
import { findKind, kindTable } from "./kinds/table.ts";
import { foldCase } from "./paths.ts";

export type { Dependency, Manifest, ManifestOptions, ManifestReading, PakFiles, Profile } from "./kinds/reading.ts";

/** Where a manifest lies. */
export interface ManifestPlace {
  readonly kind: Kind;
  /** Of the manifest file. */
  readonly path: string;
  /** Of its folder; "" is the root. */
  readonly directory: string;
}

/** The kind's file names, the one that marks the folder first. */
export const manifestFileNames = (kind: Kind): readonly string[] => findKind(kind)?.manifestFiles ?? [];

/** Every manifest among `paths`, in their order. Other spellings count too: on many disks they are the same file. */
export function findManifests(paths: Iterable<string>): ManifestPlace[] {
  const places: ManifestPlace[] = [];
  for (const path of paths) {
    const slash = path.lastIndexOf("/");
    const name = foldCase(path.slice(slash + 1));
    const row = kindTable.find(({ manifestFiles }) => foldCase(manifestFiles[0]) === name);
    if (row) places.push({ kind: row.kind, path, directory: path.slice(0, Math.max(slash, 0)) });
  }
  return places;
}

/** Folders in which more than one manifest could be meant. */
export function checkManifestPlaces(places: readonly ManifestPlace[]): Finding[] {
  const folders = new Map<string, ManifestPlace[]>();
  for (const place of places) {
    const folder = folders.get(place.directory);
    if (folder) folder.push(place);
    else folders.set(place.directory, [place]);
  }
  return [...folders.values()].flatMap((folder) => (folder.length > 1 ? [ambiguous(folder)] : []));
}

const ambiguous = (places: readonly ManifestPlace[]): Finding => ({
  severity: "error",
  code: "AMBIGUOUS_MANIFEST",
  message: `${places.map(({ path }) => path).join(" and ")} cannot both be the manifest.`,
  hint: "Keep one of them.",
  path: places[0]!.path,
});

/** Paks of one repository that have the same name, so that a tag with the name could mean either. */
export function checkManifestNames(paks: readonly { readonly name: string; readonly directory: string }[]): Finding[] {
  const first = new Map<string, string>();
  const findings: Finding[] = [];
  for (const { name, directory } of paks) {
    const other = first.get(name);
    if (other === undefined) first.set(name, directory);
    else {
      findings.push({
        severity: "error",
        code: "AMBIGUOUS_MANIFEST",
        message: `${other || "the root"} and ${directory || "the root"} both hold a pak named ${name}.`,
        hint: "Rename one of them.",
        path: directory,
        field: "name",
      });
    }
  }
  return findings;
}

/**
 * Reads the manifest at the root of `files`, whatever its kind. Never throws for content: what is wrong comes as
 * findings.
 */
export function readManifest(files: PakFiles, options: ManifestOptions): ManifestReading {
  const found = findManifests(files.keys()).find(({ directory }) => directory === "");
  // Without any manifest the first kind says what is missing.
  const row = (found && findKind(found.kind)) ?? kindTable[0]!;
  return row.read(files, options);
}

/**
 * The manifest, when no finding is an error.
 * @throws PaksError the first error; `details.findings` has all findings
 */
export function requireManifest({ manifest, findings }: ManifestReading): Manifest {
  const error = findings.find(({ severity }) => severity === "error");
  if (manifest && !error) return manifest;
  const { code = "MANIFEST_INVALID", message = "The manifest cannot be read.", hint } = error ?? {};
  const { path, line, column, field } = error ?? {};
  const place = Object.fromEntries(
    Object.entries({ path, line, column, field }).filter(([, value]) => value !== undefined),
  );
  throw new PaksError(isErrorCode(code) ? code : "MANIFEST_INVALID", message, {
    hint,
    details: { ...place, findings },
  });
}
