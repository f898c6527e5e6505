import { createHash } from "node:crypto";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { pathToFileURL } from "node:url";
import { constants, deflateRawSync, deflateSync } from "node:zlib";

import { testGit } from "./git-command.ts";

export type ObjectType = "blob" | "tree" | "commit" | "tag";

export interface RawEntry {
  /** As written into the tree: `100644`, `40000`, `120000`, `160000`, or nonsense. */
  readonly mode: string;
  readonly name: string | Uint8Array;
  readonly oid: string;
}

/** A bare repository whose objects are written byte by byte: git itself refuses to make most of them. */
export interface RawRepo {
  readonly dir: string;
  readonly url: string;
  object(type: ObjectType, body: Uint8Array | string): Promise<string>;
  blob(content: Uint8Array | string): Promise<string>;
  /** A blob of zero bytes of this size, made without ever holding it. */
  zeroBlob(size: number): Promise<string>;
  /** Entries are written as given: unsorted, twice, with any mode and name. */
  tree(entries: readonly RawEntry[]): Promise<string>;
  commit(tree: string, message?: string): Promise<string>;
  /** A tag object; `headers` replaces any of object, type, tag, tagger (`undefined` leaves the line out). */
  tagObject(
    object: string,
    options?: { type?: string; tag?: string; tagger?: string | undefined; message?: string | Uint8Array },
  ): Promise<string>;
  /** Writes the ref's file, whatever its name. */
  ref(name: string, oid: string): Promise<void>;
  /** blob → tree with `SKILL.md` → commit → this ref: the shortest good release. */
  release(ref: string, entries?: readonly RawEntry[]): Promise<string>;
  git(...args: string[]): Promise<string>;
  remove(): Promise<void>;
}

const author = "A <a@example.com> 1700000000 +0000";

/** @param dir where to make it (e.g. `<root>/evil.git` of a server); a temporary folder when absent */
export async function rawRepo(dir?: string): Promise<RawRepo> {
  const home = dir ?? (await mkdtemp(join(tmpdir(), "paks-test-raw-")));
  await mkdir(home, { recursive: true });
  await testGit(home, ["init", "-q", "--bare", "-b", "main"]);
  const object = (type: ObjectType, body: Uint8Array | string) => writeObject(home, type, Buffer.from(body));
  const blob = (content: Uint8Array | string) => object("blob", content);
  const tree = (entries: readonly RawEntry[]) => object("tree", formatTree(entries));
  const commit = (treeId: string, message = "Raw") =>
    object("commit", `tree ${treeId}\nauthor ${author}\ncommitter ${author}\n\n${message}\n`);
  const ref = async (name: string, oid: string) => {
    await mkdir(dirname(join(home, name)), { recursive: true });
    await writeFile(join(home, name), `${oid}\n`);
  };
  const release = async (name: string, entries?: readonly RawEntry[]) => {
    const manifest = { mode: "100644", name: "SKILL.md", oid: await blob("---\nname: raw\ndescription: Raw.\n---\n") };
    const oid = await commit(await tree([...(entries ?? []), manifest].toSorted(byName)));
    await ref(name, oid);
    return oid;
  };
  return {
    dir: home,
    url: pathToFileURL(home).href,
    object,
    blob,
    zeroBlob: (size) => writeZeroBlob(home, size),
    tree,
    commit,
    tagObject: (target, options = {}) => object("tag", formatTag(target, options)),
    ref,
    release,
    git: async (...args) => (await testGit(home, args)).replace(/\n$/, ""),
    remove: () => rm(home, { recursive: true, force: true, maxRetries: 5 }),
  };
}

/** git's order: by bytes, folders as if they ended in `/`. */
function byName(a: RawEntry, b: RawEntry): number {
  const key = (entry: RawEntry) =>
    Buffer.concat([Buffer.from(entry.name), Buffer.from(entry.mode === "40000" ? "/" : "")]);
  return Buffer.compare(key(a), key(b));
}

function formatTree(entries: readonly RawEntry[]): Buffer {
  return Buffer.concat(
    entries.flatMap(({ mode, name, oid }) => [
      Buffer.from(`${mode} `),
      Buffer.from(name),
      Buffer.of(0),
      Buffer.from(oid, "hex"),
    ]),
  );
}

type TagFields = { type?: string; tag?: string; tagger?: string | undefined; message?: string | Uint8Array };

function formatTag(object: string, fields: TagFields): Buffer {
  const tagger = "tagger" in fields ? fields.tagger : author;
  const lines = [`object ${object}`, `type ${fields.type ?? "commit"}`, `tag ${fields.tag ?? "v1.0.0"}`];
  if (tagger !== undefined) lines.push(`tagger ${tagger}`);
  return Buffer.concat([Buffer.from(`${lines.join("\n")}\n\n`), Buffer.from(fields.message ?? "A tag\n")]);
}

async function writeObject(dir: string, type: ObjectType, body: Buffer): Promise<string> {
  const bytes = Buffer.concat([Buffer.from(`${type} ${body.length}\0`), body]);
  const oid = createHash("sha1").update(bytes).digest("hex");
  await writeLoose(dir, oid, deflateSync(bytes, { level: 1 }));
  return oid;
}

async function writeLoose(dir: string, oid: string, deflated: Buffer): Promise<void> {
  const path = join(dir, "objects", oid.slice(0, 2), oid.slice(2));
  await mkdir(dirname(path), { recursive: true });
  await writeFile(path, deflated, { mode: 0o444, flag: "wx" }).catch((error: NodeJS.ErrnoException) => {
    if (error.code !== "EEXIST") throw error;
  });
}

/** A deflate stream may be glued from flushed blocks, so one compressed mebibyte is repeated instead of compressing all. */
async function writeZeroBlob(dir: string, size: number): Promise<string> {
  const mebibyte = Buffer.alloc(1024 * 1024);
  const hash = createHash("sha1");
  const header = Buffer.from(`blob ${size}\0`);
  hash.update(header);
  const fullFlush = { finishFlush: constants.Z_FULL_FLUSH };
  const block = deflateRawSync(mebibyte, fullFlush);
  const parts: Buffer[] = [Buffer.of(0x78, 0x9c), deflateRawSync(header, fullFlush)];
  let left = size;
  for (; left >= mebibyte.length; left -= mebibyte.length) {
    hash.update(mebibyte);
    parts.push(block);
  }
  const rest = mebibyte.subarray(0, left);
  hash.update(rest);
  parts.push(deflateRawSync(rest), adler32OfZeros(header, size));
  const oid = hash.digest("hex");
  await writeLoose(dir, oid, Buffer.concat(parts));
  return oid;
}

/** Zeros leave Adler's first sum alone and add it to the second once per byte. */
function adler32OfZeros(prefix: Buffer, zeros: number): Buffer {
  const modulus = 65521;
  let low = 1;
  let high = 0;
  for (const byte of prefix) {
    low = (low + byte) % modulus;
    high = (high + low) % modulus;
  }
  high = Number((BigInt(high) + BigInt(low) * BigInt(zeros)) % BigInt(modulus));
  const sum = Buffer.alloc(4);
  sum.writeUInt32BE(((high << 16) | low) >>> 0);
  return sum;
}
