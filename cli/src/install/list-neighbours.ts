import { join } from "node:path";
import {
  type Lock,
  findManifests,
  formatPakId,
  isPaksError,
  manifestFileNames,
  originIdentity,
  systemErrorCode,
} from "@paks/schema";
import { dependenciesOf } from "../workspace/entry.ts";
import type { Ranges } from "../workspace/resolve.ts";
import type { Neighbour } from "../workspace/resolve-among.ts";
import { readFetchedManifest } from "./fetched-manifest.ts";
import { findRecord } from "./installed-state.ts";
import { listRecordedFolders } from "./list-installed.ts";
import { readOwnFile } from "./read-own-file.ts";
import type { InstallRecord } from "./record.ts";

/**
 * What is installed in a skills folder and not locked, with what its files say that it needs: no lock has that. What
 * cannot be read asks for nothing; it is told of by whoever is asked about it.
 */
export async function listNeighbours(skillsFolder: string, { paks }: Pick<Lock, "paks">): Promise<Neighbour[]> {
  const found: Neighbour[] = [];
  for (const record of await listUnnamed(skillsFolder, new Set(Object.keys(paks)))) {
    const requires = await readNeeds(skillsFolder, record);
    if (Object.keys(requires).length === 0) continue;
    found.push({ folder: record.folder, identity: originIdentity(record.origin), label: labelOf(record), requires });
  }
  return found;
}

/** Records of what is not among `named`, which is not read. One that cannot be read says nothing. */
export async function listUnnamed(skillsFolder: string, named: ReadonlySet<string>): Promise<readonly InstallRecord[]> {
  const records: InstallRecord[] = [];
  for (const folder of await listRecordedFolders(skillsFolder)) {
    if (named.has(folder)) continue;
    const record = await orNothing(() => findRecord(skillsFolder, folder));
    if (record !== undefined) records.push(record);
  }
  return records;
}

/** What the files of one installed pak say that it needs; nothing where they cannot be read. */
export const readNeeds = async (skillsFolder: string, record: InstallRecord): Promise<Ranges> =>
  (await orNothing(() => readRequires(join(skillsFolder, record.folder), record))) ?? {};

async function readRequires(folder: string, { files: listed, name }: InstallRecord): Promise<Ranges> {
  const paths = listed.map(({ path }) => path);
  const place = findManifests(paths).find(({ directory }) => directory === "");
  if (place === undefined) return {};
  const beside = manifestFileNames(place.kind).slice(1);
  const texts: [path: string, text: string][] = [];
  for (const path of paths.filter((one) => one === place.path || beside.includes(one))) {
    const text = await readOwnFile(join(folder, path));
    if (text !== undefined) texts.push([path, text]);
  }
  // Most paks need none, and reading a manifest takes far longer than looking at its text.
  if (!texts.some(([, text]) => text.includes("dependencies"))) return {};
  const files = texts.map(([path, text]) => ({ path, executable: false, bytes: Buffer.from(text) }));
  return dependenciesOf(readFetchedManifest(files, name).manifest.dependencies);
}

const labelOf = ({ origin, folder, version }: InstallRecord): string =>
  `${origin.type === "registry" ? formatPakId(origin) : folder}${version === null ? "" : `@${version}`}`;

/** What is broken is told by `list` and `verify`, and keeps nobody from installing. */
async function orNothing<T>(read: () => Promise<T>): Promise<T | undefined> {
  try {
    return await read();
  } catch (error) {
    if (isPaksError(error) || systemErrorCode(error) !== undefined) return undefined;
    throw error;
  }
}
