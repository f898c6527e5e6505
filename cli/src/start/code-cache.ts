import {
  closeSync,
  fstatSync,
  openSync,
  readFileSync,
  readdirSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { basename, dirname, join } from "node:path";
import type { Script } from "node:vm";
import { cacheFolder } from "./cache-folder.ts";
import { makeOwnFolder } from "./make-folder-plainly.ts";

export interface CodeCacheOptions {
  /** First word of the command line that is no flag. */
  readonly command: string | undefined;
  /** Names the bundle; V8 itself compares no more than the source's length. */
  readonly build: string;
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly home: () => string;
}

export interface CodeCache {
  /** What V8 made of a chunk the last time. */
  find(name: string): Buffer | undefined;
  /** A chunk that was compiled in this run. */
  add(name: string, script: Script): void;
  /** Keeps what was compiled, functions included that were compiled while running. Never fails. */
  save(): void;
}

const none: CodeCache = { find: () => undefined, add: () => {}, save: () => {} };

/** The newest of these many builds keep their code. */
const keptBuilds = 3;

/**
 * Compiled code in the user's cache folder, one file per command. It is as trustworthy as that folder: what can write
 * there can write `~/.profile` too; a file or folder that others may write is not read.
 */
export function openCodeCache({ command, build, environment, home }: CodeCacheOptions): CodeCache {
  // Node's own variable for its own cache of the same kind.
  if (command === undefined || environment["NODE_DISABLE_COMPILE_CACHE"]) return none;
  if (!/^[a-z][a-z-]{0,20}$/.test(command)) return none;
  const file = join(codeFolder(environment, home), `${build}-${process.version}-${process.arch}`, command);
  const known = readParts(file);
  const fresh = new Map<string, Script>();
  return {
    find: (name) => known.get(name),
    add: (name, script) => fresh.set(name, script),
    save: () => {
      if (fresh.size === 0) return;
      const parts = new Map(known);
      for (const [name, script] of fresh) parts.set(name, script.createCachedData());
      try {
        writeParts(file, parts);
      } catch {
        // A full disk, a read-only home: the next start takes as long as this one did.
      }
    },
  };
}

function codeFolder(environment: CodeCacheOptions["environment"], home: () => string): string {
  const variable = (name: string) => environment[name] || undefined;
  return join(cacheFolder({ platform: process.platform, variable, home }), "code");
}

/** The file: the length of an index, the index, and behind it the parts at multiples of eight, as V8 reads them. */
type Index = readonly (readonly [name: string, offset: number, length: number])[];

function readParts(file: string): ReadonlyMap<string, Buffer> {
  try {
    const bytes = readOwn(file);
    if (bytes === undefined) return new Map();
    const start = 4 + bytes.readUInt32LE(0);
    const index = JSON.parse(bytes.toString("utf8", 4, start)) as Index;
    return new Map(index.map(([name, offset, length]) => [name, bytes.subarray(offset, offset + length)]));
  } catch {
    // Whatever is wrong with the file, the program runs as well without it and writes it anew.
    return new Map();
  }
}

/** `undefined` for a file that others may write, or that somebody else wrote. */
function readOwn(file: string): Buffer | undefined {
  const handle = openSync(file, "r");
  try {
    const { uid, mode } = fstatSync(handle);
    const mine = process.getuid === undefined || (uid === process.getuid() && (mode & 0o022) === 0);
    return mine ? readFileSync(handle) : undefined;
  } finally {
    closeSync(handle);
  }
}

function writeParts(file: string, parts: ReadonlyMap<string, Buffer>): void {
  const temporary = `${file}.${process.pid}`;
  makeOwnFolder(dirname(file));
  removeDrafts(file);
  try {
    writeFileSync(temporary, Buffer.concat(layOut(parts)), { flag: "wx", mode: 0o600, flush: true });
    renameSync(temporary, file);
  } finally {
    rmSync(temporary, { force: true });
  }
  removeOldBuilds(dirname(dirname(file)));
}

/** What killed processes left on the way to this file. */
function removeDrafts(file: string): void {
  for (const name of readdirSync(dirname(file))) {
    const [, pid] = /^[a-z-]+\.(\d{1,10})$/.exec(name) ?? [];
    if (pid !== undefined && name.startsWith(`${basename(file)}.`) && !runs(Number(pid)))
      rmSync(join(dirname(file), name), { force: true });
  }
}

function runs(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code !== "ESRCH";
  }
}

function layOut(parts: ReadonlyMap<string, Buffer>): Buffer[] {
  const align = (length: number) => Math.ceil(length / 8) * 8;
  const indexOf = (start: number): string => {
    let offset = start;
    const index = [...parts].map(([name, bytes]) => {
      const row = [name, offset, bytes.length];
      offset += align(bytes.length);
      return row;
    });
    return JSON.stringify(index);
  };
  // Room for the offsets' digits, so that the index may be written before its own length is known.
  const start = align(4 + indexOf(0).length + parts.size * 10);
  const head = Buffer.alloc(start, " ");
  head.writeUInt32LE(start - 4, 0);
  head.write(indexOf(start), 4);
  return [head, ...[...parts.values()].map((bytes) => Buffer.concat([bytes], align(bytes.length)))];
}

function removeOldBuilds(folder: string): void {
  const builds = readdirSync(folder).map((name) => ({ name, time: statSync(join(folder, name)).mtimeMs }));
  for (const { name } of builds.toSorted((a, b) => b.time - a.time).slice(keptBuilds))
    rmSync(join(folder, name), { recursive: true, force: true });
}
