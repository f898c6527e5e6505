import { isVersion } from "@paks/schema";

const versionPath = /^\/api\/[a-z]+\/[^/]+\/[^/]+\/versions\/([^/]+)(\/(?:files(?:\/.*)?|readme|archive))?$/;

/**
 * Whether a path leads to what may be fetched without limit: the document of an exact version, and the content
 * of any version. Installs and caches live from these.
 */
export function isFixedVersionPath(path: string): boolean {
  const match = versionPath.exec(path);
  if (!match) return false;
  return match[2] !== undefined || isVersion(decodeURIComponent(match[1]!));
}
