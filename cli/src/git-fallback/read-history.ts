import fs from "node:fs";
import { PaksError } from "@paks/schema";
import * as git from "isomorphic-git";
import type { ChildEntry, FetchAnswer, Question } from "./protocol.ts";

const maxNesting = 5;
const tagObjectBytes = 64 * 1024;
const maxDepth = 128;

/** From a fetched object to its commit and everything that the commit's tree lists. */
export async function readHistory(gitdir: string, oid: string, limits: Question["limits"]): Promise<FetchAnswer> {
  const read = openObjects(gitdir);
  let tag: Buffer | null = null;
  let at = oid;
  let object = await read(at);
  for (let depth = 0; object.type === "tag"; depth++) {
    if (depth >= maxNesting) throw notACommit(`The tag leads to a commit over more than ${maxNesting} other tags.`);
    if (object.bytes.length > tagObjectBytes)
      throw new PaksError("TOO_LARGE", `The tag's message has more than ${tagObjectBytes} bytes.`);
    tag ??= object.bytes;
    at = /^object ([0-9a-f]{40})\n/.exec(object.bytes.toString("latin1", 0, 64))?.[1] ?? "";
    object = await read(at);
  }
  if (object.type !== "commit") throw notACommit("The tag does not lead to a commit.");
  const tree = /^tree ([0-9a-f]{40})\n/.exec(object.bytes.toString("latin1", 0, 64))?.[1] ?? "";
  const entries = await listTree(read, tree, limits.treeEntries);
  return { object: oid, commit: at, tag: tag === null ? null : tag.toString("base64"), tree, entries };
}

const notACommit = (message: string): PaksError => new PaksError("TAG_NOT_A_COMMIT", message);

interface RawObject {
  readonly type: string;
  readonly bytes: Buffer;
}

type ReadObject = (oid: string) => Promise<RawObject>;

function openObjects(gitdir: string): ReadObject {
  const cache = {};
  return async (oid) => {
    const { type, object } = await git.readObject({ fs, gitdir, oid, format: "content", cache });
    return { type, bytes: Buffer.from(object as Uint8Array) };
  };
}

/** Trees are taken apart here, byte by byte: the library sorts them, mends their modes and spoils names. */
async function listTree(read: ReadObject, root: string, limit: number): Promise<ChildEntry[]> {
  const entries: ChildEntry[] = [];
  const open = [{ oid: root, path: "", depth: 0 }];
  for (let tree = open.pop(); tree !== undefined; tree = open.pop()) {
    const { type, bytes } = await read(tree.oid);
    if (type !== "tree") throw new PaksError("UNSAFE_MODE", `What is listed as a folder is a ${type}.`);
    if (tree.depth > maxDepth) throw tooComplex(`folders more than ${maxDepth} deep`);
    for (const { mode, name, oid } of parseTree(bytes)) {
      const path = tree.path === "" ? name : `${tree.path}/${name}`;
      entries.push([mode.padStart(6, "0"), oid, path]);
      if (mode === "40000" || mode === "040000") open.push({ oid, path, depth: tree.depth + 1 });
      if (entries.length > limit || path.length > 16 * 1024) throw tooComplex(`more than ${limit} entries`);
    }
  }
  return entries;
}

function* parseTree(bytes: Buffer): Generator<{ mode: string; name: string; oid: string }, void> {
  for (let offset = 0; offset < bytes.length;) {
    const blank = bytes.indexOf(" ", offset);
    const end = bytes.indexOf(0, blank);
    if (blank < 0 || end < 0 || end + 21 > bytes.length) throw tooComplex("a folder that cannot be read");
    const mode = bytes.toString("latin1", offset, blank);
    if (!/^[0-7]{5,6}$/.test(mode)) throw tooComplex("an entry that cannot be read");
    const name = decodeName(bytes.subarray(blank + 1, end));
    if (name === "" || name.includes("/"))
      throw new PaksError("UNSAFE_PATH", "The repository has an entry without a plain name.");
    yield { mode, name, oid: bytes.toString("hex", end + 1, end + 21) };
    offset = end + 21;
  }
}

/** Bytes that are no UTF-8 become halves of surrogate pairs: they stay different names, and the check of paths refuses them. */
function decodeName(bytes: Buffer): string {
  const text = bytes.toString("utf8");
  if (Buffer.from(text, "utf8").equals(bytes)) return text;
  return Array.from(bytes, (byte) => String.fromCharCode(byte < 0x80 ? byte : 0xdc00 + byte)).join("");
}

const tooComplex = (what: string): PaksError => new PaksError("REPOSITORY_TOO_COMPLEX", `The repository has ${what}.`);
