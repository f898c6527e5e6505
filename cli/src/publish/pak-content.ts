import { lstat, open } from "node:fs/promises";
import { basename, join } from "node:path";
import { type CommittedEntry, type GitObject, objectMessage, readObjects } from "@paks/git/work-tree";
import {
  checkEntries,
  checkReleaseFiles,
  decodeText,
  defaultLimits,
  type Finding,
  findManifests,
  findSecrets,
  listReleaseTrailers,
  type Kind,
  manifestFileNames,
  PaksError,
  readManifest,
  type ReleaseFile,
  systemErrorCode,
} from "@paks/schema";
import { settle, type Settled } from "./problems.ts";
import type { RepositoryFacts } from "./repository-facts.ts";

/** The manifest's files as text, byte order mark included. */
export type ManifestTexts = ReadonlyMap<string, string>;

/** What HEAD holds of the pak, and the manifest as it lies in the work tree. */
export interface PakContent {
  readonly kind: Kind;
  readonly entries: readonly CommittedEntry[];
  /** Empty when there is too much to be read; the findings say so. */
  readonly files: readonly ReleaseFile[];
  readonly manifest: {
    readonly committed: ReadonlyMap<string, Uint8Array>;
    readonly workTree: ReadonlyMap<string, Buffer>;
  };
  /** Message of HEAD's commit; "" before the first one. */
  readonly headMessage: string;
  /** The manifest's version in the commit before HEAD's; read only when HEAD's is a version commit of ours. */
  readonly before: { readonly version: string | undefined } | undefined;
  readonly findings: readonly Finding[];
}

const limits = defaultLimits;

/**
 * One more process: all blobs and HEAD's commit in one batch. After a version commit a second one, for what was before.
 * @throws PaksError MANIFEST_MISSING
 */
export async function readContent(facts: RepositoryFacts): Promise<PakContent> {
  const wanted = await listWanted(facts);
  return await assembleContent(facts, wanted, await readWanted(facts, [facts], [wanted]));
}

/** Of several paks of one repository, in no more processes. */
export async function readContents(all: readonly RepositoryFacts[]): Promise<Settled<PakContent>[]> {
  const wanted = await Promise.all(all.map(async (facts) => await settle(listWanted(facts))));
  const [first] = all;
  if (!first) return [];
  const objects = await readWanted(
    first,
    all,
    wanted.flatMap(({ value }) => value ?? []),
  );
  return await Promise.all(
    all.map(async (facts, at): Promise<Settled<PakContent>> => {
      const { value, error } = wanted[at]!;
      return value ? await settle(assembleContent(facts, value, objects)) : { error: error! };
    }),
  );
}

interface Wanted {
  readonly kind: Kind;
  readonly blobs: readonly CommittedEntry[];
  readonly findings: readonly Finding[];
}

type Objects = ReadonlyMap<string, GitObject>;

async function listWanted(facts: RepositoryFacts): Promise<Wanted> {
  const { committed: entries } = facts;
  const kind = await requireKind(facts);
  const names = manifestFileNames(kind);
  const findings = [...checkEntries(entries, limits), ...checkSizes(entries)];
  const readable = findings.length === 0 ? entries : entries.filter(({ path }) => names.includes(path));
  const blobs = readable.filter(({ mode, size }) => mode.startsWith("100") && size <= limits.fileBytes);
  return { kind, blobs, findings };
}

/** With the manifests of the commit before, when HEAD's is a version commit. */
async function readWanted(
  first: RepositoryFacts,
  all: readonly RepositoryFacts[],
  wanted: readonly Wanted[],
): Promise<Objects> {
  const objects = await readNow(first, wanted);
  const head = objects.get("HEAD");
  if (!head || listReleaseTrailers(objectMessage(head)).length === 0) return objects;
  const names = all.flatMap((facts) => namesBefore(facts).map(({ object }) => object));
  const before = await readObjects(first.tree, names, (names.length + 1) * limits.fileBytes);
  return new Map([...objects, ...before]);
}

/** Names with white space would be told apart from git's answers by nobody. */
function namesBefore({ place }: RepositoryFacts): { readonly file: string; readonly object: string }[] {
  if (/\s/.test(place.path)) return [];
  const below = place.path === "" ? "" : `${place.path}/`;
  return manifestFileNames("skill").map((file) => ({ file, object: `HEAD~:${below}${file}` }));
}

function readBefore(facts: RepositoryFacts, objects: Objects): PakContent["before"] {
  const files = new Map<string, Uint8Array>();
  for (const { file, object } of namesBefore(facts)) {
    const found = objects.get(object);
    if (found?.type === "blob") files.set(file, found.bytes);
  }
  const { manifest } = readManifest(files, { profile: "lenient" });
  return manifest && { version: manifest.version };
}

async function readNow({ tree, status }: RepositoryFacts, wanted: readonly Wanted[]): Promise<Objects> {
  if (status.commit === undefined) return new Map();
  const blobs = wanted.flatMap((each) => each.blobs);
  const bytes = blobs.reduce((sum, { size }) => sum + size, 0);
  return await readObjects(tree, ["HEAD", ...new Set(blobs.map(({ oid }) => oid))], bytes + 4 * limits.fileBytes);
}

