import { escapeText } from "./characters.ts";
import { type ErrorDetails, PaksError } from "./errors.ts";
import type { Limits } from "./limits.ts";
import type { ReleaseFile } from "./release-files.ts";

/**
 * Reads the one kind of tar that releases are kept in: regular files, plain `ustar` headers, at most one extended
 * header (the path) before each. A general reader would take an unknown kind of entry for a file and follow GNU and
 * global headers; here every byte that has no meaning for a release refuses the archive.
 * Packages of npm are read with `foreign`: their modes and further notes of extended headers mean nothing and are passed
 * over, folders' own entries too; links, devices and headers that change what follows stay refused.
 */
const blockBytes = 512;

export const unsafeArchive = (message: string, details?: ErrorDetails, cause?: unknown): PaksError =>
  new PaksError("UNSAFE_ARCHIVE", message, { details, cause });

const padded = (size: number): number => Math.ceil(size / blockBytes) * blockBytes;

/** The longest tar that a release within the limits can have. */
export const maxTarBytes = (limits: Limits): number =>
  limits.releaseBytes + limits.files * (3 * blockBytes + padded(limits.pathBytes + 32)) + 2 * blockBytes;

/** @throws PaksError UNSAFE_ARCHIVE, TOO_LARGE, TOO_MANY_FILES */
export function readTar(tar: Uint8Array, limits: Limits, foreign = false): ReleaseFile[] {
  const files: ReleaseFile[] = [];
  let offset = 0;
  let path: string | undefined;
  for (;;) {
    const block = tar.subarray(offset, offset + blockBytes);
    if (isZero(block)) break;
    const header = readHeader(block, foreign);
    const start = offset + blockBytes;
    const body = tar.subarray(start, start + header.size);
    offset = start + padded(header.size);
    if (offset > tar.length) throw unsafeArchive("The archive ends in the middle of a file.");
    if (!isZero(tar.subarray(start + header.size, offset)))
      throw unsafeArchive("The archive hides bytes between files.");
    if (header.type === "x") {
      if (path !== undefined) throw unsafeArchive("The archive has two extended headers in a row.");
      path = foreign ? (readForeignPax(body) ?? header.path) : readPaxPath(body, limits);
      continue;
    }
    const file = { ...header, path: path ?? header.path };
    path = undefined;
    if (foreign && (header.type === "5" || file.path.endsWith("/"))) continue;
    files.push(foreign ? foreignFile(file, body) : readFile(file, body, limits));
    if (files.length > limits.files)
      throw new PaksError("TOO_MANY_FILES", `The archive holds more than ${limits.files} files.`);
  }
  if (path !== undefined) throw unsafeArchive("The archive ends behind an extended header.");
  requireEnd(tar.subarray(offset));
  return files;
}

function requireEnd(rest: Uint8Array): void {
  if (rest.length < 2 * blockBytes || rest.length % blockBytes !== 0 || !isZero(rest)) {
    throw unsafeArchive("The archive's end is missing or something stands behind it.");
  }
}

const isZero = (bytes: Uint8Array): boolean => bytes.every((byte) => byte === 0);

interface Header {
  readonly path: string;
  /** The type flag: `0` file, `x` extended header. */
  readonly type: string;
  readonly size: number;
  readonly mode: number;
}

function readHeader(block: Uint8Array, foreign: boolean): Header {
  if (block.length < blockBytes) throw unsafeArchive("The archive's end is missing.");
  requireChecksum(block);
  const isGnu = foreign && isPlainGnu(block);
  if (!isGnu && readText(block, 257, 8, false) !== "ustar\u000000")
    throw unsafeArchive("The archive is not in the ustar format.");
  const type = String.fromCharCode(block[156]!);
  const prefix = readText(block, 345, 155);
  const name = readText(block, 0, 100);
  const path = prefix === "" ? name : `${prefix}/${name}`;
  const known = foreign ? ["0", "\0", "5", "x"] : ["0", "x"];
  if (!known.includes(type)) {
    throw unsafeArchive(`"${escapeText(path)}" is ${typeName(type)}; a release holds files only.`, {
      path: escapeText(path),
      rule: "entry-type",
    });
  }
  if (readText(block, 157, 100) !== "") throw unsafeArchive(`"${escapeText(path)}" names a link's target.`);
  return { path, type, size: readOctal(block, 124, 12), mode: readOctal(block, 100, 8) };
}

/**
 * GNU tar's own format differs in its magic, and has other fields where ustar has the front of a path. Where all of those
 * are empty, and the entry is of a kind that both have, it says the same; GNU's extensions are entries of other kinds.
 */
