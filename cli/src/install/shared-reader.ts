import { type GitPoint, type ListedRefs, type Snapshot, pointText } from "@paks/git";
import { type TreeEntry, defaultLimits, errorCodes, isPaksError } from "@paks/schema";
import { eachAtOnce } from "./each-at-once.ts";
import type { GitReader } from "./git-reader.ts";

/** One state of a repository that several may be reading. Closing it is saying that one does not any more. */
export interface SharedSnapshot extends Snapshot {
  /**
   * Folders of all paks that will be read at this state: their files are asked for together with the first ones.
   * @param list asked of whoever begins first
   */
  expect(list: () => Promise<readonly string[]>): Promise<void>;
}

/** A repository that is listed once, and of which each state is fetched once. */
export interface SharedReader extends Omit<GitReader, "fetch"> {
  fetch(point: GitPoint): Promise<SharedSnapshot>;
  /** When what reads has ended: removes the scratch folders. */
  close(): Promise<void>;
}

/** States that nobody reads at the moment; of a repository with a tag for each pak there may be hundreds. */
const mostIdle = 8;
const listedAtOnce = 4;

interface Shared {
  readonly opened: Promise<Snapshot>;
  /** Those that are reading, and all there ever were. */
  readers: number;
  uses: number;
  /** The folders that were expected when the first one began. */
  paths?: Promise<readonly string[]>;
  listing?: Promise<void>;
  blobs?: Promise<void>;
  /** The files of all of them, as far as they are no more than what one pak may have. */
  bytes?: ReadonlyMap<string, Buffer>;
}

export function shareReader(reader: GitReader): SharedReader {
  const points = new Map<string, Shared>();
  const alone = new Set<Promise<Snapshot>>();
  const { track, settle } = openTracker();
  let refs: Promise<ListedRefs> | undefined;
  const begin = (key: string, point: GitPoint): Shared => {
    const shared: Shared = { opened: track(reader.fetch(point)), readers: 0, uses: 0 };
    points.set(key, shared);
    return shared;
  };
  const again = (point: GitPoint): Promise<Snapshot> => {
    const opened = track(reader.fetch(point));
    alone.add(opened);
    return opened;
  };
  const release = async (shared: Shared): Promise<void> => {
    shared.readers -= 1;
    const idle = [...points].filter(([, one]) => one.readers === 0);
    for (const [key, one] of idle.slice(0, Math.max(0, idle.length - mostIdle))) {
      points.delete(key);
      await (await one.opened).close();
    }
  };
  return {
    repository: reader.repository,
    listRefs: async () => {
      refs ??= track(reader.listRefs());
      try {
        return await refs;
      } catch (error) {
        refs = undefined;
        throw error;
      }
    },
    fetch: async (point) => {
      const key = pointText(point);
      const shared = points.get(key) ?? begin(key, point);
      shared.readers += 1;
      shared.uses += 1;
      try {
        const snapshot = await shared.opened;
        return share(snapshot, shared, { track, again: () => again(point), release: () => release(shared) });
      } catch (error) {
        if (points.get(key) === shared) points.delete(key);
        throw error;
      }
    },
    close: async () => {
      await settle();
      const all = [...alone, ...[...points.values()].map(({ opened }) => opened)];
      const closed = await Promise.allSettled(all.map((opened) => closeOpened(opened)));
      for (const one of closed) if (one.status === "rejected") throw one.reason;
    },
  };
}

/** Folders are removed when nobody writes into them any more. */
function openTracker(): Pick<Sharing, "track"> & { readonly settle: () => Promise<void> } {
  const underWay = new Set<Promise<unknown>>();
  return {
    track: async (work) => {
      underWay.add(work);
      try {
        return await work;
      } finally {
        underWay.delete(work);
      }
    },
    settle: async () => {
      while (underWay.size > 0) await Promise.allSettled(underWay);
    },
  };
}

