import { createHash } from "node:crypto";
import { escapeText } from "./characters.ts";
import { PaksError } from "./errors.ts";

/** Lower-case hexadecimal. */
export const sha256Hex = (bytes: Uint8Array): string => createHash("sha256").update(bytes).digest("hex");

/** Order of names by their UTF-8 bytes: the order of `LC_ALL=C sort`, which UTF-16 and locales do not keep. */
export const compareBytes = (a: string, b: string): number => Buffer.compare(Buffer.from(a), Buffer.from(b));

/**
 * The digest `h1` of a release: SHA-256 over one `<sha256>  <path>\n` line per file, in byte order of the paths.
 * `sha256` is lower-case hexadecimal of the file's bytes; paths are relative to the pak, with `/`.
 * @throws PaksError UNSAFE_PATH for a path that would make two different trees one text or that is there twice
 */
export function contentDigest(files: Iterable<{ readonly path: string; readonly sha256: string }>): string {
  const sorted = Array.from(files, ({ path, sha256 }) => ({ path: Buffer.from(path), sha256 })).sort((a, b) =>
    Buffer.compare(a.path, b.path),
  );
  const hash = createHash("sha256");
  let previous: Buffer | undefined;
  for (const { path, sha256 } of sorted) {
    if (
      path.includes(10) ||
      path.length === 0 ||
      (previous && path.equals(previous)) ||
      !/^[0-9a-f]{64}$/.test(sha256)
    ) {
      throw new PaksError("UNSAFE_PATH", `"${escapeText(path.toString())}" cannot be part of a digest.`, {
        details: { path: escapeText(path.toString()), rule: "digest-line" },
      });
    }
    hash.update(`${sha256}  `).update(path).update("\n");
    previous = path;
  }
  return `h1:${hash.digest("base64")}`;
}
