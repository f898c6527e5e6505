import type { Objects } from "@paks/objects";
import { type Limits, PaksError, readArchive, type ReleaseDto, type ReleaseFile } from "@paks/schema";

const cacheBytes = 64 * 1024 * 1024;

export interface ReleaseContents {
  /** The archive's bytes. @throws PaksError INTERNAL when storage has lost them */
  readonly readArchiveBytes: (release: ReleaseDto) => Promise<Uint8Array>;
  /** The files in the archive. */
  readonly listFiles: (release: ReleaseDto) => Promise<readonly ReleaseFile[]>;
}

/** Files of the last used releases, unpacked: a reader of one file usually wants the next one too. */
class UnpackedCache {
  readonly #entries = new Map<string, { files: Promise<readonly ReleaseFile[]>; bytes: number }>();
  #bytes = 0;

  /** Several readers of one archive wait for one unpacking. */
  get(key: string, bytes: number, unpack: () => Promise<readonly ReleaseFile[]>): Promise<readonly ReleaseFile[]> {
    const entry = this.#entries.get(key) ?? this.#add(key, bytes, unpack());
    // Back to the end: the first one is the one that was not used for the longest time.
    this.#entries.delete(key);
    this.#entries.set(key, entry);
    return entry.files;
  }

  #add(key: string, bytes: number, files: Promise<readonly ReleaseFile[]>) {
    const entry = { files, bytes };
    this.#entries.set(key, entry);
    this.#bytes += bytes;
    // What failed is tried again by the next reader; this one's failure is told by `files` itself.
    files.catch(() => this.#remove(key));
    for (const oldest of this.#entries.keys()) {
      if (this.#bytes <= cacheBytes || oldest === key) break;
      this.#remove(oldest);
    }
    return entry;
  }

  #remove(key: string): void {
    this.#bytes -= this.#entries.get(key)?.bytes ?? 0;
    this.#entries.delete(key);
  }
}

export function openReleaseContents({ objects, limits }: { objects: Objects; limits: Limits }): ReleaseContents {
  const unpacked = new UnpackedCache();
  const readArchiveBytes = async (release: ReleaseDto): Promise<Uint8Array> => {
    const bytes = await objects.get(release.archive_sha256);
    if (bytes) return bytes;
    throw new PaksError("INTERNAL", "The registry has lost the archive of this release.", {
      hint: "Tell whoever runs the registry; the git repository still has the tag.",
      details: { archive_sha256: release.archive_sha256 },
    });
  };
  return {
    readArchiveBytes,
    listFiles: (release) =>
      unpacked.get(release.archive_sha256, release.total_bytes, async () =>
        readArchive(await readArchiveBytes(release), limits),
      ),
  };
}
