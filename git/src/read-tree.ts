import { type Limits, PaksError, requirePath, type TreeEntry } from "@paks/schema";

import { type CagedRepository, runLocal } from "./cage.ts";
import { readObjectFacts, readObjects } from "./objects.ts";

/** Deeper trees crash git's own recursion at some depth; nobody's skills lie there. */
const maxDepth = 128;
/** Generous for names: the longest path of a release has 180 bytes. */
const entryBytes = 400;

interface ListedEntry extends TreeEntry {
  readonly type: string;
}

export interface ListedTree {
  readonly tree: string;
  readonly entries: TreeEntry[];
}

export type TreeReader = (path: string) => Promise<ListedTree | undefined>;

/**
 * Lists folders of one commit: everything below a folder that is not a folder itself, with paths relative to it.
 * Names are as they are in the tree: unchecked. The path of the folder is "" for the root; `undefined` is a folder
 * that is not there. A listing is kept, and one of the root answers for all folders, so that the hundreds of paks of a
 * monorepo cost one listing.
 * @throws PaksError (each listing) UNSAFE_PATH for the folder's path, REPOSITORY_TOO_COMPLEX
 */
export function openTreeReader(caged: CagedRepository, commit: string): TreeReader {
  const read = new Map<string, Promise<WholeTree | undefined>>();
  const readOnce = (path: string): Promise<WholeTree | undefined> => {
    const whole = read.get(path) ?? readWholeTree(caged, commit, path);
    read.set(path, whole);
    // Another folder may be small enough, and a git that was stopped says nothing about the tree.
    void whole.catch(() => read.delete(path));
    return whole;
  };
  return async (path) => {
    requireFolderPath(path, caged.cage.limits);
    const root = path === "" ? undefined : await read.get("")?.catch(() => undefined);
    const whole = root === undefined ? await readOnce(path) : findFolder(root, path);
    return whole && { tree: whole.tree, entries: withoutFolders(whole.entries) };
  };
}

/** Folders of a pak may lie deeper than the files in it may; how deep is git's business. */
function requireFolderPath(path: string, limits: Limits): void {
  if (path !== "") requirePath(path, { ...limits, pathBytes: 1024, pathComponentBytes: 255, pathDepth: 64 });
}

/** A listing with its folders. */
interface WholeTree {
  readonly tree: string;
  readonly entries: readonly ListedEntry[];
}

async function readWholeTree(caged: CagedRepository, commit: string, path: string): Promise<WholeTree | undefined> {
  const [root] = await readObjectFacts(caged, [path === "" ? `${commit}^{tree}` : `${commit}:${path}`]);
  if (root?.type !== "tree") return undefined;
  const listed = await listEntries(caged, root.oid);
  const folders = listed.filter(({ type }) => type === "tree");
  const odd = await readOddModes(caged, new Set([root.oid, ...folders.map(({ oid }) => oid)]));
  return { tree: root.oid, entries: odd.size === 0 ? listed : restoreModes(listed, { root: root.oid, odd }) };
}

function findFolder(root: WholeTree, path: string): WholeTree | undefined {
  if (path === "") return root;
  const folder = root.entries.find((entry) => entry.path === path && entry.type === "tree");
  if (!folder) return undefined;
  const entries = root.entries
    .filter((entry) => entry.path.startsWith(`${path}/`))
    .map(({ path: whole, mode, type, oid }) => ({ path: whole.slice(path.length + 1), mode, type, oid }));
  return { tree: folder.oid, entries };
}

/** A folder of an odd mode stays in the list, so that it is refused. */
const withoutFolders = (entries: readonly ListedEntry[]): TreeEntry[] =>
  entries
    .filter(({ type, mode }) => type !== "tree" || mode !== "040000")
    .map(({ path, mode, oid }) => ({ path, mode, oid }));