/** What was never opened has removed its folder itself. */
async function closeOpened(opened: Promise<Snapshot>): Promise<void> {
  const snapshot = await opened.catch(() => undefined);
  await snapshot?.close();
}

interface Sharing {
  readonly track: <T>(work: Promise<T>) => Promise<T>;
  /** The same state once more, in a scratch folder of its own. */
  readonly again: () => Promise<Snapshot>;
  readonly release: () => Promise<void>;
}

function share(snapshot: Snapshot, shared: Shared, { track, again, release }: Sharing): SharedSnapshot {
  let own: Snapshot | undefined;
  let isClosed = false;
  const read = async <T>(work: (from: Snapshot) => Promise<T>): Promise<T> => {
    try {
      return await work(own ?? snapshot);
    } catch (error) {
      if (own !== undefined || shared.uses === 1 || !isFull(error)) throw error;
      own = await again();
      if (own.object !== snapshot.object) throw error;
      return await work(own);
    }
  };
  return {
    ...snapshot,
    expect: async (folders) => void (await (shared.paths ??= folders())),
    listTree: (path) => track(list(snapshot, shared).then(() => snapshot.listTree(path))),
    fetchBlobs: (oids) => track(read((from) => from.fetchBlobs(oids))),
    readBlobs: (oids) =>
      track(
        fetchExpected(snapshot, shared).then(
          () => listRead(shared, oids) ?? read(async (from) => await from.readBlobs(oids)),
        ),
      ),
    close: async () => {
      if (isClosed) return;
      isClosed = true;
      await own?.close();
      await release();
    },
  };
}

/** What a repository may send is counted for its scratch folder, and others have filled this one. */
const isFull = (error: unknown): boolean =>
  isPaksError(error, "TOO_LARGE") && error.details?.["oid"] === undefined && error.details?.["rule"] === undefined;

/** Of several folders the whole repository is listed, once; one that is too large for that is read folder by folder. */
async function list(snapshot: Snapshot, shared: Shared): Promise<void> {
  if (((await shared.paths) ?? []).length > 1) await (shared.listing ??= unlessItFails(snapshot.listTree("")));
}

async function fetchExpected(snapshot: Snapshot, shared: Shared): Promise<void> {
  const paths = (await shared.paths) ?? [];
  if (paths.length < 2) return;
  try {
    await (shared.blobs ??= unlessItFails(fetchFiles(snapshot, shared, paths)));
  } catch (error) {
    delete shared.blobs;
    throw error;
  }
}

async function fetchFiles(snapshot: Snapshot, shared: Shared, paths: readonly string[]): Promise<void> {
  const trees = await eachAtOnce(paths, listedAtOnce, (path) => snapshot.listTree(path));
  // What is refused when it is read is not asked for.
  const files = trees.flatMap((tree) => (tree && tree.entries.length <= defaultLimits.files ? tree.entries : []));
  const oids = [...new Set(files.filter(isFile).map(({ oid }) => oid))];
  await snapshot.fetchBlobs(oids);
  shared.bytes = await snapshot.readBlobs(oids);
}

/** What was read with the others passed the same checks, and all of it together the one for the size of a release. */
function listRead({ bytes }: Shared, oids: readonly string[]): Map<string, Buffer> | undefined {
  const found = new Map(oids.flatMap((oid) => (bytes?.has(oid) === true ? [[oid, bytes.get(oid)!]] : [])));
  return oids.every((oid) => found.has(oid)) ? found : undefined;
}

const isFile = ({ mode }: TreeEntry): boolean => mode === "100644" || mode === "100755";

/**
 * Done for all beforehand; what goes wrong is told to whom it concerns, when he reads. A host that does not answer is not
 * asked by each of them again.
 */
async function unlessItFails(work: Promise<unknown>): Promise<void> {
  try {
    await work;
  } catch (error) {
    if (!isPaksError(error) || error.code === "CANCELLED" || errorCodes[error.code].exit === 8) throw error;
  }
}
