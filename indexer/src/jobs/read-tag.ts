import { listBindings } from "@paks/db";
import { fetchTag, type TagSnapshot } from "@paks/git";
import { findManifests, kindTable, type ManifestReading, parseTagTrailers } from "@paks/schema";
import { choosePaks, type ChosenPak, type Peek } from "../choose-paks.ts";
import { readPakManifest, type TagContext } from "./prepare-release.ts";
import type { ReconcileRun } from "./reconcile-run.ts";
import type { TagWork } from "./tag-work.ts";

/** A tag that was fetched, while its objects are on disk. */
export interface OpenTag {
  readonly context: TagContext;
  /** What it releases, if nothing stands in the way. */
  readonly paks: readonly ChosenPak[];
}

/** Fetches the tag, decides which paks it releases, and hands both to `use`. */
export async function withTag(work: TagWork, use: (tag: OpenTag) => Promise<void>): Promise<void> {
  const { run, attempt } = work;
  await work.stage("fetch");
  const snapshot = await fetchTag(run.deps.cage, run.repository, attempt.tag, { signal: run.held.signal });
  work.object = snapshot.object;
  run.deps.fault?.("fetched");
  try {
    await use(await openTag(work, snapshot));
  } finally {
    run.deps.fault?.("before-cleanup");
    await closeSnapshot(run, snapshot);
  }
}

async function openTag(work: TagWork, snapshot: TagSnapshot): Promise<OpenTag> {
  const { run, attempt } = work;
  await work.stage("read");
  const trailers = snapshot.annotation && parseTagTrailers(snapshot.annotation.message);
  const bindings = await listBindings(run.deps.db, run.repository.key);
  const question = { tag: snapshot.tag, trailers, bindings, evidence: attempt.evidence };
  const paks = await choosePaks(question, peekAt(snapshot));
  return { context: { ...work, snapshot, trailers, bindings }, paks };
}

/** Only the manifests, all in one fetch. */
const peekAt =
  (snapshot: TagSnapshot): Peek =>
  async (paths) => {
    const found = new Map<string, Map<string, string>>();
    for (const path of paths) {
      const listed = await snapshot.listTree(path);
      const top = (listed?.entries ?? []).filter((entry) => !entry.path.includes("/") && entry.mode.startsWith("100"));
      const isPak = findManifests(top.map((entry) => entry.path)).length > 0;
      if (isPak) found.set(path, new Map(top.filter(isManifestFile).map((entry) => [entry.path, entry.oid])));
    }
    const blobs = await snapshot.readBlobs([...found.values()].flatMap((files) => [...files.values()]));
    const readings = new Map<string, ManifestReading>();
    for (const [path, files] of found) {
      readings.set(path, readPakManifest(new Map(Array.from(files, ([name, oid]) => [name, blobs.get(oid)!])), path));
    }
    return readings;
  };

const isManifestFile = ({ path }: { path: string }): boolean =>
  kindTable.some(({ manifestFiles }) => manifestFiles.includes(path));

/** The release is recorded or refused by now; what stays on disk is swept at the next start. */
async function closeSnapshot(run: ReconcileRun, snapshot: TagSnapshot): Promise<void> {
  try {
    await snapshot.close();
  } catch (error) {
    run.deps.log({ event: "scratch-not-removed", error: String(error) });
  }
}