/** Listed while git prints, so that a tree of ten billion files costs no more than one of the largest allowed size. */
async function listEntries(caged: CagedRepository, tree: string): Promise<ListedEntry[]> {
  const { treeEntries } = caged.cage.limits;
  const entries: ListedEntry[] = [];
  let rest = Buffer.alloc(0);
  const take = (chunk: Buffer): void => {
    let start = 0;
    const bytes = Buffer.concat([rest, chunk]);
    for (let end = bytes.indexOf(0); end >= 0; end = bytes.indexOf(0, start)) {
      entries.push(parseEntry(bytes.subarray(start, end)));
      start = end + 1;
      if (entries.length > treeEntries) throw tooComplex(`more than ${treeEntries} entries`);
    }
    rest = Buffer.from(bytes.subarray(start));
  };
  await runLocal(caged, ["ls-tree", "-r", "-t", "-z", "--full-tree", "--end-of-options", tree], {
    stdoutBytes: treeEntries * entryBytes + 4096,
    onStdout: take,
    onOverflow: () => tooComplex("names that are too long"),
  });
  return entries;
}

function parseEntry(line: Buffer): ListedEntry {
  const tab = line.indexOf("\t");
  const [, mode, type, oid] = /^(\d{6}) (blob|tree|commit) ([0-9a-f]{40})$/.exec(line.toString("latin1", 0, tab)) ?? [];
  if (mode === undefined) throw tooComplex("an entry that cannot be read");
  const path = decodeName(line.subarray(tab + 1));
  if (path.split("/", maxDepth + 1).length > maxDepth) throw tooComplex(`folders more than ${maxDepth} deep`);
  return { path, mode, type: type!, oid: oid! };
}

const tooComplex = (what: string): PaksError =>
  new PaksError("REPOSITORY_TOO_COMPLEX", `The repository has ${what}.`, {
    hint: "Publish from a smaller repository.",
  });

/**
 * Bytes that are no UTF-8 become halves of surrogate pairs, one for each: they stay different names, and the check
 * of paths refuses them.
 */
function decodeName(bytes: Buffer): string {
  const text = bytes.toString("utf8");
  if (Buffer.from(text, "utf8").equals(bytes)) return text;
  return Array.from(bytes, (byte) => String.fromCharCode(byte < 0x80 ? byte : 0xdc00 + byte)).join("");
}

/** By tree and name (`<tree>/<name>`), the modes that `ls-tree` does not show as they are. */
type OddModes = ReadonlyMap<string, string>;

/** 100664 is what git itself wrote long ago, and reads as 100644. */
const plainModes = new Set(["100644", "100664", "100755", "40000", "120000", "160000"]);

/** `ls-tree` prints a setuid file as an ordinary one, so the trees are read once more, byte by byte. */
async function readOddModes(caged: CagedRepository, trees: ReadonlySet<string>): Promise<OddModes> {
  const bodies = await readObjects(caged, [...trees], caged.cage.limits.treeEntries * entryBytes);
  const odd = new Map<string, string>();
  for (const [tree, body] of bodies) {
    for (const { mode, name } of parseTree(body)) {
      if (!plainModes.has(mode)) odd.set(`${tree}/${name}`, mode.padStart(6, "0"));
    }
  }
  return odd;
}

function* parseTree(body: Buffer): Generator<{ mode: string; name: string }, void> {
  for (let offset = 0; offset < body.length;) {
    const blank = body.indexOf(" ", offset);
    const end = body.indexOf(0, blank);
    if (blank < 0 || end < 0) throw tooComplex("a folder that cannot be read");
    yield { mode: body.toString("latin1", offset, blank), name: decodeName(body.subarray(blank + 1, end)) };
    offset = end + 1 + 20;
  }
}

function restoreModes(listed: readonly ListedEntry[], modes: { root: string; odd: OddModes }): ListedEntry[] {
  const trees = new Map(listed.filter(({ type }) => type === "tree").map(({ path, oid }) => [path, oid]));
  return listed.map((entry) => {
    const cut = entry.path.lastIndexOf("/");
    const parent = cut < 0 ? modes.root : trees.get(entry.path.slice(0, cut));
    const mode = modes.odd.get(`${parent}/${entry.path.slice(cut + 1)}`);
    return mode === undefined ? entry : { path: entry.path, mode, type: entry.type, oid: entry.oid };
  });
}