async function assembleContent(facts: RepositoryFacts, wanted: Wanted, objects: Objects): Promise<PakContent> {
  const { committed: entries, tree, status } = facts;
  const { kind, blobs, findings } = wanted;
  const names = manifestFileNames(kind);
  requireSameHead(objects, status.commit);
  const files = blobs.map(({ path, mode, oid }) => ({
    path,
    executable: mode === "100755",
    bytes: requireBlob(objects, oid),
  }));
  const committed = new Map(files.filter(({ path }) => names.includes(path)).map(({ path, bytes }) => [path, bytes]));
  const head = objects.get("HEAD");
  return {
    kind,
    entries,
    files: findings.length === 0 ? files : [],
    manifest: { committed, workTree: await readWorkTreeManifest(tree.dir, names) },
    before: readBefore(facts, objects),
    headMessage: head ? objectMessage(head) : "",
    findings: findings.length === 0 ? [...checkReleaseFiles(files, limits), ...findSecrets(files)] : findings,
  };
}

/** By what is committed, else by what lies there: a pak that was never committed is told so, not that it is missing. */
async function requireKind({ committed, tree }: RepositoryFacts): Promise<Kind> {
  const manifests = findManifests(committed.map(({ path }) => path));
  const found = manifests.find(({ directory }) => directory === "");
  if (found) return found.kind;
  if ((await readWorkTreeManifest(tree.dir, manifestFileNames("skill"))).has("SKILL.md")) return "skill";
  throw new PaksError("MANIFEST_MISSING", `There is no SKILL.md in ${tree.dir}.`, {
    hint: manifests[0] === undefined ? lonelyHint : hintOfSeveral(manifests[0].directory),
  });
}

const lonelyHint = "Go to the skill's folder or name it: paks publish path/to/skill. Make one with paks init.";

/** At the top of a repository whose paks lie below. */
const hintOfSeveral = (directory: string): string =>
  `Paks lie below it. Name them: paks publish ${basename(directory)}. All that have changed: paks publish --changed; all: --all.`;

/** Asked before any blob is read. */
function checkSizes(entries: readonly CommittedEntry[]): Finding[] {
  const findings: Finding[] = [];
  let total = 0;
  for (const { path, size } of entries) {
    total += size;
    if (size <= limits.fileBytes) continue;
    const message = `"${path}" has ${size} bytes; at most ${limits.fileBytes} are allowed.`;
    findings.push({ severity: "error", code: "TOO_LARGE", message, path, hint: "Shorten, split or remove it." });
  }
  if (total > limits.releaseBytes && findings.length === 0) {
    const message = `The files have ${total} bytes together; at most ${limits.releaseBytes} are allowed.`;
    findings.push({ severity: "error", code: "TOO_LARGE", message, hint: "Remove what the release does not need." });
  }
  return findings;
}

function requireSameHead(objects: ReadonlyMap<string, GitObject>, commit: string | undefined): void {
  const head = objects.get("HEAD");
  if (head?.oid === commit) return;
  throw new PaksError("WORKTREE_CHANGED", "HEAD moved while the pak was read.", {
    hint: "Run the same command again when nothing else works in this repository.",
  });
}

function requireBlob(objects: ReadonlyMap<string, GitObject>, oid: string): Buffer {
  const object = objects.get(oid);
  if (object?.type === "blob") return object.bytes;
  throw new PaksError("WORKTREE_CHANGED", `git has no object ${oid} although HEAD names it.`, {
    hint: "Look at the repository with git fsck.",
  });
}

async function readWorkTreeManifest(dir: string, names: readonly string[]): Promise<Map<string, Buffer>> {
  const files = new Map<string, Buffer>();
  for (const name of names) {
    const bytes = await readIfThere(join(dir, name));
    if (bytes) files.set(name, bytes);
  }
  return files;
}

/** Only a plain file, because a link may lead to a device that never ends, and no more of it than shows its size. */
async function readIfThere(path: string): Promise<Buffer | undefined> {
  try {
    const facts = await lstat(path);
    return facts.isFile() ? await readStart(path, Math.min(facts.size, limits.fileBytes + 1)) : undefined;
  } catch (error) {
    const code = systemErrorCode(error);
    if (code === "ENOENT") return undefined;
    throw error;
  }
}

async function readStart(path: string, bytes: number): Promise<Buffer> {
  const handle = await open(path, "r");
  try {
    const { buffer, bytesRead } = await handle.read(Buffer.alloc(bytes), 0, bytes, 0);
    return buffer.subarray(0, bytesRead);
  } finally {
    await handle.close();
  }
}

/** @throws PaksError INVALID_ENCODING */
export const decodeManifest = (files: ReadonlyMap<string, Uint8Array>): ManifestTexts =>
  new Map([...files].map(([path, bytes]) => [path, decodeText(bytes, path)]));
