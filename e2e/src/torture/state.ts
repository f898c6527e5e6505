import { lstat, readFile, readdir, stat } from "node:fs/promises";
import { join } from "node:path";
import {
  type Lock,
  describeFiles,
  emptyLock,
  formatLock,
  isPaksError,
  parseLock,
  readArchive,
  sha256Hex,
  systemErrorCode,
} from "@paks/schema";
import { parseWorkspace } from "@paks/schema/workspace";
import { type PakName, type Place, digestOf, edit, editedDigest, pakNames, versions } from "./lab.ts";

/** `edited`: the first version with the edit; `half`: nothing that there ever was, byte by byte. */
export type PakState = (typeof versions)[number] | "edited" | "absent" | "half";
export type States = Readonly<Record<PakName, PakState>>;

export interface ProjectState {
  readonly installed: States;
  /** What the tool finds at its own place, a link or a copy. */
  readonly linked: States;
  /** Whether that is a copy. */
  readonly copied: Readonly<Record<PakName, boolean>>;
  readonly locked: States;
  /** Whether `paks.jsonc` asks for it. */
  readonly asked: Readonly<Record<PakName, boolean>>;
  /** How often the edit is there: where it was made, or in a copy of what was replaced. */
  readonly edits: number;
  /** Nothing that is on its way somewhere. */
  readonly temporary: readonly string[];
}

const each = async <T>(work: (name: PakName) => T | Promise<T>): Promise<Record<PakName, Awaited<T>>> => {
  const all = await Promise.all(pakNames.map(async (name) => [name, await work(name)] as const));
  return Object.fromEntries(all) as Record<PakName, Awaited<T>>;
};

/** @throws for a lock or a `paks.jsonc` that is half */
export async function readState({ project }: Place): Promise<ProjectState> {
  const lock = await readLock(project);
  const sources = parseWorkspace((await textOf(join(project, "paks.jsonc"))) ?? '{"paks":[]}', "paks.jsonc");
  return {
    installed: await each((name) => folderState(name, join(project, ".agents", "skills", name))),
    linked: await each((name) => folderState(name, join(project, ".claude", "skills", name))),
    copied: await each(async (name) => {
      const facts = await unlessGone(lstat(join(project, ".claude", "skills", name)));
      return facts?.isSymbolicLink() === false;
    }),
    locked: await each((name) => stateOf(name, lock.paks[name]?.digest)),
    asked: await each((name) => sources.paks.includes(`acme/${name}`)),
    edits: await countEdits(join(project, ".agents")),
    temporary: (await namesBelow(project)).filter((path) => /\.new$|\.paks\/(?:work\/.|lock)|\.tmp/.test(path)),
  };
}

async function countEdits(agents: string): Promise<number> {
  const paths = (await namesBelow(agents)).filter((path) =>
    /^(?:skills\/pdf|\.paks\/backups\/[^/]+)\/SKILL\.md$/.test(path),
  );
  const texts = await Promise.all(paths.map((path) => readFile(join(agents, path), "utf8")));
  return texts.filter((text) => text.endsWith(edit)).length;
}

async function readLock(project: string): Promise<Lock> {
  const text = (await textOf(join(project, "paks.lock"))) ?? formatLock(emptyLock);
  return parseLock(text, "paks.lock");
}

function stateOf(name: PakName, digest: string | undefined): PakState {
  if (digest === undefined) return "absent";
  if (digest === editedDigest(name)) return "edited";
  return versions.find((version) => digestOf(name, version) === digest) ?? "half";
}

async function folderState(name: PakName, folder: string): Promise<PakState> {
  if ((await unlessGone(stat(folder))) === undefined) return "absent";
  const files = [];
  for (const path of await namesBelow(folder)) {
    const facts = await stat(join(folder, path));
    if (facts.isFile())
      files.push({ path, executable: (facts.mode & 0o100) !== 0, bytes: await readFile(join(folder, path)) });
  }
  const isExecutable = files.every(({ path, executable }) => executable === (path === "run.sh"));
  return files.length > 0 && isExecutable ? stateOf(name, describeFiles(files).digest) : "half";
}

export interface CacheState {
  /** Entries and answers that are not what they say. */
  readonly damaged: readonly string[];
  readonly drafts: readonly string[];
  readonly entries: number;
  readonly answers: number;
}

export async function readCache({ cache }: Place): Promise<CacheState> {
  const names = await namesBelow(cache);
  const entries = names.filter((path) => path.endsWith(".tar.gz"));
  const answers = names.filter((path) => /^answers\/[0-9a-f]{40}\/.*\.json$/.test(path));
  const damaged: string[] = [];
  for (const path of entries) if (!(await isWholeEntry(join(cache, path), path))) damaged.push(path);
  for (const path of answers) if (!(await isWholeAnswer(join(cache, path)))) damaged.push(path);
  const drafts = names.filter((path) => /(?:^|\/)tmp\/.|^code\/.*\.\d+$/.test(path));
  return { damaged, drafts, entries: entries.length, answers: answers.length };
}

async function isWholeEntry(path: string, name: string): Promise<boolean> {
  const hex = name.replaceAll(/^store\/h1\/|\.tar\.gz$|\//g, "");
  try {
    const { digest } = describeFiles(await readArchive(await readFile(path)));
    return digest === `h1:${Buffer.from(hex, "hex").toString("base64")}`;
  } catch (error) {
    if (isPaksError(error)) return false;
    throw error;
  }
}

async function isWholeAnswer(path: string): Promise<boolean> {
  const text = await readFile(path, "utf8");
  const end = text.indexOf("\n");
  const head = JSON.parse(text.slice(0, end)) as { sha256: string };
  return head.sha256 === sha256Hex(Buffer.from(text.slice(end + 1)));
}

const namesBelow = async (folder: string): Promise<string[]> =>
  ((await unlessGone(readdir(folder, { recursive: true }))) ?? []).map((path) => path.replaceAll("\\", "/"));

const textOf = (path: string): Promise<string | undefined> => unlessGone(readFile(path, "utf8"));

async function unlessGone<T>(work: Promise<T>): Promise<T | undefined> {
  try {
    return await work;
  } catch (error) {
    if (systemErrorCode(error) === "ENOENT") return undefined;
    throw error;
  }
}
