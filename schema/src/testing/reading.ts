import { readManifest } from "../manifest.ts";
import type { ManifestOptions, ManifestReading } from "../kinds/reading.ts";

/** File contents from texts. */
export const pakFiles = (texts: Readonly<Record<string, string>>): Map<string, Uint8Array> =>
  new Map(Object.entries(texts).map(([path, text]) => [path, Buffer.from(text)]));

/** Reads the manifest of a pak whose files are given as texts. */
export const readTexts = (
  texts: Readonly<Record<string, string>>,
  profile: ManifestOptions["profile"],
  options: Omit<ManifestOptions, "profile"> = {},
): ManifestReading => readManifest(pakFiles(texts), { profile, ...options });
