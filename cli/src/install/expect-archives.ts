import { type PakId, formatPakId, sha256Hex } from "@paks/schema";
import type { Registry } from "../registry.ts";

/** Of a workspace of a hundred new paks only these many are held in memory before they are wanted. */
const mostExpected = 8;

/**
 * The client of somebody who is going to install what he looks up: when a pak is asked about for the first time, its
 * archive is asked for in the same moment, and a first install waits for one answer instead of two. Bytes that turn out
 * to be those of another version are fetched again.
 */
export function expectArchives(registry: Registry): Registry {
  const expected = new Map<string, Promise<Uint8Array | undefined>>();
  const expect = (id: PakId, selector: string): boolean => {
    const key = formatPakId(id);
    if (expected.has(key) || expected.size >= mostExpected) return false;
    // A failure is told when the very version is fetched.
    expected.set(
      key,
      registry.fetchArchive({ ...id, version: selector }).catch(() => undefined),
    );
    return true;
  };
  return {
    ...registry,
    findRelease: (id, selector) => registry.findRelease(id, selector, () => expect(id, selector)),
    fetchArchive: async (release, limits) => {
      const key = formatPakId(release);
      const early = await expected.get(key);
      expected.delete(key);
      return early !== undefined && sha256Hex(early) === release.archive_sha256
        ? early
        : await registry.fetchArchive(release, limits);
    },
  };
}
