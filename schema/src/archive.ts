import { promisify } from "node:util";
import { crc32, inflateRaw, inflateRawSync } from "node:zlib";
import { compareBytes } from "./digest.ts";
import { PaksError } from "./errors.ts";
import { defaultLimits, type Limits } from "./limits.ts";
import { type ReleaseFile, requireReleaseFiles } from "./release-files.ts";
import { maxTarBytes, readTar, unsafeArchive } from "./tar-reader.ts";

/**
 * The archive of a release. Equal files give equal bytes whatever their order, the clock, the user or the version of
 * Node: the compressor is a package at a fixed version, not the zlib that Node was built with.
 */
export async function makeArchive(files: readonly ReleaseFile[]): Promise<Uint8Array> {
  // Reading is what an install does, and it needs neither.
  const [{ gzipSync }, { packTar }] = await Promise.all([import("fflate"), import("modern-tar")]);
  const sorted = [...files].sort((a, b) => compareBytes(a.path, b.path));
  const tar = await packTar(sorted.map((file) => ({ header: tarHeader(file), body: file.bytes })));
  return gzipSync(tar, { level: 6, mtime: 0 });
}

function tarHeader({ path, bytes, executable }: ReleaseFile) {
  const header = { name: path, size: bytes.length, type: "file" as const, mode: executable ? 0o755 : 0o644 };
  const owner = { mtime: new Date(0), uid: 0, gid: 0, uname: "", gname: "" };
  // The name field of a plain header has no stated encoding, so names beyond ASCII go into an extended one.
  return /^[\u0020-\u007E]*$/.test(path) ? { ...header, ...owner } : { ...header, ...owner, pax: { path } };
}

/**
 * The files of an archive such as `makeArchive` makes. Anything else that tar or gzip could hold is refused, and
 * nothing is inflated beyond what the limits allow.
 * @throws PaksError UNSAFE_ARCHIVE, TOO_LARGE, TOO_MANY_FILES
 */
export async function readArchive(bytes: Uint8Array, limits: Limits = defaultLimits): Promise<ReleaseFile[]> {
  const files = readTar(await readGzip(bytes, maxTarBytes(limits)), limits);
  try {
    requireReleaseFiles(files, limits);
  } catch (error) {
    if (!(error instanceof PaksError) || error.code === "TOO_LARGE" || error.code === "TOO_MANY_FILES") throw error;
    throw unsafeArchive(error.message, { ...error.details, code: error.code }, error);
  }
  return files;
}

const MiB = 1024 * 1024;
/** Of a whole package; the pak in it is held to the limits of releases. */
export const packageLimits: Limits = {
  ...defaultLimits,
  files: 20_000,
  fileBytes: 64 * MiB,
  releaseBytes: 64 * MiB,
};

/**
 * The files of an npm package, without the one folder that all of them lie in. Nothing but the caps was checked of paths
 * and sizes: whoever takes some of them holds those to the rules for releases.
 * @throws PaksError UNSAFE_ARCHIVE, TOO_LARGE, TOO_MANY_FILES
 */
export async function readPackageArchive(bytes: Uint8Array, limits: Limits = packageLimits): Promise<ReleaseFile[]> {
  const files = readTar(await readGzip(bytes, maxTarBytes(limits)), limits, true);
  return files.flatMap((file) => {
    const slash = file.path.indexOf("/");
    return slash < 0 ? [] : [{ ...file, path: file.path.slice(slash + 1) }];
  });
}

const headerBytes = 10;
const trailerBytes = 8;

/** One gzip member without optional fields and nothing behind it; Node's own gunzip would also take several. */
async function readGzip(bytes: Uint8Array, maxBytes: number): Promise<Uint8Array> {
  const [id1, id2, method, flags] = bytes;
  if (bytes.length < headerBytes + trailerBytes || id1 !== 0x1f || id2 !== 0x8b || method !== 8 || flags !== 0) {
    throw unsafeArchive("The archive is not a gzip file of the plain kind.");
  }
  const { output, read } = await inflate(bytes.subarray(headerBytes), maxBytes);
  const trailer = bytes.subarray(headerBytes + read);
  if (trailer.length !== trailerBytes) throw unsafeArchive("The archive has bytes behind its end or lacks some.");
  const view = new DataView(trailer.buffer, trailer.byteOffset, trailerBytes);
  if (view.getUint32(0, true) !== crc32(output) || view.getUint32(4, true) !== output.length) {
    throw unsafeArchive("The archive's checksum does not fit its content.");
  }
  return output;
}

/** @returns the inflated bytes and how many bytes of the input they came from */
async function inflate(input: Uint8Array, maxOutputLength: number): Promise<{ output: Uint8Array; read: number }> {
  // With `info` the answer has the stream too, which the type declarations do not know.
  const options = { maxOutputLength, info: true };
  try {
    const result: unknown =
      input.length <= smallBytes ? inflateRawSync(input, options) : await inflateAside(input, options);
    const { buffer, engine } = result as { buffer: Buffer; engine: { bytesWritten: number } };
    return { output: buffer, read: engine.bytesWritten };
  } catch (error) {
    throw inflateError(error as NodeJS.ErrnoException, maxOutputLength);
  }
}

/** Inflated sooner than a thread is found that does it. */
const smallBytes = 64 * 1024;
const inflateAside = promisify(inflateRaw);

function inflateError(cause: NodeJS.ErrnoException, maxBytes: number): Error {
  if (cause.code === "ERR_BUFFER_TOO_LARGE") {
    const message = `The archive holds more than ${maxBytes} bytes.`;
    return new PaksError("TOO_LARGE", message, { cause, details: { rule: "release-too-large" } });
  }
  return cause.code?.startsWith("Z_") ? unsafeArchive("The archive cannot be decompressed.", {}, cause) : cause;
}