const isPlainGnu = (block: Uint8Array): boolean =>
  readText(block, 257, 8, false) === "ustar  \0" && isZero(block.subarray(345, blockBytes));

const typeNames: Readonly<Record<string, string>> = {
  "1": "a hard link",
  "2": "a symbolic link",
  "3": "a device",
  "4": "a device",
  "5": "a folder's own entry",
  "6": "a pipe",
  K: "a long link in GNU tar's own form",
  L: "a long name in GNU tar's own form",
  S: "a file with holes in GNU tar's own form",
};
const typeName = (type: string): string => typeNames[type] ?? "an entry of a special kind";

function readFile(header: Header, body: Uint8Array, limits: Limits): ReleaseFile {
  const path = escapeText(header.path);
  if (header.size > limits.fileBytes) {
    throw new PaksError("TOO_LARGE", `"${path}" has more than ${limits.fileBytes} bytes.`, {
      details: { path, rule: "file-too-large" },
    });
  }
  if (header.mode !== 0o644 && header.mode !== 0o755) {
    throw unsafeArchive(`"${path}" has the mode ${header.mode.toString(8)}.`, { path, rule: "mode" });
  }
  return { path: header.path, executable: header.mode === 0o755, bytes: body };
}

const foreignFile = ({ path, mode }: Header, bytes: Uint8Array): ReleaseFile => ({
  path,
  executable: (mode & 0o100) !== 0,
  bytes,
});

function requireChecksum(block: Uint8Array): void {
  // The checksum counts its own eight bytes as blanks.
  const sum = block.reduce((total, byte, index) => total + (index >= 148 && index < 156 ? 32 : byte), 0);
  if (readOctal(block, 148, 8) !== sum) throw unsafeArchive("A header of the archive is damaged.");
}

const utf8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

function decode(bytes: Uint8Array): string {
  try {
    return utf8.decode(bytes);
  } catch (cause) {
    if (!(cause instanceof TypeError)) throw cause;
    throw unsafeArchive("A name in the archive is not UTF-8.", { rule: "invalid-utf8" }, cause);
  }
}

/** A field of fixed length, up to its first NUL; `false` keeps NULs. */
function readText(block: Uint8Array, start: number, length: number, untilNul = true): string {
  const field = block.subarray(start, start + length);
  const end = untilNul ? field.indexOf(0) : -1;
  return decode(end < 0 ? field : field.subarray(0, end));
}

function readOctal(block: Uint8Array, start: number, length: number): number {
  const text = readText(block, start, length);
  if (!/^ *[0-7]+ *$/.test(text)) throw unsafeArchive("A number in the archive cannot be read.");
  return Number.parseInt(text, 8);
}

/** `<length> path=<path>\n`, the only record that is understood, and exactly once. */
function readPaxPath(body: Uint8Array, limits: Limits): string {
  if (body.length > limits.pathBytes + 32) throw unsafeArchive("An extended header is longer than any allowed path.");
  const match = /^([1-9][0-9]*) path=([^\n\0]*)\n$/.exec(decode(body));
  if (!match || Number(match[1]) !== body.length) throw unsafeArchive("An extended header holds more than a path.");
  return match[2]!;
}

const asciiOf = (bytes: Uint8Array): string => String.fromCharCode(...bytes);

const foreignPaxBytes = 64 * 1024;

/** The path among the records of an extended header; `undefined` when it holds others only. */
function readForeignPax(body: Uint8Array): string | undefined {
  if (body.length > foreignPaxBytes) throw unsafeArchive("An extended header of the archive is too long.");
  let path: string | undefined;
  for (let offset = 0; offset < body.length;) {
    const [, digits] = /^([1-9][0-9]{0,5}) /.exec(asciiOf(body.subarray(offset, offset + 7))) ?? [];
    const record = digits === undefined ? undefined : decode(body.subarray(offset, offset + Number(digits)));
    const [, key, value] = /^[0-9]+ ([^=\n\0]+)=([^\0]*)\n$/.exec(record ?? "") ?? [];
    if (key === undefined || value === undefined) throw unsafeArchive("An extended header of the archive is damaged.");
    // What would give the entry another size or make something else of it than a file.
    if (key === "size" || key === "linkpath" || key.startsWith("GNU."))
      throw unsafeArchive(`An extended header of the archive sets ${escapeText(key, 40)}.`);
    if (key === "path") path = value;
    offset += Number(digits);
  }
  return path;
}
